"""Reads on jobs."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from portal.accounts.permissions import allowed
from portal.actors import Actor
from portal.jobs.models import OPEN_STATES, Job, JobState
from portal.jobs.registry import title_of

RUNNING_FIRST = Case(
    When(state=JobState.RUNNING, then=Value(0)),
    When(state=JobState.WAITING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Choice:
    """One value of a filter, with how many jobs have it."""

    value: str
    label: str
    count: int


def visible_jobs(actor: Actor) -> QuerySet[Job]:
    """The jobs that `actor` may see."""
    return Job.objects.all() if allowed(actor, "job.view") else Job.objects.none()


def listed(jobs: QuerySet[Job], *, state: str, kind: str) -> QuerySet[Job]:
    """Jobs of a state and kind, or of all where empty: running, then waiting, then the newest."""
    if state:
        jobs = jobs.filter(state=state)
    if kind:
        jobs = jobs.filter(kind=kind)
    return jobs.order_by(RUNNING_FIRST, "-id")


def by_state(jobs: QuerySet[Job], kind: str) -> list[Choice]:
    """Every state with how many jobs of this kind are in it."""
    if kind:
        jobs = jobs.filter(kind=kind)
    counts = dict(jobs.order_by().values_list("state").annotate(Count("id")))
    return [Choice(s.value, s.label, counts.get(s.value, 0)) for s in JobState]


def by_kind(jobs: QuerySet[Job]) -> list[Choice]:
    """Every kind that has jobs, with how many are open."""
    opened = Count("id", filter=Q(state__in=OPEN_STATES))
    rows: Iterable[tuple[str, int]] = jobs.order_by().values_list("kind").annotate(opened=opened)
    return sorted((Choice(k, title_of(k), n) for k, n in rows), key=lambda choice: choice.label)
