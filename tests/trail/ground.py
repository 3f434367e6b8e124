"""A trail of one's own: the owner's connection, an empty chain, everything undone at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction

from portal.actors import service
from portal.trail.anchors import anchor_take, facts_of
from portal.trail.models import TrailEvent
from portal.trail.places import to_file
from portal.trail.services import Entry, record_all
from portal.trail.verification import trail_walk
from portal.trail.verifier import Report
from tests.factories import make_actor, make_unit

TRAIL = service("trail")
TABLES = ("trail_event", "trail_anchor", "trail_head")


def sql(text: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def as_owner() -> Iterator[None]:
    """The default connection belongs to the owner of the tables; nothing is kept."""
    usual = connections["default"]
    owner = connections.create_connection("default")
    owner.settings_dict = {**usual.settings_dict, "USER": settings.DATABASES["owner"]["USER"]}
    connections["default"] = owner
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        owner.close()
        connections["default"] = usual


def disarm() -> None:
    """What only the owner can do: switch the triggers off."""
    for table in TABLES:
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def arm() -> None:
    for table in TABLES:
        sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def empty_trail() -> None:
    disarm()
    sql("DELETE FROM trail_event")
    sql("DELETE FROM trail_anchor")
    sql("UPDATE trail_head SET seq = 0, hash = repeat('0', 64)")
    arm()


def write_events(count: int) -> list[TrailEvent]:
    """`count` events of several people on several subjects."""
    people, units = [make_actor() for _ in range(2)], [make_unit() for _ in range(3)]
    events = []
    for number in range(count):
        entry = Entry("unit.rename", units[number % 3], {"name": "a"}, {"name": f"b{number}"})
        events += record_all(people[number % 2], [entry])
    return events


def anchor(reason: str = "for a test") -> None:
    taken = anchor_take(actor=TRAIL, reason=reason)
    assert taken
    to_file(facts_of(taken))


def verified_after(*attacks: tuple[str, list[Any]]) -> Report:
    """The verdict after an attack, which is undone."""
    with transaction.atomic():
        for text, values in attacks:
            sql(text, *values)
        report = trail_walk()
        transaction.set_rollback(True)
    return report


def kinds(report: Report) -> set[str]:
    return {finding["what"] for finding in report.findings}


def seqs(report: Report) -> set[int]:
    return {finding["seq"] for finding in report.findings}
