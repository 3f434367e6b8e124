"""Only one clock ticks, whoever starts how many."""

from collections.abc import Iterator

import pytest
from django.db import connection

from portal.celery import app
from portal.jobs import beat
from portal.jobs.beat import OneBeat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[OneBeat, OneBeat]]:
    monkeypatch.setattr(beat, "LOCK", 4711)
    pair = OneBeat(app=app), OneBeat(app=app)
    yield pair
    for clock in pair:
        clock._end_session()


def test_the_second_ticks_when_the_first_has_ended(clocks: tuple[OneBeat, OneBeat]) -> None:
    first, second = clocks
    assert first.holds_lock()
    assert first.holds_lock()
    assert not second.holds_lock()
    assert second.tick() == beat.WAIT
    first._end_session()
    assert second.holds_lock()


def test_one_that_lost_its_database_session_is_no_longer_the_one(
    clocks: tuple[OneBeat, OneBeat],
) -> None:
    first, second = clocks
    assert first.holds_lock()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objid = 4711"
        )
        assert cursor.fetchall() == [(True,)]
    assert not first.holds_lock()
    assert second.holds_lock()
    assert not first.holds_lock()
