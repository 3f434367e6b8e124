"""Cards in other formats for programs: take one home, check a document, import it."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import problems
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer, etag_of, require_match
from portal.errors import Conflict
from registry.cards.api import IF_MATCH, GapSerializer, version_of
from registry.cards.attachments.api import UploadParser
from registry.cards.exchange.files import card_file
from registry.cards.exchange.formats import FORMATS, Format, format_of
from registry.cards.exchange.imports import Plan, plan_of
from registry.cards.exchange.services import card_import
from registry.cards.view import card_of
from registry.cards.views import revision_number

ANY = "any"


class ImportChangeSerializer(serializers.Serializer):
    """One field that the document answers differently; `conflict` if the card changed, too."""

    key = serializers.CharField(source="field.key")
    label = serializers.CharField(source="field.label")
    place = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    effect = serializers.CharField()
    conflict = serializers.BooleanField()


class ImportFaultSerializer(serializers.Serializer):
    """One answer that its field does not take."""

    key = serializers.CharField(source="field.key")
    label = serializers.CharField(source="field.label")
    place = serializers.CharField()
    detail = serializers.CharField()


class ImportLeftSerializer(serializers.Serializer):
    """Something in the document that the card has no place for."""

    place = serializers.CharField()
    text = serializers.CharField()
    why = serializers.CharField()


class ImportPlanSerializer(serializers.Serializer):
    """What an import does to a card; `kept` are fields that others changed after the export."""

    format = serializers.CharField()
    revision = serializers.IntegerField(source="plan.card.number")
    changes = ImportChangeSerializer(many=True, source="plan.changes")
    faults = ImportFaultSerializer(many=True, source="plan.faults")
    unplaced = ImportLeftSerializer(many=True, source="plan.unplaced")
    kept = serializers.ListField(child=serializers.CharField())
    same = serializers.IntegerField(source="plan.same")
    warnings = serializers.ListField(child=serializers.CharField(), source="plan.warnings")
    gaps = GapSerializer(many=True, source="plan.gaps")
    saved_revision = serializers.IntegerField(allow_null=True)


class CardDocumentSerializer(StrictSerializer):
    """A document to look at."""

    document = serializers.FileField(allow_empty_file=True)


class CardImportSerializer(CardDocumentSerializer):
    """A document to import, and what to do where both it and the card have changed."""

    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)
    conflicts = serializers.ChoiceField(["refuse", "document", "card"], default="refuse")


class CardExport(KnownParameters, APIView):
    """A card in one of the formats that other tools read."""

    action_name = "card.view"
    parameters = ("revision",)

    @extend_schema(
        operation_id="card_export",
        parameters=[OpenApiParameter("revision", OpenApiTypes.INT, description="An old one.")],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int, version: str, standard: str) -> HttpResponse:
        """Download the card; `standard` is yaml, json, hf, mct or cyclonedx."""
        form = _format(standard)
        found = version_of(request, pk, version)
        card = card_of(found, number=revision_number(request._request, "revision", found))
        response = card_file(card, form)
        response["ETag"] = etag_of(card.number)
        return response


class CardCheck(KnownParameters, APIView):
    """What importing a document would do; nothing is changed."""

    action_name = "card.view"
    parser_classes = (UploadParser,)

    @extend_schema(
        operation_id="card_check",
        request={"multipart/form-data": CardDocumentSerializer},
        responses=ImportPlanSerializer,
    )
    def post(self, request: Request, pk: int, version: str, standard: str) -> Response:
        """Check a document by the rules of the card's form; `standard` may be `any`."""
        found = version_of(request, pk, version)
        document = _sent(request, CardDocumentSerializer)["document"].read()
        form = _form(standard, document)
        return _answer(form, plan_of(card_of(found), form.read(document)))


class CardImport(KnownParameters, APIView):
    """A document put onto a card."""

    action_name = "card.edit"
    parser_classes = (UploadParser,)

    @extend_schema(
        operation_id="card_import",
        parameters=[IF_MATCH],
        request={"multipart/form-data": CardImportSerializer},
        responses=ImportPlanSerializer,
    )
    def post(self, request: Request, pk: int, version: str, standard: str) -> Response:
        """Import a document as one revision; 409 names what both it and the card have changed."""
        actor = actor_of(request._request)
        found = version_of(request, pk, version)
        require(actor, "card.edit", found)
        card = card_of(found)
        require_match(request, etag_of(card.number))
        sent = _sent(request, CardImportSerializer)
        document = sent["document"].read()
        form = _form(standard, document)
        plan = plan_of(card, form.read(document))
        if plan.conflicts and sent["conflicts"] == "refuse" and not plan.faults:
            return _refused(request, form, plan)
        take_all = sent["conflicts"] == "document"
        done = card_import(
            actor=actor,
            version_id=found.pk,
            document=document,
            form=form,
            seen=plan.digest,
            fields=[c.field.key for c in plan.changes if take_all or not c.conflict],
            note=sent["note"],
        )
        saved = done.saved.revision.number if done.saved.revision else 0
        return _answer(form, done.plan, saved=saved)


def _format(standard: str) -> Format:
    if standard not in FORMATS:
        raise NotFound(f"There is no format {standard[:40]!r}; known are {', '.join(FORMATS)}.")
    return FORMATS[standard]


def _form(standard: str, document: bytes) -> Format:
    return format_of(document) if standard == ANY else _format(standard)


def _sent(request: Request, kind: type[StrictSerializer]) -> dict[str, Any]:
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _report(form: Format, plan: Plan, saved: int | None) -> dict[str, Any]:
    kept = [field.key for field in plan.kept]
    facts = {"format": form.key, "plan": plan, "kept": kept, "saved_revision": saved}
    return dict(ImportPlanSerializer(facts).data)


def _answer(form: Format, plan: Plan, *, saved: int | None = None) -> Response:
    number = plan.card.number if saved is None else saved
    return Response(_report(form, plan, saved), headers={"ETag": etag_of(number)})


def _refused(request: Request, form: Format, plan: Plan) -> Response:
    """The problem document of an import that somebody has to decide on, with both texts."""
    labels = ", ".join(change.field.label for change in plan.conflicts)
    conflict = Conflict(
        f"The card has changed since the document was written, in the same fields: {labels}. "
        "Nothing was imported. Say whether the document or the card counts there.",
        code="card-conflict",
    )
    body = {**problems.document_of(request._request, conflict), **_report(form, plan, None)}
    return Response(body, status=conflict.status, content_type=problems.MEDIA_TYPE)
