"""Jobs of the checks: reading artifacts, running checks, and hashing again what serves."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from governance.checks.models import ArtifactManifest, CheckRun, ManifestState
from governance.checks.queries import latest_manifest, watched
from governance.checks.running import blocking
from governance.checks.services import checks_run, manifest_enqueue, manifest_read
from portal.errors import Upstream
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion

OLDEST = timedelta(days=1)
MOST_AT_ONCE = 200


@job("governance.checks", title="Run the checks of a version", retries=5)
def checks(context: JobContext, *, version_id: int, environment: str) -> dict[str, Any]:
    """Read the artifact unless it was read within a day, then run every check."""
    version = ModelVersion.objects.select_related("model").get(pk=version_id)
    known = latest_manifest(version, complete=False)
    if version.gone_at is None and (known is None or _is_old(known)):
        _read(context, version_id)
    run = checks_run(
        actor=context.actor,
        version_id=version_id,
        environment=environment,
        why=context.job.why,
    )
    return {"text": summary(run), "link": _page("checks_detail", version)}


@job("governance.manifest", title="Read and hash a version's files", retries=5)
def manifest(context: JobContext, *, version_id: int) -> dict[str, Any]:
    """Read, hash and scan every file of a version."""
    made = _read(context, version_id)
    if made.state == ManifestState.FAILED:
        raise Upstream(made.error, permanent=True)
    version = ModelVersion.objects.select_related("model").get(pk=version_id)
    text = f"{len(made.files):,} files, {made.total_bytes:,} bytes, digest {made.digest[:16]}."
    return {"text": text, "link": _page("artifact_detail", version)}


@job("governance.rehash", title="Hash again what serves or is approved")
def rehash(context: JobContext) -> dict[str, Any]:
    """Ask for a fresh reading of every version that serves or is approved, what serves first.

    Files that changed are a finding, and the gate denies them before they serve.
    """
    serving = Deployment.objects.filter(
        ended_at__isnull=True, version__gone_at__isnull=True, version__isnull=False
    )
    live = sorted(set(serving.values_list("version_id", flat=True)))
    asked = (version_id for version_id, _ in watched())
    ids = list(dict.fromkeys([*live, *asked]))[:MOST_AT_ONCE]
    for version_id in ids:
        why = "it serves" if version_id in live else "its approval is asked for or holds"
        manifest_enqueue(
            actor=context.actor, version_id=version_id, why=f"hashed again because {why}"
        )
    return {"text": f"Fresh readings asked for: {len(ids):,}."}


@job("governance.recheck", title="Run the checks of what is approved again")
def recheck(context: JobContext) -> dict[str, Any]:
    """Run the checks of every version whose approval is asked for or holds, on what is known now.

    Time changes facts that no save tells of: another version's approval expires, a champion moves.
    """
    places = watched()
    for number, (version_id, environment) in enumerate(places, start=1):
        context.progress(number, len(places))
        context.check_cancelled()
        checks_run(
            actor=context.actor,
            version_id=version_id,
            environment=environment,
            why="looked at again by the clock",
        )
    return {"text": f"Looked at again: {len(places):,}."}


every(days=1, kind="governance.rehash")
every(minutes=15, kind="governance.recheck")


def summary(run: CheckRun) -> str:
    """What a run came to, in a line."""
    results = list(run.results.all())
    failing = blocking(results)
    if not failing:
        return f"{len(results)} checks, nothing that is required stands in the way."
    return f"{len(results)} checks; {len(failing)} that are required do not pass."


def _read(context: JobContext, version_id: int) -> ArtifactManifest:
    def progress(done: int, total: int, text: str) -> None:
        context.progress(done, total, text)
        context.check_cancelled()

    return manifest_read(actor=context.actor, version_id=version_id, progress=progress)


def _is_old(known: ArtifactManifest) -> bool:
    return known.state == ManifestState.FAILED or known.read_at < timezone.now() - OLDEST


def _page(name: str, version: ModelVersion) -> str:
    return reverse(name, args=[version.model_id, version.version])
