"""Reading the trail."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import connection, models
from django.db.models import Q, QuerySet

from portal.accounts.permissions import allowed
from portal.actors import Actor
from portal.jobs.models import OPEN_STATES, Job, JobState
from portal.trail.models import TrailAnchor, TrailEvent, TrailHead, TrailVerification

PAGE = 50
# Jumps from one value of the index to the next instead of reading a million rows.
_VERBS = """
WITH RECURSIVE known AS (
    (SELECT verb FROM trail_event ORDER BY verb LIMIT 1)
    UNION ALL
    SELECT (SELECT verb FROM trail_event WHERE verb > known.verb ORDER BY verb LIMIT 1)
    FROM known WHERE known.verb IS NOT NULL
)
SELECT verb FROM known WHERE verb IS NOT NULL
"""


def visible_events(actor: Actor) -> QuerySet[TrailEvent]:
    """The events that `actor` may read: all of them, or none."""
    events = TrailEvent.objects.all()
    return events if allowed(actor, "trail.view") else events.none()


def events_of(*subjects: models.Model, limit: int = 20) -> list[TrailEvent]:
    """The newest events about these subjects; the caller has checked that they may be seen."""
    ids: dict[str, list[str]] = {}
    for subject in subjects:
        ids.setdefault(subject._meta.label_lower, []).append(str(subject.pk))
    if not ids:
        return []
    about = [Q(subject_kind=kind, subject_id__in=keys) for kind, keys in ids.items()]
    return list(TrailEvent.objects.filter(reduce(or_, about)).order_by("-seq")[:limit])


def known_verbs() -> list[str]:
    """Every verb that the trail holds."""
    with connection.cursor() as cursor:
        cursor.execute(_VERBS)
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True)
class Slice:
    """One page of events, newest first, and where the pages beside it begin."""

    events: list[TrailEvent]
    newer: int | None = None
    older: int | None = None

    @property
    def told(self) -> str:
        """What a screen reader says when the results have changed."""
        shown = len(self.events)
        return (
            f"{shown} event{'' if shown == 1 else 's'} shown{', more follow' if self.older else ''}"
        )

    @property
    def last(self) -> TrailEvent:
        """The oldest event of the page."""
        return self.events[-1]


def event_slice(events: QuerySet[TrailEvent], *, before: int | None, after: int | None) -> Slice:
    """The page that ends before one event, or begins after one; the newest without either."""
    if after is not None:
        rows = list(events.filter(seq__gt=after).order_by("seq")[: PAGE + 1])
        page = rows[:PAGE][::-1]
        return Slice(
            page, page[0].seq if len(rows) > PAGE else None, page[-1].seq if page else None
        )
    if before is not None:
        events = events.filter(seq__lt=before)
    rows = list(events.order_by("-seq")[: PAGE + 1])
    page = rows[:PAGE]
    newer = page[0].seq if page and before is not None else None
    return Slice(page, newer, page[-1].seq if len(rows) > PAGE else None)


@dataclass(frozen=True)
class TrailState:
    """How far the trail is, what protects it, and what the last verification found."""

    events: int
    anchor: TrailAnchor | None
    verification: TrailVerification | None
    job: Job | None
    copies_waiting: int
    copies_failed: int

    @property
    def unanchored(self) -> int:
        """How many events no anchor covers yet."""
        return self.events - (self.anchor.seq if self.anchor else 0)

    @property
    def running(self) -> bool:
        """Whether a verification runs or waits."""
        return self.job is not None and self.job.state in OPEN_STATES

    @property
    def failed(self) -> bool:
        """Whether the newest verification could not be done at all."""
        return self.job is not None and self.job.state == JobState.FAILED


def trail_state() -> TrailState:
    """The state of the trail at this moment."""
    head = TrailHead.objects.filter(pk=1).first()
    copies = Job.objects.filter(kind="trail.publish").aggregate(
        waiting=models.Count("pk", filter=Q(state__in=OPEN_STATES)),
        failed=models.Count("pk", filter=Q(state=JobState.FAILED)),
    )
    return TrailState(
        events=head.seq if head else 0,
        anchor=TrailAnchor.objects.first(),
        verification=TrailVerification.objects.first(),
        job=Job.objects.filter(kind="trail.verify").first(),
        copies_waiting=copies["waiting"],
        copies_failed=copies["failed"],
    )
