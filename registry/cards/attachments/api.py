"""A card's files for programs: the same checks and rights as in the browser."""

from typing import IO, Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import generics, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer, check_value
from registry.cards.api import version_of
from registry.cards.attachments.models import CardAttachment
from registry.cards.attachments.queries import visible_attachments
from registry.cards.attachments.services import Upload, attachment_add, attachment_withdraw
from registry.cards.attachments.views import as_download


class UploadParser(MultiPartParser):
    """A form with a file, without text that the database cannot keep."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        """The form's values and files; ParseError for a NUL character."""
        found = super().parse(stream, media_type, parser_context)
        check_value(found.data.dict())
        check_value([file.name or "" for file in found.files.values()])
        return found


class AttachmentSerializer(serializers.ModelSerializer):
    """One file of a card; the content is at `content/`."""

    field = serializers.CharField(source="field_key")
    uploaded_by = serializers.CharField(source="uploaded_by_name")
    withdrawn_by = serializers.CharField(source="withdrawn_by_name")
    replaced_by = serializers.IntegerField(source="replaced_by.number", default=None)
    validity = serializers.CharField()

    class Meta:
        model = CardAttachment
        fields = [
            "number", "field", "name", "kind", "size", "sha256", "effective_on", "expires_on",
            "validity", "uploaded_by", "uploaded_at", "replaced_by", "withdrawn_at",
            "withdrawn_by", "withdrawn_reason",
        ]  # fmt: skip
        read_only_fields = fields


class UploadSerializer(StrictSerializer):
    """A file to attach to a field, or to the whole card without one."""

    file = serializers.FileField(allow_empty_file=True)
    field = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)
    effective_on = serializers.DateField(required=False, allow_null=True, default=None)
    expires_on = serializers.DateField(required=False, allow_null=True, default=None)
    replaces = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=999_999_999
    )


class ReasonSerializer(StrictSerializer):
    """Why a file no longer counts."""

    reason = serializers.CharField(max_length=300)


class Attachments(KnownParameters, generics.ListAPIView):
    """The files of one card, withdrawn ones included."""

    action_name = {"GET": "card.view", "POST": "card.edit"}
    serializer_class = AttachmentSerializer
    filter_backends = ()
    parser_classes = (UploadParser,)
    queryset = CardAttachment.objects.none()

    @extend_schema(operation_id="card_attachments_list")
    def get(self, request: Request, pk: int, version: str) -> Response:
        """List the files in the order in which they were attached."""
        return self.list(request)

    @extend_schema(
        operation_id="card_attachments_create",
        request={"multipart/form-data": UploadSerializer},
        responses={201: AttachmentSerializer},
    )
    def post(self, request: Request, pk: int, version: str) -> Response:
        """Attach a PDF, PNG, CSV or HTML file of at most 25 MB."""
        found = version_of(request, pk, version)
        require(actor_of(request._request), "card.edit", found)
        body = UploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        file = sent["file"]
        made = attachment_add(
            actor=actor_of(request._request),
            version_id=found.pk,
            field_key=sent["field"],
            upload=Upload(file.file, file.name, file.size),
            effective_on=sent["effective_on"],
            expires_on=sent["expires_on"],
            replaces=sent["replaces"],
        )
        return Response(AttachmentSerializer(made).data, status=201)

    def get_queryset(self) -> QuerySet[CardAttachment]:
        """The card's own files; 404 when the version itself is not there."""
        found = version_of(self.request, self.kwargs["pk"], self.kwargs["version"])
        files = visible_attachments(actor_of(self.request._request))
        return files.filter(version=found).select_related("replaced_by").order_by("number")


class Attachment(KnownParameters, APIView):
    """One file of a card."""

    action_name = "card.view"

    @extend_schema(operation_id="card_attachments_retrieve", responses=AttachmentSerializer)
    def get(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Read what is known about a file."""
        return Response(AttachmentSerializer(_file(request, pk, version, number)).data)


class AttachmentContent(KnownParameters, APIView):
    """The content of one file."""

    action_name = "card.view"

    @extend_schema(
        operation_id="card_attachments_content",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int, version: str, number: int) -> FileResponse:
        """Download the file."""
        return as_download(_file(request, pk, version, number))


class Withdrawal(KnownParameters, APIView):
    """Withdraw a file."""

    action_name = "card.edit"

    @extend_schema(
        operation_id="card_attachments_withdraw",
        request=ReasonSerializer,
        responses=AttachmentSerializer,
    )
    def post(self, request: Request, pk: int, version: str, number: int) -> Response:
        """Say that a file no longer counts, and why; it stays on record."""
        file = _file(request, pk, version, number)
        body = ReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = attachment_withdraw(
            actor=actor_of(request._request),
            version_id=file.version_id,
            number=number,
            reason=body.validated_data["reason"],
        )
        return Response(AttachmentSerializer(found).data)


def _file(request: Request, pk: int, version: str, number: int) -> CardAttachment:
    found = version_of(request, pk, version)
    files = visible_attachments(actor_of(request._request)).select_related("replaced_by")
    return get_object_or_404(files, version=found, number=number)
