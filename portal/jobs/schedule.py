"""Recurring jobs: what recurs is declared here, when it is due next stands in the database."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.actors import service
from portal.jobs.models import Job, Schedule
from portal.jobs.registry import KINDS
from portal.jobs.services import job_enqueue

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recurring:
    """One recurring job."""

    kind: str
    key: str
    interval: timedelta
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What its row is called."""
        return f"{self.kind}:{self.key}"[:120]


RECURRING: dict[str, Recurring] = {}
LOOKS: list[Callable[[], None]] = []


def at_each_tick(look: Callable[[], None]) -> Callable[[], None]:
    """Declare a quick look, every ten seconds, for due times that stand on rows of their own."""
    LOOKS.append(look)
    return look


def every(
    *, kind: str, key: str = "recurring", args: dict[str, Any] | None = None, **span: float
) -> None:
    """Declare a recurring job, beside its kind: `every(minutes=5, kind="registry.sync")`.

    A run that is still open when the next is due is not joined by a second one, and what was missed
    while nothing ran is caught up with one run.
    """
    recurring = Recurring(kind, key, timedelta(**span), args or {})
    RECURRING[recurring.name] = recurring


def schedules_run() -> list[Job]:
    """Enqueue every recurring job that is due, each once however many ask at the same time."""
    known = dict(Schedule.objects.values_list("name", "due_at"))
    now = timezone.now()
    jobs = []
    for recurring in RECURRING.values():
        due_at = known.get(recurring.name)
        # A shorter interval than before takes effect now, not after the long one has passed.
        if due_at is None or due_at <= now or due_at > now + recurring.interval:
            job = _run_once(recurring)
            if job:
                jobs.append(job)
    return jobs


def _run_once(recurring: Recurring) -> Job | None:
    """Move the due time and enqueue in one transaction; None when another tick was first."""
    if recurring.kind not in KINDS:
        logger.error("recurring job %s: no jobs of kind %s", recurring.name, recurring.kind)
        return None
    with transaction.atomic():
        now = timezone.now()
        Schedule.objects.bulk_create(
            [Schedule(name=recurring.name, due_at=now)], ignore_conflicts=True
        )
        row = Schedule.objects.select_for_update(skip_locked=True).filter(pk=recurring.name).first()
        if row is None:
            return None
        was_due = row.due_at <= now
        if not was_due and row.due_at <= now + recurring.interval:
            return None
        row.due_at = now + recurring.interval
        row.save(update_fields=["due_at"])
        if not was_due:
            return None
        return job_enqueue(
            actor=service(KINDS[recurring.kind].service),
            kind=recurring.kind,
            key=recurring.key,
            args=recurring.args,
            why="due by its schedule",
        )
