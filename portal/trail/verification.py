"""Verifying the trail where it lies: the checks are those of `verifier.py`, the rows come live."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.dbroles import runtime_can
from portal.jobs.models import Job
from portal.jobs.services import job_enqueue
from portal.trail.anchors import facts_of, utc
from portal.trail.keys import trusted_keys
from portal.trail.models import TrailAnchor, TrailEvent, TrailVerification
from portal.trail.places import anchor_file
from portal.trail.services import record
from portal.trail.verifier import START, Report, Row, Verifier, read_anchors

BATCH = 2000
KEPT = 200
# How long an anchor may be on its way to the anchor file before its absence is a finding.
ON_ITS_WAY = timedelta(minutes=10)
COLUMNS = (
    "seq", "prev", "hash", "body", "at", "actor_key", "actor_name", "verb",
    "subject_kind", "subject_id", "subject_label", "request_id",
)  # fmt: skip
_ENDS = """
SELECT coalesce(max(h.seq), 0), coalesce(max(h.hash), %s),
       (SELECT coalesce(max(seq), 0) FROM trail_event)
FROM trail_head h
"""
Progress = Callable[[int, int], None]


def ends() -> tuple[dict[str, Any], int]:
    """The head and the highest event, as of one moment; they are equal unless somebody meddled."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDS, [START])
        seq, last_hash, highest = cursor.fetchone()
    return {"seq": seq, "hash": last_hash}, highest


def stored_rows(until: int) -> Iterator[dict[str, Any]]:
    """Every event up to `until` in order, read in batches, as the verifier takes them."""
    last = -(2**63)
    while True:
        batch = TrailEvent.objects.filter(seq__gt=last, seq__lte=until).order_by("seq")
        rows = list(batch.values_list(*COLUMNS)[:BATCH])
        for values in rows:
            yield as_read(dict(zip(COLUMNS, values, strict=True)))
        if len(rows) < BATCH:
            return
        last = rows[-1][0]


def as_read(row: dict[str, Any]) -> dict[str, Any]:
    """A stored event as the verifier reads it."""
    return {**row, "at": utc(row["at"])}


def event_row(event: TrailEvent) -> dict[str, Any]:
    """One event as the verifier reads it."""
    return as_read({name: getattr(event, name) for name in COLUMNS})


def trail_walk(progress: Progress | None = None) -> Report:
    """Check every event, the head and every anchor against each other and the anchor file."""
    report = Report()
    path = anchor_file()
    # The file before the table and the table before the head: so each can only be behind the next.
    outside = read_anchors(path, report) if path.exists() else []
    inside = [facts_of(anchor) for anchor in TrailAnchor.objects.order_by("seq")]
    head, highest = ends()
    report.notes += runtime_can()
    verifier = Verifier(
        inside, outside + _on_their_way(inside, outside, report), trusted_keys(), report
    )
    for row in stored_rows(until=highest):
        verifier.event(row)
        if progress and report.events % BATCH == 0:
            progress(report.events, highest)
    return verifier.finish(head)


def _on_their_way(inside: list[dict[str, Any]], outside: list[Row], report: Report) -> list[Row]:
    since = utc(timezone.now() - ON_ITS_WAY)
    written = {anchor["seq"] for anchor in outside}
    young = [facts for facts in inside if facts["seq"] not in written and facts["at"] > since]
    report.notes += [
        f"The anchor at event {facts['seq']} is on its way to the anchor file." for facts in young
    ]
    return list(young)


def trail_verify_ask(*, actor: Actor) -> Job:
    """The verification that runs or waits, asked for now if there is none."""
    require(actor, "trail.verify")
    return job_enqueue(
        actor=actor, kind="trail.verify", key="all", why="asked for on the trail page"
    )


def trail_verification_keep(
    *, actor: Actor, report: Report, started_at: datetime
) -> TrailVerification:
    """Keep what a verification found, and record that it took place."""
    with transaction.atomic():
        kept = TrailVerification.objects.create(
            started_at=started_at,
            asked_by_name=actor.on_behalf_of or actor.name,
            events=report.events,
            anchors=report.anchors,
            finding_count=report.finding_count,
            findings=report.findings[:KEPT],
            notes=report.notes,
        )
        after = {
            "events": kept.events,
            "anchors": kept.anchors,
            "findings": kept.finding_count,
        }
        record(actor, "trail.verify", kept, after=after)
    return kept
