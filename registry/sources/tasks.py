"""Jobs about sources, and the look at when each is due."""

from typing import Any

from django.utils import timezone

from portal.actors import service
from portal.errors import Conflict, Upstream
from portal.jobs.context import JobContext
from portal.jobs.models import OPEN_STATES, Job
from portal.jobs.registry import job
from portal.jobs.schedule import at_each_tick, every
from registry.sources.models import Source, SyncRun, SyncState
from registry.sources.services import (
    records_prune,
    scan_enqueue,
    source_ensure,
    source_subscribe,
)
from registry.sources.sync import model_reread, source_scan


@job("registry.sync", title="Sync a source", retries=1, service="sync")
def sync(context: JobContext, *, source_id: int) -> dict[str, Any]:
    """Scan a source completely. Not retried as a job: the source's row knows when to try again."""

    def progress(done: int, total: int, text: str) -> None:
        context.progress(done, total, text)
        context.check_cancelled()

    try:
        run = source_scan(actor=context.actor, source_id=source_id, progress=progress)
    except Conflict as under_way:
        return {"text": under_way.message}
    if run.state == SyncState.FAILED or run.source.failing_since:
        raise Upstream(run.error, permanent=True)
    return {"text": summary(run), "link": f"/sources/{source_id}/"}


@job("registry.sync_hint", title="Read a changed model again", service="sync")
def sync_hint(context: JobContext, *, source_id: int, name: str) -> dict[str, Any]:
    """Read one model again, because its source says that it changed."""
    run = model_reread(actor=context.actor, source_id=source_id, name=name)
    if run is None:
        return {"text": "Left to the next full scan: the source does not answer at present."}
    if run.state == SyncState.PARTIAL:
        raise Upstream(run.error, permanent=False)
    return {"text": summary(run), "link": f"/sources/{source_id}/"}


@job("registry.subscribe", title="Ask a source for change notices", service="sync")
def subscribe(context: JobContext) -> dict[str, Any]:
    """Make or mend each source's subscription to change notices."""
    told = [
        source_subscribe(actor=context.actor, source_id=pk)
        for pk in Source.objects.values_list("pk", flat=True)
    ]
    return {"text": " ".join(told)[:500] or "No source yet."}


@job("registry.prune", title="Remove old sync records", service="sync")
def prune(context: JobContext) -> dict[str, Any]:
    """Remove records of syncs and of change notices that nobody needs any more."""
    return {"text": f"{records_prune()} old records removed."}


every(hours=1, kind="registry.subscribe")
every(days=1, kind="registry.prune")


@at_each_tick
def sources_due() -> None:
    """Enqueue a scan of each source whose time has come."""
    actor = service("sync")
    source_ensure(actor=actor)
    open_keys = set(
        Job.objects.filter(kind="registry.sync", state__in=OPEN_STATES).values_list(
            "key", flat=True
        )
    )
    for source in Source.objects.filter(next_full_at__lte=timezone.now()):
        if f"source:{source.pk}" not in open_keys:
            scan_enqueue(actor=actor, source=source, why="due by its schedule")


def summary(run: SyncRun) -> str:
    """What one pass came to, in a line."""
    return (
        f"{run.models_seen:,} models and {run.versions_seen:,} versions read, {run.added:,} new, "
        f"{run.changed:,} changed, {run.gone:,} gone."
    )
