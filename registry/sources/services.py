"""Verbs on sources: keeping the row, asking for a scan, recording how one went."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Upstream
from portal.jobs.models import Job, JobState
from portal.jobs.services import job_enqueue
from portal.trail.services import record
from registry.connectors.base import Hint, Subscription
from registry.inventory.models import DetailState, ModelVersion
from registry.sources.connect import connector_of, plain_address
from registry.sources.models import (
    Source,
    SourceKind,
    SyncKind,
    SyncRun,
    SyncState,
    WebhookDelivery,
)

EVERY = timedelta(minutes=10)
FIRST_PAUSE = timedelta(seconds=30)
DEBOUNCE = timedelta(seconds=5)
NAME = "MLflow"
STOPPED = "The sync stopped in the middle: its worker ended, or somebody cancelled it."


def source_ensure(*, actor: Actor) -> Source:
    """The source that the settings name, made or moved to a new address if need be."""
    wanted = {
        "base_url": plain_address(settings.MLFLOW_URI),
        "public_url": plain_address(settings.MLFLOW_PUBLIC_URL),
    }
    found = Source.objects.filter(kind=SourceKind.MLFLOW, name=NAME).first()
    if found and all(getattr(found, name) == value for name, value in wanted.items()):
        return found
    require(actor, "source.manage", found)
    with transaction.atomic():
        source, made = Source.objects.select_for_update().get_or_create(
            kind=SourceKind.MLFLOW, name=NAME, defaults={**wanted, "next_full_at": timezone.now()}
        )
        before = {} if made else {name: getattr(source, name) for name in wanted}
        if before == wanted:
            return source
        for name, value in wanted.items():
            setattr(source, name, value)
        source.next_full_at = timezone.now()
        source.save(update_fields=[*wanted, "next_full_at"])
        record(actor, "source.add" if made else "source.move", source, before=before, after=wanted)
    return source


def source_sync(*, actor: Actor, source_id: int) -> Job:
    """Have a full scan done as soon as a worker is free; the open job when there is one already."""
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source_id)
        require(actor, "source.sync", source)
        job = scan_enqueue(actor=actor, source=source, why=f"{actor.name} asked for it")
        record(actor, "source.sync", source, after={"job": job.pk})
    return job


def scan_enqueue(*, actor: Actor, source: Source, why: str) -> Job:
    """The one open job that scans this source."""
    return job_enqueue(
        actor=actor,
        kind="registry.sync",
        key=f"source:{source.pk}",
        args={"source_id": source.pk},
        why=why,
    )


def details_retry(*, actor: Actor, source_id: int) -> Job:
    """Have the details read again of every version where that failed."""
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source_id)
        require(actor, "source.sync", source)
        failed = ModelVersion.objects.filter(
            model__source=source, detail_state=DetailState.FAILED, gone_at=None
        )
        count = failed.update(detail_state=DetailState.PENDING, detail_error="")
        job = scan_enqueue(actor=actor, source=source, why=f"{actor.name} asked for it")
        record(actor, "source.retry_details", source, after={"versions": count, "job": job.pk})
    return job


def run_start(*, actor: Actor, source: Source) -> SyncRun:
    """Open the record of a full scan; the caller holds the source's scan lock."""
    with transaction.atomic():
        now = timezone.now()
        # Whoever wrote these had the lock before and is gone.
        SyncRun.objects.filter(source=source, state=SyncState.RUNNING).update(
            state=SyncState.FAILED, finished_at=now, error=STOPPED
        )
        Source.objects.filter(pk=source.pk).update(last_attempt_at=now)
        return SyncRun.objects.create(
            source=source,
            kind=SyncKind.FULL,
            asked_by=actor.on_behalf_of or actor.name,
            started_at=now,
        )


def run_finish(
    *,
    actor: Actor,
    run: SyncRun,
    complete: bool,
    stopped: bool,
    requests: int,
    trouble: Sequence[str],
    unfinished: bool,
) -> None:
    """Close the record of a full scan and set when the next one is due.

    `complete` is that everything was listed without an error; details may still have failed.
    """
    with transaction.atomic():
        now = timezone.now()
        source = Source.objects.select_for_update().get(pk=run.source_id)
        run.state = _state(run, complete, trouble)
        run.finished_at, run.requests = now, requests
        run.error = " ".join(dict.fromkeys(trouble))[:500]
        run.save()
        was_failing = source.failing_since
        source.server_version = run.source.server_version
        if complete:
            source.last_complete_at = now
            source.failing_since, source.failures, source.last_error = None, 0, ""
            source.next_full_at = now if unfinished else now + EVERY
        elif stopped:
            source.next_full_at = now + FIRST_PAUSE
        else:
            source.failing_since = was_failing or now
            source.failures += 1
            source.last_error = run.error
            source.next_full_at = now + pause_after(source.failures)
        source.save()
        if complete and was_failing:
            record(actor, "source.reachable", source, before={"failing_since": was_failing})
        if source.failing_since and not was_failing:
            record(actor, "source.unreachable", source, after={"error": run.error})


