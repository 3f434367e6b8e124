"""Checks and artifacts for programs: what was found last, and asking a worker to look again."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.checks.models import CheckRun, ManifestState
from governance.checks.queries import visible_manifests, visible_runs
from governance.checks.running import blocking
from governance.checks.services import checks_enqueue
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer
from registry.cards.api import version_of
from registry.deployments.models import Environment

ENVIRONMENT = OpenApiParameter(
    "environment", str, enum=Environment.values, description="Production unless it is named."
)


class CheckResultSerializer(serializers.Serializer):
    """What one check found."""

    id = serializers.CharField(source="check_id")
    title = serializers.CharField()
    verdict = serializers.CharField()
    required = serializers.BooleanField(source="is_required")
    looked_at = serializers.CharField()
    detail = serializers.CharField()
    link = serializers.CharField()
    facts = serializers.JSONField()


class CheckRunSerializer(serializers.Serializer):
    """The newest run of the checks of a version."""

    id = serializers.IntegerField(source="pk")
    environment = serializers.CharField()
    tier = serializers.CharField()
    policy = serializers.IntegerField(source="policy.number")
    digest = serializers.CharField()
    artifact_digest = serializers.CharField(source="manifest.digest", default="")
    why = serializers.CharField()
    ran_at = serializers.DateTimeField()
    blocking = serializers.SerializerMethodField()
    results = CheckResultSerializer(many=True)

    def get_blocking(self, run: CheckRun) -> list[str]:
        """The required checks that close the gate."""
        return blocking(run.results.all())


class ChecksAskedSerializer(StrictSerializer):
    """For which environment the checks are to run."""

    environment = serializers.ChoiceField(Environment.choices, default="production")
    why = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class JobAskedSerializer(serializers.Serializer):
    """The background job that was asked for."""

    job = serializers.IntegerField()
    state = serializers.CharField()


class ManifestFileSerializer(serializers.Serializer):
    """One file of the artifact."""

    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class ManifestSerializer(serializers.Serializer):
    """The files of a version as last read completely."""

    digest = serializers.CharField()
    total_bytes = serializers.IntegerField()
    scanner = serializers.CharField()
    scan = serializers.JSONField()
    read_at = serializers.DateTimeField()
    files = ManifestFileSerializer(many=True)


class Checks(KnownParameters, APIView):
    """The checks of one version."""

    action_name = {"GET": "approval.view", "POST": "check.run"}
    parameters = ("environment",)

    @extend_schema(
        operation_id="checks_retrieve", parameters=[ENVIRONMENT], responses=CheckRunSerializer
    )
    def get(self, request: Request, pk: int, version: str) -> Response:
        """What the newest run found; 404 when the checks never ran for that environment."""
        found = version_of(request, pk, version)
        asked = ChecksAskedSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        runs = visible_runs(actor_of(request._request)).select_related("policy", "manifest")
        wanted = runs.filter(version=found, environment=asked.validated_data["environment"])
        run = wanted.prefetch_related("results").first()
        if run is None:
            raise NotFound("The checks of this version have not run yet; POST here asks for it.")
        return Response(CheckRunSerializer(run).data)

    @extend_schema(
        operation_id="checks_run",
        request=ChecksAskedSerializer,
        responses={202: JobAskedSerializer},
    )
    def post(self, request: Request, pk: int, version: str) -> Response:
        """Have a worker read the artifact if needed and run every check; answers with the job."""
        found = version_of(request, pk, version)
        actor = actor_of(request._request)
        require(actor, "check.run", found)
        body = ChecksAskedSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        facts: dict[str, Any] = body.validated_data
        job = checks_enqueue(
            actor=actor,
            version_id=found.pk,
            environment=facts["environment"],
            why=facts["why"] or "asked for over the API",
        )
        return Response({"job": job.pk, "state": str(job.state)}, status=202)


class Artifact(KnownParameters, APIView):
    """The files of one version."""

    action_name = "approval.view"

    @extend_schema(operation_id="artifact_retrieve", responses=ManifestSerializer)
    def get(self, request: Request, pk: int, version: str) -> Response:
        """Every file with its SHA-256 as last read; 404 when they were never read completely."""
        found = version_of(request, pk, version)
        manifests = visible_manifests(actor_of(request._request))
        manifest = manifests.filter(version=found, state=ManifestState.COMPLETE).first()
        if manifest is None:
            raise NotFound("The files of this version have not been read completely yet.")
        return Response(ManifestSerializer(manifest).data)
