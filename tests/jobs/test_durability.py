"""Nothing asked for is lost and nothing happens twice, with a real worker that is killed."""

import itertools
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.test import Client

from portal.actors import service
from portal.jobs import nudge
from portal.jobs.models import OPEN_STATES, Job, JobState, Probe
from portal.jobs.services import job_cancel, job_enqueue
from portal.trail.models import TrailEvent
from tests.factories import make_actor
from tests.jobs import engine
from tests.jobs.kinds import EFFECT
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = 15
ASKER = service("sync")


def enqueue(kind: str, key: str = "", **args: object) -> Job:
    return job_enqueue(actor=ASKER, kind=kind, key=key or uuid4().hex, args=args)


def wipe_broker() -> None:
    """Forget every message, as a broker without its file would after a crash."""
    nudge._ask(lambda link: link.default_channel.client.flushdb())


def kill_one(worker: engine.Process) -> None:
    """Kill one of the worker's processes, whatever it is doing."""
    with suppress(psutil.NoSuchProcess, IndexError):
        random.choice(worker.children()).kill()


def ended(job: Job) -> Job | None:
    job.refresh_from_db()
    return None if job.is_open else job


def test_every_job_has_its_effect_once_although_workers_die_and_the_broker_forgets(
    running: engine.Process,
) -> None:
    mark = uuid4().hex
    kinds = itertools.cycle(["test.effect", "test.finishing"])
    jobs = [enqueue(next(kinds), mark=mark, seconds=0.15) for _ in range(64)]
    poison = enqueue("test.poison")
    struck: set[tuple[int, int]] = set()
    wipes = [4, 8, 12]

    def quiet() -> bool:
        at_work = ours().filter(state=JobState.RUNNING).exclude(kind="test.poison")
        fresh = set(at_work.values_list("pk", "attempts")) - struck
        if fresh and len(struck) < KILLS and random.random() < 0.6:
            struck.update(fresh)
            kill_one(running)
        if wipes and len(struck) >= wipes[0]:
            wipes.pop(0)
            wipe_broker()
        return not ours().filter(state__in=OPEN_STATES).exists()

    wait_until(quiet, 120, "all jobs")
    assert states() == {JobState.DONE: len(jobs), JobState.FAILED: 1}
    effects = TrailEvent.objects.filter(verb=EFFECT, body__contains=mark)
    times = Counter(effects.values_list("subject_id", flat=True))
    assert times == {str(job.pk): 1 for job in jobs}
    assert ours().filter(state=JobState.DONE, attempts__gt=1).count() >= 5
    assert not wipes
    poison.refresh_from_db()
    assert poison.attempts == 3
    assert "each of 3 attempts" in poison.error


def test_a_running_job_shows_its_progress_and_stops_when_told(running: engine.Process) -> None:
    job = enqueue("test.until_told")

    def visible() -> bool:
        job.refresh_from_db()
        return job.progress_done > 1 and job.lines.exists()

    wait_until(visible, 30, "progress")
    job_cancel(actor=make_actor("platform_admin"), job_id=job.pk, reason="not needed")
    assert wait_until(lambda: ended(job), 30, "the end").state == JobState.CANCELLED
    assert job.progress_done < 2000


def test_jobs_of_a_worker_that_died_whole_are_taken_by_another(
    running: engine.Process, broker_url: str, tmp_path: Path
) -> None:
    with engine.worker(broker_url, tmp_path, "doomed") as doomed:
        jobs = [enqueue("test.until_told") for _ in range(3)]  # one worker does two at a time
        wait_until(lambda: states() == {JobState.RUNNING: 3}, 30, "both workers to be busy")
        doomed.kill()
    left = wait_until(lambda: list(ours().filter(lease_until__lt=Now())), 20, "a lease to run out")
    admin = make_actor("platform_admin")
    for job in jobs:
        if job not in left:
            job_cancel(actor=admin, job_id=job.pk)
    again = Job.objects.filter(pk=left[0].pk, attempts=2, state=JobState.RUNNING)
    wait_until(again.exists, 30, "the second attempt")
    for job in left:
        job_cancel(actor=admin, job_id=job.pk)
    wait_until(lambda: states() == {JobState.CANCELLED: 3}, 30, "the end")


def ours() -> QuerySet[Job]:
    return Job.objects.filter(kind__startswith="test.")


def states() -> Counter[str]:
    return Counter(ours().values_list("state", flat=True))


def test_a_worker_shows_that_it_takes_work_and_looks_at_mlflow(
    running: engine.Process, client: Client
) -> None:
    def checks() -> dict[str, dict[str, object]] | None:
        found = client.get("/readyz").json()["checks"]
        return found if found["worker"]["ok"] and Probe.objects.exists() else None

    found = wait_until(checks, 20, "a heartbeat")
    assert found["database"]["ok"]
    assert found["broker"]["ok"]
    assert found["worker"]["age"] < 20


def test_workers_may_take_longer_over_a_statement_than_the_web(running: engine.Process) -> None:
    job = enqueue("test.limits")
    assert wait_until(lambda: ended(job), 20, "the job").result == {"text": "5min, 10s"}


def test_a_second_beat_waits_for_the_first_to_end(
    running: engine.Process, broker_url: str, tmp_path: Path
) -> None:
    with engine.beat(broker_url, tmp_path, "second") as second:
        wait_until(lambda: second.says("another beat ticks"), 20, "the second beat to say so")
        assert not second.says("Sending due task")


def test_a_job_asked_for_in_a_transaction_that_fails_was_never_asked_for() -> None:
    def rolled_back() -> None:
        with transaction.atomic():
            enqueue("test.effect", mark="never")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        rolled_back()
    assert not ours().exists()
