"""The model card for programs: read with provenance, written field by field with If-Match."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import problems
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer, etag_of, require_match
from portal.errors import Invalid
from registry.cards.answers import Answer, State
from registry.cards.models import CardRevision
from registry.cards.queries import visible_revisions
from registry.cards.services import CardConflict, Changes, Clash, card_save
from registry.cards.view import CardView, card_of
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the card that was read.",
)


class PulledSerializer(serializers.Serializer):
    """What the source says."""

    value = serializers.JSONField()
    origin = serializers.CharField()


class CardFieldSerializer(serializers.Serializer):
    """One field with its answer and where it comes from."""

    key = serializers.CharField(source="field.key")
    label = serializers.CharField(source="field.label")
    section = serializers.CharField(source="field.section")
    type = serializers.CharField(source="field.type")
    state = serializers.CharField(source="standing")
    value = serializers.JSONField(allow_null=True)
    reason = serializers.CharField()
    origin = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    pulled = PulledSerializer(allow_null=True)
    source_changed = serializers.BooleanField()
    required = serializers.BooleanField()
    material = serializers.BooleanField(source="field.material")
    editable = serializers.BooleanField(source="field.editable")


class GapSerializer(serializers.Serializer):
    """One required answer that is missing, and why it is required."""

    key = serializers.CharField(source="field.key")
    label = serializers.CharField(source="field.label")
    section = serializers.CharField(source="field.section")
    why = serializers.CharField()
    said_unknown = serializers.BooleanField()


class CardSerializer(serializers.Serializer):
    """A version's card."""

    model = serializers.CharField(source="version.model.name")
    model_id = serializers.IntegerField(source="version.model_id")
    version = serializers.CharField(source="version.version")
    schema_version = serializers.CharField(source="schema.version")
    revision = serializers.IntegerField(source="number")
    digest = serializers.CharField(source="revision.digest", default="")
    taken_over_from = serializers.CharField()
    tier = serializers.CharField()
    required = serializers.IntegerField()
    answered = serializers.IntegerField()
    gaps = GapSerializer(many=True)
    fields = CardFieldSerializer(many=True)


class AnswerSerializer(StrictSerializer):
    """What a person says about one field."""

    state = serializers.ChoiceField([state.value for state in State], default=State.WRITTEN.value)
    value = serializers.JSONField(required=False, allow_null=True)
    reason = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=1000
    )


class CardChangeSerializer(StrictSerializer):
    """Answers by field; null takes a person's answer back, so that the source's stands again."""

    fields = serializers.DictField(child=AnswerSerializer(allow_null=True), allow_empty=False)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)


class RevisionSerializer(serializers.ModelSerializer):
    """One saved state of a card."""

    revision = serializers.IntegerField(source="number")
    author = serializers.CharField(source="author_name")

    class Meta:
        model = CardRevision
        fields = ["revision", "schema_version", "digest", "author", "note", "created_at"]
        read_only_fields = fields


class RevisionDetailSerializer(RevisionSerializer):
    """One saved state of a card with what people had written; the digest covers it."""

    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "version_id", "values"]
        read_only_fields = fields


class Card(KnownParameters, APIView):
    """The card of one version."""

    action_name = {"GET": "card.view", "PATCH": "card.edit"}

    @extend_schema(operation_id="card_retrieve", responses=CardSerializer)
    def get(self, request: Request, pk: int, version: str) -> Response:
        """Read the card; the ETag names its revision, 0 when nobody has written on it."""
        return _answer(card_of(version_of(request, pk, version)))

    @extend_schema(
        operation_id="card_update",
        parameters=[IF_MATCH],
        request=CardChangeSerializer,
        responses=CardSerializer,
    )
    def patch(self, request: Request, pk: int, version: str) -> Response:
        """Answer some fields. 428 without If-Match, 412 if the card has a newer revision."""
        found = version_of(request, pk, version)
        require(actor_of(request._request), "card.edit", found)
        number = card_of(found).number
        require_match(request, etag_of(number))
        body = CardChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            card_save(
                actor=actor_of(request._request),
                version_id=found.pk,
                base_revision=number,
                changes=_changes(body.validated_data["fields"]),
                note=body.validated_data["note"],
            )
        except Invalid as error:
            faults = {_place(name): texts for name, texts in error.fields.items()}
            raise Invalid(error.message, fields=faults) from None
        except CardConflict as conflict:
            return conflict_answer(request, conflict)
        return _answer(card_of(version_of(request, pk, version)))


class Revisions(KnownParameters, generics.ListAPIView):
    """Every revision of one card, newest first."""

    action_name = "card.view"
    serializer_class = RevisionSerializer
    filter_backends = ()
    queryset = CardRevision.objects.none()

    @extend_schema(operation_id="card_revisions_list")
    def get(self, request: Request, pk: int, version: str) -> Response:
        """List the revisions."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[CardRevision]:
        """The revisions; 404 when the version itself is not there."""
        found = version_of(self.request, self.kwargs["pk"], self.kwargs["version"])
        revisions = visible_revisions(actor_of(self.request._request))
        return revisions.filter(version=found).defer("values").order_by("-number")


class Revision(KnownParameters, APIView):
    """One revision of one card."""

    action_name = "card.view"

    @extend_schema(operation_id="card_revisions_retrieve", responses=RevisionDetailSerializer)
    def get(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Read a revision as it was saved."""
        found = version_of(request, pk, version)
        revisions = visible_revisions(actor_of(request._request))
        revision = get_object_or_404(revisions, version=found, number=number)
        return Response(RevisionDetailSerializer(revision).data)


def version_of(request: Request, pk: int, version: str) -> ModelVersion:
    """The version that an address names, with what its card needs; 404 if it cannot be seen."""
    # A write answers with the card, so a token needs the scope to read it as well.
    require(actor_of(request._request), "card.view")
    related = ("model__owner", "model__team__business_unit")
    versions = visible_versions(actor_of(request._request)).select_related(*related)
    return get_object_or_404(versions, model_id=pk, version=version)


def _answer(card: CardView) -> Response:
    return Response(CardSerializer(card).data, headers={"ETag": etag_of(card.number)})


def _changes(fields: dict[str, Any]) -> Changes:
    return {key: answer_given(answer) if answer else None for key, answer in fields.items()}


def answer_given(answer: dict[str, Any]) -> Answer:
    """One answer as a program sends it."""
    return Answer(State(answer["state"]), answer.get("value"), answer.get("reason", ""))


def _place(name: str) -> str:
    return name if name == "note" else f"fields.{name}"


def conflict_answer(request: Request, conflict: CardConflict) -> Response:
    """The problem document of a conflict, with what each of the two says."""
    body = problems.document_of(request._request, conflict)
    body["revision"] = conflict.revision.number
    body["conflicts"] = {clash.field.key: _sides(clash) for clash in conflict.clashes}
    return Response(body, status=conflict.status, content_type=problems.MEDIA_TYPE)


def _sides(clash: Clash) -> dict[str, Any]:
    return {"before": clash.before, "theirs": clash.theirs, "mine": clash.mine}
