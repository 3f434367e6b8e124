"""What is no longer listed: gone only after two complete scans and a read that confirms it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from portal.actors import Actor
from portal.errors import Upstream
from portal.trail.services import Entry, record_all
from registry.connectors.base import Connector, Forbidden, NotFound
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source

Row = TypeVar("Row", RegisteredModel, ModelVersion)
THREADS = 4
MOST_READS = 2_000
BATCH = 200


def missing_settle(
    *,
    actor: Actor,
    source: Source,
    connector: Connector,
    seen_models: set[int],
    seen_versions: set[int],
    since: datetime | None,
) -> tuple[int, list[str]]:
    """Count the misses of a complete scan and mark what is confirmed gone: how many, and trouble.

    `since` is when the previous complete scan ended: the last time that the missing were seen.
    """
    models_left = _present(RegisteredModel.objects.filter(source=source), seen_models)
    versions = ModelVersion.objects.filter(model__source=source, model__gone_at=None)
    versions_left = _present(versions.exclude(model_id__in=models_left), seen_versions)
    gone, trouble = 0, []
    for rows, left, asked, mark in (
        (RegisteredModel.objects.all(), models_left, _ask_model, models_gone),
        (ModelVersion.objects.select_related("model"), versions_left, _ask_version, versions_gone),
    ):
        again = _missed_before(rows, left, since)
        confirmed, lost = _confirmed(rows.filter(pk__in=again), connector, asked)
        for start in range(0, len(confirmed), BATCH):
            gone += mark(actor=actor, ids=confirmed[start : start + BATCH])
        trouble += lost
    return gone, trouble


def _present(rows: models.QuerySet[Any], seen: set[int]) -> list[int]:
    """The rows that are not marked gone and were not seen in this scan."""
    return sorted(set(rows.filter(gone_at=None).values_list("pk", flat=True)) - seen)


def _missed_before(
    rows: models.QuerySet[Any], left: Sequence[int], since: datetime | None
) -> list[int]:
    """Count this miss; returns those that the previous complete scan missed as well."""
    missed = rows.filter(pk__in=left, gone_at=None)
    again = list(missed.filter(misses__gte=1).order_by("pk").values_list("pk", flat=True))
    first = missed.filter(misses=0)
    first.update(misses=1, **({"last_seen_at": since} if since else {}))
    return again[:MOST_READS]


def _ask_model(connector: Connector, row: RegisteredModel) -> None:
    connector.get_model(row.name)


def _ask_version(connector: Connector, row: ModelVersion) -> None:
    connector.get_version(row.model.name, row.version)


def _confirmed(
    rows: Iterable[Row], connector: Connector, ask: Callable[[Connector, Row], None]
) -> tuple[list[int], list[str]]:
    """Ask for each one by name: 404 confirms, 403 is lost access, an answer means it is there."""

    def answer(row: Row) -> tuple[int | None, str]:
        try:
            ask(connector, row)
        except NotFound:
            return row.pk, ""
        except Forbidden:
            return None, f"Signet may no longer read {row}."
        except Upstream as problem:
            return None, f"{row} could not be checked. {problem.message}"
        return None, ""

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(answer, rows))
    return [pk for pk, _ in answers if pk], [trouble for _, trouble in answers if trouble]


def models_gone(*, actor: Actor, ids: Sequence[int]) -> int:
    """Mark models and their versions as gone, keeping their last facts."""
    with transaction.atomic():
        now = timezone.now()
        rows = RegisteredModel.objects.filter(pk__in=ids, gone_at=None, misses__gte=1)
        found = list(rows.select_for_update(of=("self",)).order_by("pk"))
        ids = [row.pk for row in found]
        rows.filter(pk__in=ids).update(gone_at=now, misses=F("misses") + 1)
        versions = ModelVersion.objects.filter(model_id__in=ids, gone_at=None)
        versions.update(gone_at=now, misses=2)
        refresh_models(ids)
        record_all(
            actor,
            [
                Entry("model.gone", row, after={"gone_at": now}, reason=_renamed(row))
                for row in found
            ],
        )
    return len(found)


def versions_gone(*, actor: Actor, ids: Sequence[int]) -> int:
    """Mark single versions as gone, keeping their last facts."""
    with transaction.atomic():
        now = timezone.now()
        rows = ModelVersion.objects.filter(pk__in=ids, gone_at=None, misses__gte=1)
        found = list(rows.select_related("model").select_for_update(of=("self",)).order_by("pk"))
        rows.filter(pk__in=[row.pk for row in found]).update(gone_at=now, misses=F("misses") + 1)
        refresh_models({row.model_id for row in found})
        record_all(actor, [Entry("version.gone", row, after={"gone_at": now}) for row in found])
    return len(found)


def _renamed(row: RegisteredModel) -> str:
    """A hint at a renaming: the source knows another model by the very same time of creation."""
    twins = RegisteredModel.objects.filter(
        source_id=row.source_id, created_at=row.created_at, gone_at=None
    )
    twin = twins.exclude(pk=row.pk).first()
    return f"Perhaps renamed: {twin} was created at the very same time." if twin else ""
