"""Doing one job: claim it, call its function, write down how it ended.

Every step is one conditional UPDATE fenced by the number of the attempt, so that two workers that
hold the same message, or one that comes back from the dead, cannot both have an effect.
"""

import logging
import random
import traceback
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from portal.errors import Denied, Invalid, SignetError, Upstream
from portal.jobs.context import Cancelled, JobContext, finish
from portal.jobs.journal import Journal, LeaseLost, clean
from portal.jobs.models import Job, JobLogLine, JobState
from portal.jobs.registry import KINDS

logger = logging.getLogger(__name__)
TRACEBACK_LINES = 20
LONGEST_PAUSE = 300.0


def run_job(job_id: int, *, taken_by: str = "", worker: str = "", again: bool = False) -> bool:
    """Do one job if it is due and nobody has it; whether this call did it, well or badly.

    `taken_by` names the message that brought it. `again` says that this message comes a second
    time, which proves that the worker that took it first is gone.
    """
    job = claim(job_id, taken_by=taken_by, again=again)
    if job is None:
        return False
    kind = KINDS[job.kind]
    with Journal(job.pk, job.attempts, kind.lease, worker) as journal:
        context = JobContext(job, kind, journal)
        attempt(context)
    return True


def claim(job_id: int, *, taken_by: str, again: bool) -> Job | None:
    """Take the job and count the attempt in one committed UPDATE, before any work."""
    job = Job.objects.filter(pk=job_id).filter(due(taken_by if again else "")).first()
    if job is None:
        return None
    if job.kind not in KINDS:
        # Left waiting: during an upgrade a newer worker knows it.
        logger.warning("job %s: this version has no jobs of kind %s", job.pk, job.kind)
        return None
    seen = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=job.state)
    seen = seen.filter(due(taken_by if again else ""))
    if job.cancel_asked:
        seen.update(state=JobState.CANCELLED, finished_at=Now(), lease_until=None)
        return None
    if job.attempts >= job.max_attempts:
        give_up(seen, job)
        return None
    taken = seen.update(
        state=JobState.RUNNING,
        attempts=F("attempts") + 1,
        lease_until=Now() + KINDS[job.kind].lease,
        taken_by=taken_by,
        started_at=Now(),
        progress_done=0,
        progress_total=0,
        progress_text="",
    )
    if not taken:
        return None
    if job.state == JobState.RUNNING:
        say(job, f"Attempt {job.attempts} ended without a word: its worker stopped.")
    job.attempts += 1
    job.state = JobState.RUNNING
    return job


def due(abandoned_by: str = "") -> Q:
    """Jobs whose time has come, and those whose worker is gone."""
    waiting = Q(state=JobState.WAITING, run_after__lte=Now())
    lapsed = Q(state=JobState.RUNNING, lease_until__lt=Now())
    if not abandoned_by:
        return waiting | lapsed
    return waiting | lapsed | Q(state=JobState.RUNNING, taken_by=abandoned_by)


def give_up(seen: QuerySet[Job], job: Job) -> None:
    """Stop a job that took its worker down in every attempt, so that it cannot do so for ever."""
    seen.update(
        state=JobState.FAILED,
        finished_at=Now(),
        lease_until=None,
        error=(
            f"The worker stopped in the middle of each of {job.attempts} attempts, for instance "
            "for want of memory or because the job ran over its time limit. Look at the worker's "
            "log, then retry the job."
        ),
    )


def attempt(context: JobContext) -> None:
    """Call the kind's function once and write down how it ended."""
    job = context.job
    try:
        work(context)
    except LeaseLost:
        logger.warning("job %s: attempt %s lost its lease and was undone", job.pk, job.attempts)
    except Cancelled:
        settle(job, state=JobState.CANCELLED, finished_at=Now(), lease_until=None)
    except SoftTimeLimitExceeded:
        failed(job, "The job ran longer than a job may. Its work was undone.", permanent=False)
    except SignetError as error:
        logger.warning("job %s: %s", job.pk, error)
        failed(job, error.message, permanent=is_permanent(error))
    except Exception as error:
        # The row is the record: people read there what happened, and can retry.
        logger.exception("job %s: attempt %s failed", job.pk, job.attempts)
        explain(job, error)
        failed(job, f"Unexpected {type(error).__name__}: {error}", permanent=False)


def work(context: JobContext) -> None:
    """The kind's function, with `done` in the transaction of its last effect."""
    job, kind = context.job, context.kind
    if kind.atomic:
        with transaction.atomic():
            finish(job, kind.handler(context, **job.args) or {})
        return
    result = kind.handler(context, **job.args)
    if not context.finished:
        finish(job, result or {})


def is_permanent(error: SignetError) -> bool:
    """Whether trying again cannot help."""
    if isinstance(error, Upstream):
        return error.permanent
    return isinstance(error, Invalid | Denied)


def failed(job: Job, message: str, *, permanent: bool) -> None:
    """Put the job back with a growing pause, or stop it when it has had its attempts."""
    text = clean(message, 2000)
    if permanent or job.attempts >= job.max_attempts:
        settle(job, state=JobState.FAILED, finished_at=Now(), lease_until=None, error=text)
        return
    pause = timedelta(seconds=pause_after(job.attempts))
    say(job, f"Attempt {job.attempts} failed: {message} The next one comes later.")
    settle(job, state=JobState.WAITING, run_after=Now() + pause, lease_until=None, error=text)


def pause_after(attempts: int) -> float:
    """Seconds before the next attempt: 1, 4, 16 … up to 5 minutes, less up to half at random."""
    return min(LONGEST_PAUSE, 4.0 ** (attempts - 1)) * random.uniform(0.5, 1.0)  # noqa: S311


def settle(job: Job, **fields: Any) -> None:
    """End this attempt; does nothing when the job is no longer this attempt's."""
    Job.objects.filter(pk=job.pk, attempts=job.attempts, state=JobState.RUNNING).update(**fields)


def explain(job: Job, error: Exception) -> None:
    """Keep the end of the traceback in the job's log."""
    lines = "".join(traceback.format_exception(error)).splitlines()[-TRACEBACK_LINES:]
    for line in lines:
        say(job, line)


def say(job: Job, text: str) -> None:
    """Add a line to the log of the job's current attempt, outside its work."""
    JobLogLine.objects.create(job_id=job.pk, attempt=job.attempts, text=clean(text, 500))
