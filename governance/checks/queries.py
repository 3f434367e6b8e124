"""Reads of check runs and artifact manifests."""

from django.db.models import QuerySet

from governance.checks.models import ArtifactManifest, CheckRun, ManifestState
from governance.requests.models import (
    GRANTED_STATES,
    OPEN_STATES,
    ApprovalRequest,
    RequestState,
)
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import ModelVersion


def visible_runs(actor: Actor) -> QuerySet[CheckRun]:
    """The check runs that `actor` may see."""
    runs = CheckRun.objects.all()
    return runs if allowed(actor, "approval.view") else runs.none()


def visible_manifests(actor: Actor) -> QuerySet[ArtifactManifest]:
    """The readings of artifacts that `actor` may see."""
    manifests = ArtifactManifest.objects.all()
    return manifests if allowed(actor, "approval.view") else manifests.none()


def watched(*, model_id: int | None = None) -> list[tuple[int, str]]:
    """The versions, with environments, whose approval is asked for or holds: their checks count."""
    asked = ApprovalRequest.objects.filter(
        state__in=(*OPEN_STATES, *GRANTED_STATES, RequestState.SUSPENDED),
        version__gone_at__isnull=True,
    ).exclude(state=RequestState.DRAFT)
    if model_id is not None:
        asked = asked.filter(version__model_id=model_id)
    return sorted(set(asked.values_list("version_id", "environment")))


def latest_run(version: ModelVersion, environment: str) -> CheckRun | None:
    """The newest run of the checks of a version for an environment, with its results."""
    runs = CheckRun.objects.filter(version=version, environment=environment)
    return runs.select_related("policy", "manifest").prefetch_related("results").first()


def latest_manifest(version: ModelVersion, *, complete: bool = True) -> ArtifactManifest | None:
    """The newest reading of a version's artifact: of those that came to an end, or of all."""
    manifests = ArtifactManifest.objects.filter(version=version).defer("files")
    if complete:
        manifests = manifests.filter(state=ManifestState.COMPLETE)
    return manifests.first()


def artifact_digest_of(version: ModelVersion) -> str:
    """The digest of a version's files as last read completely; empty when they never were."""
    digests = ArtifactManifest.objects.filter(version=version, state=ManifestState.COMPLETE)
    return digests.values_list("digest", flat=True).first() or ""
