"""Anchors: signed statements of the chain's end, so that nobody can cut or rewrite it unseen."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor, service
from portal.errors import Conflict
from portal.jobs.services import job_enqueue
from portal.trail import keys
from portal.trail.models import TrailAnchor, TrailEvent, TrailHead
from portal.trail.places import places
from portal.trail.verifier import ANCHOR_EVERY, START, link, merkle_root, statement

ANCHOR_AFTER = timedelta(hours=1)
LONGEST_SPAN = 10_000
# One anchor at a time, without holding up those who write to the trail.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('trail_anchor'))"


def anchor_ask(reason: str = "") -> None:
    """Ask for an anchor in the background; while one is asked for, this changes nothing."""
    job_enqueue(actor=service("trail"), kind="trail.anchor", key="due", args={"reason": reason})


def anchor_due() -> str:
    """Why an anchor is due now, or an empty text."""
    head = TrailHead.objects.get(pk=1)
    last = TrailAnchor.objects.first()
    done = last.seq if last else 0
    if head.seq - done >= ANCHOR_EVERY:
        return f"every {ANCHOR_EVERY} events"
    oldest = TrailEvent.objects.filter(seq__gt=done).order_by("seq").values_list("at", flat=True)
    first = oldest.first()
    return "every hour" if first and timezone.now() - first >= ANCHOR_AFTER else ""


def anchor_take(*, actor: Actor, reason: str) -> TrailAnchor | None:
    """Anchor every event so far, and have it copied outside the database once this is committed.

    Returns the newest anchor, which may be an older one when nothing has happened since; None for
    an empty trail. Refuses with Conflict to sign events that were tampered with.
    """
    require(actor, "trail.anchor")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        head = TrailHead.objects.get(pk=1)
        last = TrailAnchor.objects.first()
        while head.seq > (last.seq if last else 0):
            last = _anchor_next(last, head, reason)
            for place in places():
                job_enqueue(
                    actor=actor,
                    kind="trail.publish",
                    key=f"{place}:{last.seq}",
                    args={"place": place, "seq": last.seq},
                    why=f"anchor at event {last.seq}: {reason}",
                )
        return last


def _anchor_next(last: TrailAnchor | None, head: TrailHead, reason: str) -> TrailAnchor:
    first = last.seq + 1 if last else 1
    end = min(head.seq, first + LONGEST_SPAN - 1)
    hashes = _whole_span(first, end, last.hash if last else START)
    if end == head.seq and hashes[-1] != head.hash:
        raise _broken(end)
    key = keys.signing_key(may_make=last is None)
    anchor = TrailAnchor(
        seq=end,
        first_seq=first,
        hash=hashes[-1],
        merkle_root=merkle_root(hashes),
        at=timezone.now(),
        reason=reason[:60],
        public_key=keys.public_hex(key.public_key()),
    )
    anchor.signature = key.sign(statement(facts_of(anchor))).hex()
    anchor.save(force_insert=True)
    return anchor


def _whole_span(first: int, end: int, previous: str) -> list[str]:
    """The hashes of a span, after checking that it continues the last anchor without a gap."""
    hashes: list[str] = []
    rows = TrailEvent.objects.filter(seq__gte=first, seq__lte=end).order_by("seq")
    for seq, prev, body, stored in rows.values_list("seq", "prev", "body", "hash"):
        if seq != first + len(hashes) or prev != previous or link(prev, body) != stored:
            raise _broken(seq)
        previous = stored
        hashes.append(stored)
    if len(hashes) != end - first + 1:
        raise _broken(first + len(hashes))
    return hashes


def _broken(seq: int) -> Conflict:
    return Conflict(
        f"The trail does not hold together at event {seq}, so it is not signed. "
        "Run `manage.py trail verify` to see everything that was changed.",
        code="trail-broken",
    )


def utc(moment: datetime) -> str:
    """A moment as the trail writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def facts_of(anchor: TrailAnchor) -> dict[str, Any]:
    """An anchor as the verifier, the anchor file and the log know it."""
    return {
        "first_seq": anchor.first_seq,
        "seq": anchor.seq,
        "hash": anchor.hash,
        "merkle_root": anchor.merkle_root,
        "at": utc(anchor.at),
        "reason": anchor.reason,
        "public_key": anchor.public_key,
        "signature": anchor.signature,
    }
