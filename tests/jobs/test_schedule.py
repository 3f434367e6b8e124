"""Recurring jobs and the sweeper; real transactions, no worker."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from portal.jobs import nudge
from portal.jobs.models import Job, JobState, Schedule
from portal.jobs.runner import claim
from portal.jobs.schedule import RECURRING, every, schedules_run
from portal.jobs.sweeper import ENOUGH, sweep
from tests.jobs.test_services import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recurring() -> Iterator[str]:
    """One recurring job, and no other."""
    others = dict(RECURRING)
    RECURRING.clear()
    every(minutes=5, kind="test.effect", args={"mark": "m"})
    yield "test.effect:recurring"
    RECURRING.clear()
    RECURRING.update(others)


@pytest.fixture
def empty_queue(own_broker: None) -> None:
    nudge._ask(lambda link: link.default_channel.client.flushdb())


def end_all() -> None:
    Job.objects.update(state=JobState.DONE, finished_at=timezone.now())


def test_a_recurring_job_runs_at_once_and_then_after_its_interval(recurring: str) -> None:
    assert len(schedules_run()) == 1
    end_all()
    assert schedules_run() == []
    Schedule.objects.update(due_at=timezone.now() - timedelta(hours=3))
    assert len(schedules_run()) == 1
    end_all()
    assert schedules_run() == [], "what was missed is caught up with one run"


def test_a_run_that_is_still_open_is_not_joined_by_another(recurring: str) -> None:
    first = schedules_run()
    Schedule.objects.update(due_at=timezone.now())
    assert schedules_run() == first
    assert Job.objects.count() == 1


def test_a_shorter_interval_takes_effect_now(recurring: str) -> None:
    schedules_run()
    Schedule.objects.update(due_at=timezone.now() + timedelta(days=1))
    schedules_run()
    assert Schedule.objects.get().due_at < timezone.now() + timedelta(minutes=6)


def test_ticks_at_the_same_time_start_it_once(recurring: str) -> None:
    def tick(_: int) -> int:
        try:
            return len(schedules_run())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        started = sum(pool.map(tick, range(8)))
    assert (started, Job.objects.count()) == (1, 1)


def test_asking_for_the_same_work_at_the_same_time_makes_one_job() -> None:
    def ask(_: int) -> int:
        try:
            return enqueue("test.effect", "same", mark="m").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(24)))) == 1


def test_the_sweeper_sends_what_is_due_and_what_was_left(empty_queue: None) -> None:
    due, left, later, busy = (enqueue("test.effect", mark="m") for _ in range(4))
    for job in (left, busy):
        claim(job.pk, taken_by="", again=False)
    Job.objects.filter(pk=left.pk).update(lease_until="2020-01-01T00:00Z")
    Job.objects.filter(pk=later.pk).update(run_after=timezone.now() + timedelta(hours=1))
    nudge._ask(lambda link: link.default_channel.client.flushdb())
    assert sweep() == 2
    assert nudge.queue_length() == 2
    assert due.attempts == 0


def test_the_sweeper_does_not_wait_for_a_job_that_is_being_taken(empty_queue: None) -> None:
    job = enqueue("test.effect", mark="m")

    def swept() -> int:
        try:
            return sweep()
        finally:
            connections.close_all()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        Job.objects.select_for_update().get(pk=job.pk)
        assert pool.submit(swept).result(timeout=2) == 0


def test_a_long_backlog_is_not_sent_again_and_again(empty_queue: None) -> None:
    Job.objects.bulk_create(
        Job(kind="test.effect", key=str(n), run_after=timezone.now()) for n in range(ENOUGH + 50)
    )
    assert sweep() == ENOUGH
    assert sweep() == 0


def test_a_broker_that_is_down_stops_neither_the_sweeper_nor_the_request(broker_down: None) -> None:
    started = timezone.now()
    with transaction.atomic():
        job = enqueue("test.effect", mark="m")
    enqueue("test.effect", mark="m")
    assert sweep() == 0
    assert timezone.now() - started < timedelta(seconds=1)
    assert Job.objects.get(pk=job.pk).state == JobState.WAITING
