"""Appending to the trail: the last statement of every transaction that changes something."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from portal.actors import Actor
from portal.trail.models import TrailEvent, TrailHead
from portal.trail.verifier import ANCHOR_EVERY, link

SCHEMA = 1


@dataclass(frozen=True)
class Entry:
    """One change to record: what was done to which subject, before and after, and why."""

    verb: str
    subject: models.Model
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str = ""


def record(
    actor: Actor,
    verb: str,
    subject: models.Model,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> TrailEvent:
    """Append one event; must be the last statement of the surrounding transaction."""
    return record_all(actor, [Entry(verb, subject, before, after, reason)])[0]


def record_all(actor: Actor, entries: Iterable[Entry]) -> list[TrailEvent]:
    """Append several events under one lock of the head; RuntimeError outside a transaction."""
    pending = list(entries)
    if not pending:
        return []
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A trail event belongs to the transaction of the change it records.")
    head = TrailHead.objects.select_for_update().get(pk=1)
    at = timezone.now()
    events = []
    for entry in pending:
        event = chain(head, actor, entry, at)
        head.seq, head.hash = event.seq, event.hash
        events.append(event)
    TrailEvent.objects.bulk_create(events, batch_size=1000)
    head.save(update_fields=["seq", "hash"])
    if events[-1].seq // ANCHOR_EVERY > (events[0].seq - 1) // ANCHOR_EVERY:
        transaction.on_commit(ask_for_anchor, robust=True)
    return events


def ask_for_anchor() -> None:
    """Ask for an anchor soon; the schedule asks again should this be lost."""
    from portal.trail.anchors import anchor_ask  # the jobs it asks are recorded in the trail

    anchor_ask()


def chain(head: TrailHead, actor: Actor, entry: Entry, at: datetime) -> TrailEvent:
    """The event that follows `head`."""
    facts = {
        "schema": SCHEMA,
        "seq": head.seq + 1,
        "at": at.isoformat(timespec="microseconds"),
        "actor": {"key": actor.key, "name": actor.name, "kind": actor.kind},
        "on_behalf_of": actor.on_behalf_of,
        "request_id": actor.request_id,
        "verb": entry.verb,
        "subject": {
            "kind": entry.subject._meta.label_lower,
            "id": str(entry.subject.pk),
            "label": str(entry.subject)[:300],
        },
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
    }
    body = canonical(facts)
    return TrailEvent(
        seq=facts["seq"],
        prev=head.hash,
        hash=link(head.hash, body),
        body=body,
        at=at,
        actor_key=actor.key,
        actor_name=actor.name,
        verb=entry.verb,
        subject_kind=facts["subject"]["kind"],
        subject_id=facts["subject"]["id"],
        subject_label=facts["subject"]["label"],
        request_id=actor.request_id,
    )


def canonical(facts: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the same facts always give the same text."""
    return json.dumps(
        finite(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain
    )


def plain(value: Any) -> Any:
    """What JSON has no word for, as text that is the same each time."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


def finite(value: Any) -> Any:
    """The value with NaN and infinity as words: JSON has no numbers for them."""
    if isinstance(value, Mapping):
        return {str(key): finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
