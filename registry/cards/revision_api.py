"""What may be done with a card's revisions by program: compare, bring back, take home."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer, etag_of, require_match
from registry.cards.api import IF_MATCH, RevisionDetailSerializer, version_of
from registry.cards.history import differences
from registry.cards.models import CardRevision
from registry.cards.queries import visible_revisions
from registry.cards.revision_views import annex_iv_file, pdf_file
from registry.cards.revisions import card_restore
from registry.cards.view import card_of
from registry.inventory.models import ModelVersion


class DifferenceSerializer(serializers.Serializer):
    """One field that two revisions answer differently, in words."""

    key = serializers.CharField(source="field.key")
    label = serializers.CharField(source="field.label")
    section = serializers.CharField(source="section.key")
    material = serializers.BooleanField(source="field.material")
    before = serializers.CharField()
    after = serializers.CharField()
    by = serializers.CharField()


class RestoreSerializer(StrictSerializer):
    """Why a revision is brought back."""

    note = serializers.CharField(max_length=300)


class Differences(KnownParameters, APIView):
    """What changed between two revisions of a card."""

    action_name = "card.view"

    @extend_schema(operation_id="card_revisions_compare", responses=DifferenceSerializer(many=True))
    def get(self, request: Request, pk: int, version: str, old: int, number: int) -> Response:
        """List the fields that differ; 0 as the older one is the card before its first revision."""
        found = version_of(request, pk, version)
        before = _revision(request, found, old) if old else None
        rows = differences(found, before, _revision(request, found, number))
        return Response(DifferenceSerializer(rows, many=True).data)


class Restore(KnownParameters, APIView):
    """Bring a revision back."""

    action_name = "card.edit"

    @extend_schema(
        operation_id="card_revisions_restore",
        parameters=[IF_MATCH],
        request=RestoreSerializer,
        responses={201: RevisionDetailSerializer},
    )
    def post(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Make a new revision that says what this one said."""
        actor = actor_of(request._request)
        found = version_of(request, pk, version)
        require(actor, "card.edit", found)
        base = card_of(found).number
        require_match(request, etag_of(base))
        _revision(request, found, number)
        body = RestoreSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = card_restore(
            actor=actor,
            version_id=found.pk,
            revision=number,
            base_revision=base,
            note=body.validated_data["note"],
        )
        data = RevisionDetailSerializer(made).data
        return Response(data, status=201, headers={"ETag": etag_of(made.number)})


class RevisionPdf(KnownParameters, APIView):
    """A revision as a PDF; 0 is a card that nobody has written on."""

    action_name = "card.view"

    @extend_schema(
        operation_id="card_revisions_pdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, pk: int, version: str, number: int) -> HttpResponse:
        """Download the PDF."""
        found = version_of(request, pk, version)
        if number:
            _revision(request, found, number)
        return pdf_file(card_of(found, number=number))


class RevisionAnnexIv(KnownParameters, APIView):
    """A revision in the order of the EU AI Act's Annex IV; 0 is a card nobody has written on."""

    action_name = "card.view"

    @extend_schema(
        operation_id="card_revisions_annex_iv", responses={(200, "text/html"): OpenApiTypes.STR}
    )
    def get(self, request: Request, pk: int, version: str, number: int) -> HttpResponse:
        """Download the outline."""
        found = version_of(request, pk, version)
        if number:
            _revision(request, found, number)
        return annex_iv_file(card_of(found, number=number))


def _revision(request: Request, version: ModelVersion, number: int) -> CardRevision:
    revisions = visible_revisions(actor_of(request._request))
    return get_object_or_404(revisions, version=version, number=number)
