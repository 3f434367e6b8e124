"""How a source stands, in words and colour, for pages and banners."""

from django.conf import settings
from django.utils import timezone

from portal.choices import Toned
from portal.jobs.models import OPEN_STATES, Job, Probe
from registry.sources.connect import plain_address
from registry.sources.models import Source, SyncRun
from registry.sources.services import EVERY

STALE_AFTER = 3 * EVERY

SYNCING = Toned("Syncing now", "blue", "refresh")
QUEUED = Toned("Waiting for a worker", "blue", "hourglass")
SILENT = Toned("Not answering", "red", "alert-circle")
UNREACHABLE = Toned("Not readable", "red", "alert-circle")
STALE = Toned("Out of date", "orange", "clock")
CURRENT = Toned("Up to date", "green", "circle-check")
NEW = Toned("Not synced yet", "grey", "circle-dashed")

OFF = Toned("Off", "grey", "circle-dashed")
TROUBLED = Toned("Not arriving", "orange", "alert-triangle")
ARRIVING = Toned("Arriving", "green", "circle-check")
QUIET = Toned("Set up, none yet", "blue", "hourglass")


def is_stale(source: Source) -> bool:
    """Whether the last complete scan is older than three scans should let it be."""
    last = source.last_complete_at
    return last is not None and timezone.now() - last > STALE_AFTER


def waiting_job(source: Source) -> Job | None:
    """The job that scans this source now or soon."""
    jobs = Job.objects.filter(kind="registry.sync", key=f"source:{source.pk}")
    return jobs.filter(state__in=OPEN_STATES).first()


def is_silent(source: Source) -> bool:
    """Whether a worker's last look, seconds ago, found that the source does not answer."""
    ours = plain_address(settings.MLFLOW_URI) == source.base_url
    return ours and Probe.objects.filter(name="mlflow", ok=False).exists()


def condition(source: Source, running: SyncRun | None, job: Job | None) -> Toned:
    """The one word on how a source stands."""
    if is_silent(source):
        return UNREACHABLE if source.failing_since else SILENT
    if running:
        return SYNCING
    if source.failing_since:
        return UNREACHABLE
    if job:
        return QUEUED
    if source.last_complete_at is None:
        return NEW
    return STALE if is_stale(source) else CURRENT


def webhook_condition(source: Source) -> Toned:
    """How change notices stand; without them the full scan still finds every change."""
    if not settings.MLFLOW_WEBHOOK_SECRET:
        return OFF
    if source.webhook_error:
        return TROUBLED
    if source.webhook_seen_at:
        return ARRIVING
    return QUIET if source.webhook_id else OFF
