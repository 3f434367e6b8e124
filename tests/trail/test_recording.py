"""Recording: with its change or not at all, one after another, always the same text."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connections, transaction

from portal.accounts.models import BusinessUnit
from portal.actors import service
from portal.trail.models import TrailEvent, TrailHead
from portal.trail.services import Entry, canonical, record, record_all
from portal.trail.verification import trail_walk
from tests.factories import make_actor, make_unit


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    actor, unit = make_actor(), make_unit()
    before = TrailHead.objects.get().seq
    with pytest.raises(RuntimeError, match="belongs to the transaction"):
        record(actor, "unit.create", unit)
    assert TrailHead.objects.get().seq == before


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_undone_leaves_no_event() -> None:
    actor, unit = make_actor(), make_unit()
    before = TrailHead.objects.get().seq
    with transaction.atomic():
        BusinessUnit.objects.filter(pk=unit.pk).update(name="Other")
        record(actor, "unit.rename", unit, before={"name": unit.name}, after={"name": "Other"})
        transaction.set_rollback(True)
    assert TrailHead.objects.get().seq == before
    assert not TrailEvent.objects.filter(seq__gt=before).exists()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_keep_one_chain() -> None:
    actor, unit = make_actor(), make_unit()
    first = TrailHead.objects.get().seq
    start, failures = threading.Barrier(4), []

    def write() -> None:
        try:
            start.wait(timeout=20)
            for _ in range(15):
                with transaction.atomic():
                    record_all(actor, [Entry("unit.touch", unit), Entry("unit.touch", unit)])
        except Exception as error:  # told in the main thread
            failures.append(error)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    written = list(TrailEvent.objects.filter(seq__gt=first).order_by("seq"))
    assert [event.seq for event in written] == list(range(first + 1, first + 121))
    assert all(later.prev == event.hash for event, later in pairwise(written))
    assert TrailHead.objects.get().hash == written[-1].hash


@pytest.mark.django_db
def test_many_events_at_once_take_few_queries(
    django_assert_num_queries: object, ground_of_owner: None
) -> None:
    actor, unit = make_actor(), make_unit()
    entries = [Entry("unit.touch", unit, reason=str(number)) for number in range(2500)]
    with django_assert_num_queries(5):
        events = record_all(actor, entries)
    assert [event.seq for event in events] == list(range(1, 2501))
    assert trail_walk().findings == []


@pytest.mark.django_db
def test_no_entries_are_no_event(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):
        assert record_all(service("nobody"), []) == []


def test_the_same_facts_give_the_same_text() -> None:
    facts = {
        "b": {3, 1, 2},
        "a": datetime(2026, 9, 1, tzinfo=UTC),
        "c": Decimal("0.10"),
        "d": [float("nan"), float("inf"), 0.1],
        "e": "é\u0000<",
        "f": {2: None},
    }
    expected = (
        '{"a":"2026-09-01T00:00:00+00:00","b":[1,2,3],"c":"0.10","d":["nan","inf",0.1],'
        '"e":"é\\u0000<","f":{"2":null}}'
    )
    assert canonical(facts) == expected
    assert canonical(dict(reversed(facts.items()))) == expected


@pytest.mark.django_db
def test_an_event_says_who_what_and_why(ground_of_owner: None) -> None:
    actor, unit = make_actor(), make_unit("Supply chain")
    event = record(actor, "unit.create", unit, after={"name": "Supply chain"}, reason="New unit")
    stored = TrailEvent.objects.get(pk=event.seq)
    assert stored.facts == {
        "schema": 1,
        "seq": 1,
        "at": stored.at.isoformat(timespec="microseconds"),
        "actor": {"key": actor.key, "name": actor.name, "kind": "person"},
        "on_behalf_of": "",
        "request_id": "test-request",
        "verb": "unit.create",
        "subject": {"kind": "accounts.businessunit", "id": str(unit.pk), "label": "Supply chain"},
        "before": None,
        "after": {"name": "Supply chain"},
        "reason": "New unit",
    }
