"""What served when, for programs; under which answer and approval a deployment was recorded."""

from datetime import datetime

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.promotion.models import DeploymentApproval
from governance.promotion.queries import AsOf, champion_as_of, visible_approvals
from portal.accounts.actors import actor_of
from portal.api import KnownParameters
from registry.inventory.queries import visible_models


class ServingSerializer(serializers.Serializer):
    """One deployment that served then."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.CharField(source="version.version")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class AsOfSerializer(serializers.Serializer):
    """Which version was the champion at a moment; empty when the ledger has none then."""

    at = serializers.DateTimeField()
    version = serializers.CharField(source="number")
    since = serializers.DateTimeField(source="move.at", default=None)
    by = serializers.CharField(source="move.by_name", default="")
    request = serializers.IntegerField(source="move.request_id", default=None)
    outside_signet = serializers.SerializerMethodField()
    without_approval = serializers.BooleanField(source="move.is_bypass", default=False)
    deployments = ServingSerializer(many=True)

    def get_outside_signet(self, found: AsOf) -> bool:
        """Whether nobody told Signet who moved it."""
        return bool(found.move and found.move.by_id is None and found.move.request_id is None)


class DeploymentApprovalSerializer(serializers.ModelSerializer):
    """Under which gate answer and approval a deployment was recorded."""

    class Meta:
        model = DeploymentApproval
        fields = [
            "deployment_id", "decision_id", "request_id", "mode", "commit", "pipeline_url",
            "by_name", "rolled_back_from_id", "reason", "at",
        ]  # fmt: skip
        read_only_fields = fields


class Champion(KnownParameters, APIView):
    """The champion of a model, now or at another moment."""

    action_name = "registry.view"
    parameters = ("at",)

    @extend_schema(
        operation_id="champion_retrieve",
        parameters=[
            OpenApiParameter(
                "at", OpenApiTypes.DATETIME, description="A moment with its zone; now without it."
            )
        ],
        responses=AsOfSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Say which version it was, by whom and under which request."""
        model = get_object_or_404(visible_models(actor_of(request._request)), pk=pk)
        return Response(AsOfSerializer(champion_as_of(model, _moment(request))).data)


class ApprovalOfDeployment(KnownParameters, APIView):
    """Under what a deployment was recorded."""

    action_name = "registry.view"

    @extend_schema(
        operation_id="deployment_approval_retrieve", responses=DeploymentApprovalSerializer
    )
    def get(self, request: Request, pk: int) -> Response:
        """Read it; 404 for a deployment recorded without the gate."""
        rows = visible_approvals(actor_of(request._request))
        return Response(DeploymentApprovalSerializer(get_object_or_404(rows, deployment=pk)).data)


def _moment(request: Request) -> datetime:
    text = request.query_params.get("at", "")
    if not text:
        return timezone.now()
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or timezone.is_naive(found):
        raise ValidationError({"at": ["Give a moment with its zone, such as 2026-11-24T09:00Z."]})
    return found
