"""The deployment record for programs, read only."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actors import actor_of
from portal.api import KnownParameters
from registry.deployments.models import Deployment, Environment
from registry.deployments.queries import visible_deployments


class DeploymentSerializer(serializers.ModelSerializer):
    """What serves where, from when to when; without a version it is a shadow model."""

    model = serializers.CharField(source="version.model.name", default=None, read_only=True)
    model_id = serializers.IntegerField(source="version.model_id", default=None, read_only=True)
    version = serializers.CharField(source="version.version", default=None, read_only=True)
    team = serializers.CharField(source="team.slug", default=None, read_only=True)

    class Meta:
        model = Deployment
        fields = [
            "id", "environment", "name", "served_ref", "model", "model_id", "version", "purpose",
            "team", "started_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


PARAMETERS = [
    OpenApiParameter("environment", description="Where.", enum=Environment.values),
    OpenApiParameter("live", description="1 for what serves now.", enum=["1"]),
]


class Deployments(KnownParameters, generics.ListAPIView):
    """Deployments, live and ended."""

    action_name = "registry.view"
    serializer_class = DeploymentSerializer
    filter_backends = ()
    parameters = tuple(parameter.name for parameter in PARAMETERS)
    queryset = Deployment.objects.none()

    @extend_schema(operation_id="deployments_list", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """List deployments."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[Deployment]:
        """What the parameters ask for; ValidationError for a value that is not known."""
        params = self.request.query_params
        rows = visible_deployments(actor_of(self.request._request))
        for parameter in PARAMETERS:
            value = params.get(parameter.name)
            if value is not None and value not in parameter.enum:
                raise ValidationError({parameter.name: [f"Give one of {parameter.enum}."]})
        if "environment" in params:
            rows = rows.filter(environment=params["environment"])
        if "live" in params:
            rows = rows.filter(ended_at__isnull=True)
        related = rows.select_related("version__model", "team")
        return related.order_by("environment", "name", "-started_at", "id")
