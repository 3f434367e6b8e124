"""One field of a card for programs, with its own ETag: other fields may change meanwhile."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, etag_of, require_match
from portal.errors import Invalid
from registry.cards.api import (
    IF_MATCH,
    AnswerSerializer,
    CardFieldSerializer,
    answer_given,
    conflict_answer,
    version_of,
)
from registry.cards.entries import said_digest
from registry.cards.services import CardConflict, card_save
from registry.cards.view import CardView, card_of


class CardField(KnownParameters, APIView):
    """One field of the card of one version."""

    action_name = {"GET": "card.view", "PATCH": "card.edit"}

    @extend_schema(operation_id="card_field_retrieve", responses=CardFieldSerializer)
    def get(self, request: Request, pk: int, version: str, key: str) -> Response:
        """Read one field; the ETag names what people said in it, whatever else changes."""
        return _answer(card_of(version_of(request, pk, version)), key)

    @extend_schema(
        operation_id="card_field_update",
        parameters=[IF_MATCH],
        request=AnswerSerializer,
        responses=CardFieldSerializer,
    )
    def patch(self, request: Request, pk: int, version: str, key: str) -> Response:
        """Answer one field. 428 without If-Match, 412 if this field says something else by now."""
        found = version_of(request, pk, version)
        actor = actor_of(request._request)
        require(actor, "card.edit", found)
        card = card_of(found)
        require_match(request, field_etag(card, key))
        body = AnswerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changes = {key: answer_given(body.validated_data)}
        try:
            card_save(actor=actor, version_id=found.pk, base_revision=card.number, changes=changes)
        except Invalid as error:
            raise Invalid(error.message, fields={"value": error.fields[key]}) from None
        except CardConflict as conflict:
            return conflict_answer(request, conflict)
        return _answer(card_of(version_of(request, pk, version)), key)


def field_etag(card: CardView, key: str) -> str:
    """The entity tag of one field: a digest of what people said in it; 404 for an unknown field."""
    if key not in card.schema.by_key:
        raise Http404
    return etag_of(said_digest(card.entries.get(key)))


def _answer(card: CardView, key: str) -> Response:
    tag = field_etag(card, key)
    shown = next((field for field in card.fields if field.field.key == key), None)
    if shown is None:
        raise Http404
    return Response(CardFieldSerializer(shown).data, headers={"ETag": tag})
