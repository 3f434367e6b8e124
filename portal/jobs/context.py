"""What the function that does a job gets to work with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from portal.actors import Actor, service
from portal.jobs.journal import Journal, LeaseLost
from portal.jobs.models import Job, JobState
from portal.jobs.registry import Kind

OFTEN = 0.5


class Cancelled(Exception):
    """Somebody asked that this job stop, and it has reached a place where it can."""


class JobContext:
    """The job being done, who acts, and how to say how far it is."""

    def __init__(self, job: Job, kind: Kind, journal: Journal) -> None:
        self.job = job
        self.kind = kind
        self.finished = False
        self._journal = journal
        self._shown = 0.0
        self._checked = 0.0

    @property
    def actor(self) -> Actor:
        """The service this kind acts as, on behalf of the one who asked."""
        asker = self.job.asked_by_name
        acting = service(
            self.kind.service, on_behalf_of="" if asker == self.kind.service else asker
        )
        return replace(acting, request_id=self.job.request_id)

    def log(self, text: str) -> None:
        """Add a line to the job's page at once, also when the work is rolled back later."""
        self._journal.log(text)

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Show how far the work is; call it as often as you like, it writes twice a second."""
        now = time.monotonic()
        if now - self._shown < OFTEN and done < total:
            return
        self._shown = now
        self._journal.progress(done, total, text)

    def check_cancelled(self) -> None:
        """Raise Cancelled if somebody asked to stop; call it where stopping leaves things whole."""
        now = time.monotonic()
        if now - self._checked >= OFTEN:
            self._checked = now
            self._journal.renew()
        if self._journal.cancel_asked:
            raise Cancelled

    @contextmanager
    def finishing(self, result: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Commit the last effect and `done` together, or neither when the lease is lost.

        Gives the result to fill in: `text` says what came of it, `link` is the page to see it on.
        """
        outcome = dict(result or {})
        self._journal.renew()
        with transaction.atomic():
            yield outcome
            finish(self.job, outcome)
        self.finished = True


def finish(job: Job, result: dict[str, Any]) -> None:
    """Mark the job as done in the transaction of its effect; LeaseLost if it is another's by now.

    The row is touched last: whoever records in the trail holds the chain's head before it.
    """
    ours = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=JobState.RUNNING)
    if not ours.update(
        state=JobState.DONE, finished_at=Now(), lease_until=None, error="", result=result
    ):
        raise LeaseLost
