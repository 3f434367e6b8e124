"""The trail's work in the background: anchors, their copies outside the database, verification."""

from typing import Any

from django.utils import timezone

from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every
from portal.trail.anchors import ANCHOR_EVERY, anchor_due, anchor_take, facts_of
from portal.trail.models import TrailAnchor
from portal.trail.places import PLACES
from portal.trail.verification import trail_verification_keep, trail_walk


@job("trail.anchor", title="Anchor the trail", retries=5, atomic=True)
def take_anchor(ctx: JobContext, *, reason: str = "") -> dict[str, Any]:
    """Anchor the trail when that is due, or when a reason is given."""
    why = reason or anchor_due()
    if not why:
        return {"text": f"Not due: one is taken every {ANCHOR_EVERY} events, and within the hour."}
    anchor = anchor_take(actor=ctx.actor, reason=why)
    return {"text": f"Anchored up to event {anchor.seq}." if anchor else "The trail is empty."}


# Copies outside the database are what makes cutting the trail visible, so they are tried for days.
@job("trail.publish", title="Copy an anchor outside the database", retries=500)
def publish_anchor(ctx: JobContext, *, place: str, seq: int) -> dict[str, Any]:
    """Write one anchor to one place; doing it twice does no harm."""
    PLACES[place](facts_of(TrailAnchor.objects.get(pk=seq)))
    return {"text": f"The anchor at event {seq} is in the {place}."}


@job("trail.verify", title="Verify the trail")
def verify_trail(ctx: JobContext) -> None:
    """Verify the whole trail and keep what was found."""
    started_at = timezone.now()

    def progress(done: int, total: int) -> None:
        ctx.progress(done, total, f"{done:,} of {total:,} events")
        ctx.check_cancelled()

    report = trail_walk(progress)
    for line in report.told().splitlines()[:50]:
        ctx.log(line.strip())
    with ctx.finishing() as outcome:
        kept = trail_verification_keep(actor=ctx.actor, report=report, started_at=started_at)
        outcome["text"] = str(kept.verdict)


every(minutes=5, kind="trail.anchor", key="due")
every(days=1, kind="trail.verify", key="all")
