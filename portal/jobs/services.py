"""Verbs on jobs."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.permissions import allowed, require
from portal.actors import Actor
from portal.errors import Conflict
from portal.jobs.models import OPEN_STATES, Job, JobState
from portal.jobs.nudge import nudge
from portal.jobs.registry import KINDS, title_of
from portal.trail.models import TrailHead
from portal.trail.services import record


def job_enqueue(
    *,
    actor: Actor,
    kind: str,
    key: str,
    args: dict[str, Any] | None = None,
    why: str = "",
    run_after: datetime | None = None,
) -> Job:
    """The open job of this kind and key, made now if there is none; it runs after commit.

    A job that waits for later, such as after a failure, is brought forward. One that runs already
    may have passed what you changed: put what makes your work different into the key.
    """
    wanted = run_after or timezone.now()
    for _ in range(3):
        job = _made(actor, kind, key, args or {}, why, wanted)
        job = job or _brought_forward(kind, key, wanted)
        if job is None:
            continue
        if job.state == JobState.WAITING and wanted <= timezone.now():
            transaction.on_commit(partial(nudge, job.pk), robust=True)
        return job
    raise Conflict("This work ended and began again while it was asked for. Ask once more.")


def _made(
    actor: Actor, kind: str, key: str, args: dict[str, Any], why: str, run_after: datetime
) -> Job | None:
    try:
        with transaction.atomic():
            return Job.objects.create(
                kind=kind,
                key=key,
                args=args,
                max_attempts=KINDS[kind].retries,
                run_after=run_after,
                asked_by_key=actor.key,
                asked_by_name=actor.name,
                request_id=actor.request_id,
                why=why[:200],
            )
    except IntegrityError:
        return None


def _brought_forward(kind: str, key: str, wanted: datetime) -> Job | None:
    open_job = Job.objects.filter(kind=kind, key=key, state__in=OPEN_STATES)
    open_job.filter(state=JobState.WAITING, run_after__gt=wanted).update(run_after=wanted)
    return open_job.first()


def may_manage(actor: Actor, job: Job) -> bool:
    """Whether `actor` may retry or cancel this job: who asked for it, or who manages jobs."""
    return job.asked_by_key == actor.key or allowed(actor, "job.manage")


def job_retry(*, actor: Actor, job_id: int, reason: str = "") -> Job:
    """Let a failed or cancelled job run again, with as many attempts as it had at first."""
    with transaction.atomic():
        job = _locked(actor, job_id)
        if job.is_open or job.state == JobState.DONE:
            raise Conflict(
                f"This job is {job.get_state_display().lower()}; only one that failed or was "
                "cancelled can be retried. Reload the page to see how it stands."
            )
        if job.kind not in KINDS:
            raise Conflict("This version of Signet has no jobs of this kind; it cannot be retried.")
        twin = Job.objects.filter(kind=job.kind, key=job.key, state__in=OPEN_STATES).first()
        if twin:
            raise Conflict(
                f"Job {twin.pk} does the same work already. Follow that one; this stays as it is."
            )
        before = _facts(job)
        # Attempts only ever grow: their number is what tells a worker back from the dead apart.
        job.max_attempts = job.attempts + KINDS[job.kind].retries
        job.state, job.run_after = JobState.WAITING, timezone.now()
        job.cancel_asked, job.finished_at = False, None
        job.save(
            update_fields=["max_attempts", "state", "run_after", "cancel_asked", "finished_at"]
        )
        record(actor, "job.retry", job, before=before, after=_facts(job), reason=reason)
        transaction.on_commit(partial(nudge, job.pk), robust=True)
    return job


def job_cancel(*, actor: Actor, job_id: int, reason: str = "") -> Job:
    """Cancel a waiting job at once; ask a running one to stop where that leaves things whole."""
    with transaction.atomic():
        job = _locked(actor, job_id)
        if not job.is_open:
            raise Conflict(
                f"This job is {job.get_state_display().lower()}; there is nothing left to cancel."
            )
        before = _facts(job)
        job.cancel_asked = True
        if job.state == JobState.WAITING:
            job.state, job.finished_at = JobState.CANCELLED, timezone.now()
        job.save(update_fields=["cancel_asked", "state", "finished_at"])
        record(actor, "job.cancel", job, before=before, after=_facts(job), reason=reason)
    return job


def _locked(actor: Actor, job_id: int) -> Job:
    # A job that ends holds the chain's head and then its own row; the same order here, or the two
    # would wait for each other.
    TrailHead.objects.select_for_update().get(pk=1)
    job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
    if not may_manage(actor, job):
        require(actor, "job.manage")
    return job


def _facts(job: Job) -> dict[str, Any]:
    return {
        "kind": title_of(job.kind),
        "state": str(job.state),
        "attempts": job.attempts,
        "cancel_asked": job.cancel_asked,
    }


def jobs_prune(*, done_before: datetime, failed_before: datetime) -> int:
    """Delete old finished jobs with their logs, a thousand at a time; how many there were."""
    finished = Job.objects.filter(
        state__in=(JobState.DONE, JobState.CANCELLED), finished_at__lt=done_before
    )
    failed = Job.objects.filter(state=JobState.FAILED, finished_at__lt=failed_before)
    total = 0
    for old in (finished, failed):
        while ids := list(old.order_by("id").values_list("id", flat=True)[:1000]):
            Job.objects.filter(pk__in=ids).delete()
            total += len(ids)
    return total
