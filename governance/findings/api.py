"""Findings for programs, read only."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.findings.models import Finding, FindingKind, Severity
from governance.findings.queries import by_weight, visible_findings
from portal.accounts.actors import actor_of
from portal.api import KnownParameters


class FindingSerializer(serializers.ModelSerializer):
    """One finding."""

    model = serializers.CharField(source="model.name", read_only=True)
    model_id = serializers.IntegerField(read_only=True)
    version = serializers.CharField(source="version.version", default=None, read_only=True)
    owner = serializers.CharField(source="owner.username", default=None, read_only=True)

    class Meta:
        model = Finding
        fields = [
            "id", "model", "model_id", "version", "kind", "severity", "text", "facts", "owner",
            "due_on", "opened_at", "closed_at", "closed_by_name", "resolution",
        ]  # fmt: skip
        read_only_fields = fields


PARAMETERS = [
    OpenApiParameter("state", description="open (the default) or closed.", enum=["open", "closed"]),
    OpenApiParameter("kind", description="What kind.", enum=FindingKind.values),
    OpenApiParameter("severity", description="How grave.", enum=Severity.values),
]


class Findings(KnownParameters, generics.ListAPIView):
    """Findings, the gravest first."""

    action_name = "finding.view"
    serializer_class = FindingSerializer
    filter_backends = ()
    parameters = tuple(parameter.name for parameter in PARAMETERS)
    queryset = Finding.objects.none()

    @extend_schema(operation_id="findings_list", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """List findings."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[Finding]:
        """What the parameters ask for; ValidationError for a value that is not known."""
        params = self.request.query_params
        for parameter in PARAMETERS:
            value = params.get(parameter.name)
            if value is not None and value not in parameter.enum:
                raise ValidationError({parameter.name: [f"Give one of {parameter.enum}."]})
        rows = visible_findings(actor_of(self.request._request))
        rows = rows.filter(closed_at__isnull=params.get("state", "open") == "open")
        for name in ("kind", "severity"):
            if name in params:
                rows = rows.filter(**{name: params[name]})
        return by_weight(rows.select_related("model", "version", "owner"))


class OneFinding(KnownParameters, APIView):
    """One finding."""

    action_name = "finding.view"

    @extend_schema(operation_id="findings_retrieve", responses=FindingSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Read a finding."""
        rows = visible_findings(actor_of(request._request))
        found = get_object_or_404(rows.select_related("model", "version", "owner"), pk=pk)
        return Response(FindingSerializer(found).data)
