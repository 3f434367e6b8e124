"""Reads about sources; each starts from what the actor may see."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import DetailState, ModelVersion, RegisteredModel
from registry.sources.condition import STALE_AFTER
from registry.sources.models import Source, SyncRun, SyncState

TROUBLED_SHOWN = 50


@dataclass(frozen=True)
class Counts:
    """How much of a source Signet holds."""

    models: int
    models_gone: int
    versions: int
    versions_gone: int
    details_waiting: int
    details_failed: int


def visible_sources(actor: Actor) -> QuerySet[Source]:
    """The sources that `actor` may see."""
    sources = Source.objects.all()
    return sources if allowed(actor, "source.view") else sources.none()


def visible_runs(actor: Actor, source: Source) -> QuerySet[SyncRun]:
    """The passes over a source that `actor` may see, newest first."""
    runs = SyncRun.objects.filter(source=source)
    return runs if allowed(actor, "source.view") else runs.none()


def running(source: Source) -> SyncRun | None:
    """The full scan that is under way."""
    return SyncRun.objects.filter(source=source, state=SyncState.RUNNING).first()


def counts_of(source: Source) -> Counts:
    """How much of it is known, gone, and still without details."""
    present = Count("pk", filter=Q(gone_at=None))
    models = RegisteredModel.objects.filter(source=source).aggregate(all=Count("pk"), here=present)
    here = Q(gone_at=None)
    versions = ModelVersion.objects.filter(model__source=source).aggregate(
        all=Count("pk"),
        here=present,
        waiting=Count("pk", filter=here & Q(detail_state=DetailState.PENDING)),
        failed=Count("pk", filter=here & Q(detail_state=DetailState.FAILED)),
    )
    return Counts(
        models=models["here"],
        models_gone=models["all"] - models["here"],
        versions=versions["here"],
        versions_gone=versions["all"] - versions["here"],
        details_waiting=versions["waiting"],
        details_failed=versions["failed"],
    )


def troubled_versions(source: Source) -> QuerySet[ModelVersion]:
    """Versions whose details could not be read so far."""
    rows = ModelVersion.objects.filter(model__source=source, gone_at=None).exclude(detail_error="")
    rows = rows.exclude(detail_state=DetailState.COMPLETE)
    shown = rows.only("version", "detail_error", "detail_state", "model__name")
    return shown.select_related("model").order_by("model__name", "-ordinal")[:TROUBLED_SHOWN]


def stale_banner() -> list[Source]:
    """The sources whose facts on screen may be out of date, because they fail or lag behind."""
    limit = timezone.now() - STALE_AFTER
    behind = Q(failing_since__isnull=False) | Q(last_complete_at__lt=limit)
    return list(Source.objects.filter(behind))
