"""The inventory for programs: models and their versions, read only."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from portal.accounts.actors import actor_of
from portal.api import KnownParameters
from registry.inventory import filters
from registry.inventory.models import Lifecycle, ModelVersion, RegisteredModel, RiskTier, Task
from registry.inventory.queries import visible_models, visible_versions


class ModelSerializer(serializers.ModelSerializer):
    """A registered model as the inventory shows it."""

    source = serializers.CharField(source="source.name", read_only=True)
    owner = serializers.CharField(source="owner.username", default=None, read_only=True)
    team = serializers.CharField(source="team.slug", default=None, read_only=True)
    business_unit = serializers.CharField(
        source="team.business_unit.slug", default=None, read_only=True
    )
    last_seen_at = serializers.DateTimeField(source="seen_at", read_only=True)
    url = serializers.HyperlinkedIdentityField(view_name="api_model", lookup_field="pk")
    versions_url = serializers.HyperlinkedIdentityField(
        view_name="api_version_list", lookup_field="pk"
    )

    class Meta:
        model = RegisteredModel
        fields = [
            "id", "name", "description", "source", "owner", "team", "business_unit", "task",
            "risk_tier", "lifecycle", "aliases", "tags", "version_count", "latest_version",
            "champion_version", "card_required", "card_answered", "created_at",
            "remote_updated_at", "last_seen_at", "gone_at", "url", "versions_url",
        ]  # fmt: skip
        read_only_fields = fields


class VersionSerializer(serializers.ModelSerializer):
    """One version of a model, without the details of the run that made it."""

    model = serializers.CharField(source="model.name", read_only=True)
    model_id = serializers.IntegerField(read_only=True)
    last_seen_at = serializers.DateTimeField(source="seen_at", read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = [
            "id", "model", "model_id", "version", "description", "status", "lifecycle", "aliases",
            "tags", "metrics", "run_id", "run_user", "git_commit", "created_at",
            "remote_updated_at", "last_seen_at", "gone_at", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, version: ModelVersion) -> str:
        """The address of this version."""
        kwargs = {"pk": version.model_id, "version": version.version}
        return reverse("api_version", kwargs=kwargs, request=self.context["request"])


class VersionDetailSerializer(VersionSerializer):
    """One version with the facts of its run."""

    class Meta(VersionSerializer.Meta):
        fields = [
            *VersionSerializer.Meta.fields,
            "detail_state", "detail_error", "source_uri", "run_name", "experiment",
            "experiment_id", "logged_model_id", "params", "run_tags", "signature", "datasets",
            "flavors",
        ]  # fmt: skip
        read_only_fields = fields


def _many(name: str, text: str, values: list[str] | None = None) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=text, enum=values, many=True)


SORTS = sorted(filters.SORTS)
MODEL_PARAMETERS = [
    OpenApiParameter("name", description="Exactly this name."),
    OpenApiParameter("q", description="Words to search in names, descriptions, owners and teams."),
    OpenApiParameter("mine", description="1 for the models of one's own teams.", enum=["1"]),
    _many("unit", "Ids of business units, or `none`."),
    _many("task", "Tasks, or `none`.", [*filter(None, Task.values), filters.NONE]),
    _many("tier", "Risk tiers, or `none`.", [*RiskTier.values, filters.NONE]),
    _many("lifecycle", "Lifecycle states.", Lifecycle.values),
    _many("owner", "Ids of owners, or `none`."),
    _many("source", "Ids of sources."),
    OpenApiParameter(
        "sort",
        description="The order; with a minus, the other way round.",
        enum=[*SORTS, *(f"-{name}" for name in SORTS)],
    ),
]


class Models(KnownParameters, generics.ListAPIView):
    """The registered models, with the filters of the page Models."""

    action_name = "registry.view"
    serializer_class = ModelSerializer
    filter_backends = ()
    parameters = tuple(parameter.name for parameter in MODEL_PARAMETERS)
    queryset = RegisteredModel.objects.none()

    @extend_schema(operation_id="models_list", parameters=MODEL_PARAMETERS)
    def get(self, request: Request) -> Response:
        """List models. Filters may repeat; those of one kind add up, different kinds narrow."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[RegisteredModel]:
        """What the parameters ask for; ValidationError for a value that is not known."""
        params = self.request.query_params
        criteria = filters.read(params, filters.labels())
        if criteria.left_out:
            raise ValidationError({"parameters": list(criteria.left_out)})
        actor = actor_of(self.request._request)
        rows = filters.narrowed(filters.searched(visible_models(actor), criteria, actor), criteria)
        if "name" in params:
            rows = rows.filter(name=params["name"])
        related = ("owner", "team__business_unit", "source")
        return filters.ordered(rows, criteria.sort).select_related(*related)


class Model(KnownParameters, generics.RetrieveAPIView):
    """One registered model."""

    action_name = "registry.view"
    serializer_class = ModelSerializer
    filter_backends = ()
    queryset = RegisteredModel.objects.none()

    @extend_schema(operation_id="models_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        """Read one model."""
        return self.retrieve(request)

    def get_queryset(self) -> QuerySet[RegisteredModel]:
        """The models the caller may see."""
        rows = visible_models(actor_of(self.request._request))
        return rows.select_related("owner", "team__business_unit", "source")


class Versions(KnownParameters, generics.ListAPIView):
    """The versions of one model, newest first."""

    action_name = "registry.view"
    serializer_class = VersionSerializer
    filter_backends = ()
    queryset = ModelVersion.objects.none()

    @extend_schema(operation_id="versions_list")
    def get(self, request: Request, pk: int) -> Response:
        """List the versions of a model."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[ModelVersion]:
        """The versions; 404 when the model itself is not there."""
        actor = actor_of(self.request._request)
        model = get_object_or_404(visible_models(actor), pk=self.kwargs["pk"])
        return visible_versions(actor).filter(model=model).select_related("model__source")


class Version(KnownParameters, generics.RetrieveAPIView):
    """One version of a model, with the facts of its run."""

    action_name = "registry.view"
    serializer_class = VersionDetailSerializer
    filter_backends = ()
    lookup_field = "version"
    queryset = ModelVersion.objects.none()

    @extend_schema(operation_id="versions_retrieve")
    def get(self, request: Request, pk: int, version: str) -> Response:
        """Read one version."""
        return self.retrieve(request)

    def get_queryset(self) -> QuerySet[ModelVersion]:
        """The versions of this model that the caller may see."""
        actor = actor_of(self.request._request)
        return (
            visible_versions(actor).filter(model=self.kwargs["pk"]).select_related("model__source")
        )