def _state(run: SyncRun, complete: bool, trouble: Sequence[str]) -> SyncState:
    if complete:
        return SyncState.PARTIAL if trouble else SyncState.COMPLETE
    return SyncState.PARTIAL if run.models_seen else SyncState.FAILED


def pause_after(failures: int) -> timedelta:
    """How long to leave a failing source alone: 30 s, then twice that each time, to 10 minutes."""
    return min(FIRST_PAUSE * 2 ** min(failures - 1, 10), EVERY)


def source_subscribe(*, actor: Actor, source_id: int) -> str:
    """Have the source send change notices to this portal; returns what to tell, and keeps it."""
    source = Source.objects.get(pk=source_id)
    require(actor, "source.manage", source)
    found = _subscription(source)
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source_id)
        before = {name: getattr(source, name) for name in ("webhook_id", "webhook_error")}
        after = {"webhook_id": found.webhook_id, "webhook_error": found.problem[:500]}
        if before != after:
            Source.objects.filter(pk=source_id).update(**after)
            record(actor, "source.subscribe", source, before=before, after=after)
    return found.problem or f"{source} sends change notices to {settings.MLFLOW_WEBHOOK_URL}."


def _subscription(source: Source) -> Subscription:
    if not settings.MLFLOW_WEBHOOK_SECRET:
        return Subscription(
            "", "No change notices: MLFLOW_WEBHOOK_SECRET is not set. The full scan finds changes."
        )
    connector = connector_of(source)
    try:
        return connector.subscribe(settings.MLFLOW_WEBHOOK_URL)
    except Upstream as problem:
        return Subscription(source.webhook_id, f"Change notices could not be set up. {problem}")
    finally:
        connector.close()


def hint_take(*, actor: Actor, source: Source, hint: Hint) -> Job | None:
    """Look at the model that a change notice names; None for a notice that was taken before."""
    with transaction.atomic():
        now = timezone.now()
        _, fresh = WebhookDelivery.objects.get_or_create(
            delivery_id=hint.delivery_id,
            defaults={"source": source, "entity": hint.entity, "model_name": hint.model},
        )
        if not fresh:
            return None
        Source.objects.filter(pk=source.pk).update(webhook_seen_at=now)
        # The first notice is followed at once; those that come right behind it, together.
        burst = WebhookDelivery.objects.filter(
            source=source, model_name=hint.model, received_at__gt=now - DEBOUNCE
        ).exclude(delivery_id=hint.delivery_id)
        job = _hint_job(actor, source, hint, now + DEBOUNCE if burst.exists() else now, "")
        if job.state == JobState.RUNNING:
            # That one may have read the model before this change.
            job = _hint_job(actor, source, hint, now + DEBOUNCE, f":{hint.delivery_id}")
    return job


def _hint_job(actor: Actor, source: Source, hint: Hint, at: datetime, suffix: str) -> Job:
    short = hashlib.sha256(hint.model.encode()).hexdigest()[:16]
    return job_enqueue(
        actor=actor,
        kind="registry.sync_hint",
        key=f"source:{source.pk}:{short}{suffix}",
        args={"source_id": source.pk, "name": hint.model},
        why=f"change notice: {hint.entity}",
        run_after=at,
    )


def records_prune() -> int:
    """Remove notices after two days, their syncs after a week and full scans after 90 days."""
    now = timezone.now()
    notices, _ = WebhookDelivery.objects.filter(received_at__lt=now - timedelta(days=2)).delete()
    runs = SyncRun.objects.exclude(state=SyncState.RUNNING)
    hints, _ = runs.filter(kind=SyncKind.HINT, started_at__lt=now - timedelta(days=7)).delete()
    scans, _ = runs.filter(started_at__lt=now - timedelta(days=90)).delete()
    return notices + hints + scans
