"""The deployment record for programs: read it, and record what a pipeline has deployed."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal import problems
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.api import KnownParameters, StrictSerializer
from registry.deployments.doors import NotApproved, deployment_take
from registry.deployments.models import Deployment, Environment
from registry.deployments.queries import visible_deployments
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions


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


class RecordSerializer(StrictSerializer):
    """What serves from now on; `statement` is the gate's answer that `signet gate check` saved."""

    model = serializers.CharField(max_length=256)
    source = serializers.CharField(required=False, default="", max_length=80)
    version = serializers.CharField(max_length=64)
    environment = serializers.ChoiceField(Environment.choices)
    name = serializers.CharField(max_length=120)
    served_ref = serializers.CharField(required=False, default="", max_length=500)
    purpose = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=1000)
    commit = serializers.RegexField(
        r"^([0-9A-Fa-f]{7,64})?$", required=False, default="", allow_blank=True
    )
    pipeline_url = serializers.URLField(
        required=False, default="", allow_blank=True, max_length=500
    )
    statement = serializers.JSONField(required=False, default=None)


class Deployments(KnownParameters, generics.ListAPIView):
    """Deployments, live and ended."""

    action_name = {"GET": "registry.view", "POST": "deployment.record"}
    serializer_class = DeploymentSerializer
    filter_backends = ()
    parameters = tuple(parameter.name for parameter in PARAMETERS)
    queryset = Deployment.objects.none()

    @extend_schema(operation_id="deployments_list", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """List deployments."""
        return self.list(request)

    @extend_schema(
        operation_id="deployments_record",
        request=RecordSerializer,
        responses={201: DeploymentSerializer},
    )
    def post(self, request: Request) -> Response:
        """Record what serves; 409 with `reasons` when the gate does not let it."""
        actor = actor_of(request._request)
        require(actor, "registry.view")
        body = RecordSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        found = version_named(actor, given.pop("model"), given.pop("version"), given.pop("source"))
        given["served_ref"] = given["served_ref"] or f"models:/{found.model.name}/{found.version}"
        try:
            made = deployment_take(actor=actor, version_id=found.pk, **given)
        except NotApproved as refused:
            answer = problems.document_of(request._request, refused)
            answer["reasons"] = refused.reasons
            return Response(answer, status=refused.status, content_type=problems.MEDIA_TYPE)
        shown = visible_deployments(actor).select_related("version__model", "team").get(pk=made.pk)
        return Response(DeploymentSerializer(shown).data, status=201)

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


def version_named(actor: Actor, model: str, version: str, source: str = "") -> ModelVersion:
    """The version of these names; ValidationError for none, or for one of several sources."""
    found = visible_versions(actor).filter(model__name=model, version=version)
    if source:
        found = found.filter(model__source__name=source)
    versions = list(found.select_related("model__source")[:2])
    if not versions:
        raise ValidationError({"version": [f"There is no version {version} of {model} here."]})
    if len(versions) > 1:
        raise ValidationError({"source": ["Several sources have this model; name the one meant."]})
    return versions[0]
