"""Comments on a card for programs."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer
from registry.cards.api import version_of
from registry.cards.comments.anchor import anchor_of
from registry.cards.comments.models import CardComment
from registry.cards.comments.queries import visible_comments
from registry.cards.comments.services import (
    LONGEST,
    comment_add,
    comment_edit,
    comment_reopen,
    comment_reply,
    comment_resolve,
)
from registry.cards.view import CardView, card_of


class CommentSerializer(serializers.ModelSerializer):
    """A remark or a reply; `about` is what its field said then."""

    field = serializers.CharField(source="field_key")
    reply_to = serializers.IntegerField(source="parent.number", default=None)
    author = serializers.CharField(source="author_name")
    about = serializers.CharField(source="about_text")
    about_earlier = serializers.SerializerMethodField()
    resolved_by = serializers.CharField(source="resolved_by_name")

    class Meta:
        model = CardComment
        fields = [
            "number", "field", "reply_to", "text", "about", "about_earlier", "author",
            "created_at", "edited_at", "resolved_at", "resolved_by",
        ]  # fmt: skip
        read_only_fields = fields

    def get_about_earlier(self, comment: CardComment) -> bool:
        """Whether the field says something else now than when this was written."""
        card: CardView = self.context["card"]
        if not comment.about_digest:
            return False
        return anchor_of(card, comment.field_key).digest != comment.about_digest


class TextSerializer(StrictSerializer):
    """What somebody says, in Markdown."""

    text = serializers.CharField(max_length=LONGEST, trim_whitespace=False)


class RemarkSerializer(TextSerializer):
    """A remark on a field, or on the whole card without one."""

    field = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)


class NothingSerializer(StrictSerializer):
    """An empty body: the address says it all."""


class Comments(KnownParameters, generics.ListAPIView):
    """The comments on one card."""

    action_name = {"GET": "card.view", "POST": "card.comment"}
    serializer_class = CommentSerializer
    filter_backends = ()
    queryset = CardComment.objects.none()

    @extend_schema(operation_id="card_comments_list")
    def get(self, request: Request, pk: int, version: str) -> Response:
        """List remarks and replies, oldest first."""
        return self.list(request)

    @extend_schema(
        operation_id="card_comments_create",
        request=RemarkSerializer,
        responses={201: CommentSerializer},
    )
    def post(self, request: Request, pk: int, version: str) -> Response:
        """Say something about a field."""
        found = version_of(request, pk, version)
        actor = actor_of(request._request)
        require(actor, "card.comment", found)
        body = RemarkSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        made = comment_add(
            actor=actor, version_id=found.pk, field_key=sent["field"], text=sent["text"]
        )
        return _answer(request, made, pk, version, status=201)

    def get_queryset(self) -> QuerySet[CardComment]:
        """The comments; 404 when the version itself is not there."""
        found = version_of(self.request, self.kwargs["pk"], self.kwargs["version"])
        comments = visible_comments(actor_of(self.request._request))
        return comments.filter(version=found).select_related("parent").order_by("number")

    def get_serializer_context(self) -> dict[str, Any]:
        """With the card, which says whether a field has changed since."""
        context = super().get_serializer_context()
        if "pk" in self.kwargs:  # not while the schema is made
            found = version_of(self.request, self.kwargs["pk"], self.kwargs["version"])
            context["card"] = card_of(found)
        return context


class Comment(KnownParameters, APIView):
    """One comment."""

    action_name = {"GET": "card.view", "PATCH": "card.comment"}

    @extend_schema(operation_id="card_comments_retrieve", responses=CommentSerializer)
    def get(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Read a comment."""
        return _answer(request, _comment(request, pk, version, number), pk, version)

    @extend_schema(
        operation_id="card_comments_update", request=TextSerializer, responses=CommentSerializer
    )
    def patch(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Correct one's own words within 15 minutes."""
        found = _comment(request, pk, version, number)
        changed = comment_edit(
            actor=actor_of(request._request),
            version_id=found.version_id,
            number=number,
            text=_text(request),
        )
        return _answer(request, changed, pk, version)


class Replies(KnownParameters, APIView):
    """Reply to a comment."""

    action_name = "card.comment"

    @extend_schema(
        operation_id="card_comments_reply",
        request=TextSerializer,
        responses={201: CommentSerializer},
    )
    def post(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Add a reply to a comment's thread."""
        found = _comment(request, pk, version, number)
        made = comment_reply(
            actor=actor_of(request._request),
            version_id=found.version_id,
            number=number,
            text=_text(request),
        )
        return _answer(request, made, pk, version, status=201)


class Resolution(KnownParameters, APIView):
    """Settle a comment, or reopen it."""

    action_name = "card.comment"
    resolved = True

    @extend_schema(request=None, responses=CommentSerializer)
    def post(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Say that a comment is settled, or that it is not after all."""
        found = _comment(request, pk, version, number)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        settle = comment_resolve if self.resolved else comment_reopen
        actor = actor_of(request._request)
        settled = settle(actor=actor, version_id=found.version_id, number=number)
        return _answer(request, settled, pk, version)


def _text(request: Request) -> str:
    body = TextSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return str(body.validated_data["text"])


def _comment(request: Request, pk: int, version: str, number: int) -> CardComment:
    found = version_of(request, pk, version)
    comments = visible_comments(actor_of(request._request)).select_related("parent")
    return get_object_or_404(comments, version=found, number=number)


def _answer(
    request: Request, comment: CardComment, pk: int, version: str, *, status: int = 200
) -> Response:
    context = {"card": card_of(version_of(request, pk, version))}
    return Response(CommentSerializer(comment, context=context).data, status=status)
