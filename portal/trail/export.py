"""The trail as files: whole, to be verified elsewhere, or filtered, to be read in a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.spreadsheets import Line, guarded
from portal.trail.anchors import LOCK, facts_of, utc
from portal.trail.keys import trusted_keys
from portal.trail.models import TrailAnchor, TrailEvent
from portal.trail.verification import ends, stored_rows

BATCH = 1000
CSV_COLUMNS = (
    "seq", "at", "actor", "actor_key", "on_behalf_of", "verb", "subject_kind", "subject_id",
    "subject_label", "before", "after", "reason", "request_id", "hash",
)  # fmt: skip


def whole_trail() -> Iterator[str]:
    """Every line of a complete export, which `verifier.py` takes: a start, then the events."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # An anchor being taken is committed before this, or is dated after it.
            cursor.execute(LOCK)
        exported_at = utc(timezone.now())
        anchors = [facts_of(anchor) for anchor in TrailAnchor.objects.order_by("seq")]
        head, highest = ends()
    start = {
        "kind": "signet-trail",
        "schema": 1,
        "complete": True,
        "exported_at": exported_at,
        "public_keys": trusted_keys(),
        "head": head,
        "anchors": anchors,
    }
    yield json.dumps(start) + "\n"
    for row in stored_rows(until=highest):
        yield json.dumps(row, ensure_ascii=False) + "\n"


def batches(events: QuerySet[TrailEvent]) -> Iterator[TrailEvent]:
    """The events newest first, read in batches, so that any number takes little memory."""
    page = list(events.order_by("-seq")[:BATCH])
    while page:
        yield from page
        page = list(events.filter(seq__lt=page[-1].seq).order_by("-seq")[:BATCH])


def jsonl_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """One event a line, with its exact text and hash."""
    for event in batches(events):
        line = {"seq": event.seq, "prev": event.prev, "hash": event.hash, "body": event.body}
        yield json.dumps(line, ensure_ascii=False) + "\n"


def csv_lines(events: QuerySet[TrailEvent]) -> Iterator[str]:
    """A header and one event a line; a spreadsheet takes no cell for a formula."""
    writer = csv.writer(Line(), quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow(CSV_COLUMNS)
    for event in batches(events):
        yield writer.writerow([guarded(cell) for cell in _cells(event)])


def _cells(event: TrailEvent) -> list[Any]:
    facts = event.facts
    return [
        event.seq,
        utc(event.at),
        event.actor_name,
        event.actor_key,
        facts.get("on_behalf_of", ""),
        event.verb,
        event.subject_kind,
        event.subject_id,
        event.subject_label,
        _text(facts.get("before")),
        _text(facts.get("after")),
        facts.get("reason", ""),
        event.request_id,
        event.hash,
    ]


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
