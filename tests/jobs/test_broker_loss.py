"""The broker itself is killed and comes back without anything that it held."""

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from portal.jobs.models import OPEN_STATES, Job, JobState
from portal.trail.models import TrailEvent
from portal.up import broker, processes
from portal.up.home import Home
from tests.jobs import engine
from tests.jobs.conftest import use_broker
from tests.jobs.kinds import EFFECT
from tests.jobs.test_services import enqueue
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home() -> Iterator[Home]:
    """A folder for a broker of this test alone; short, because of the limit for unix sockets."""
    folder = tempfile.mkdtemp(prefix="sgb", dir="/tmp")
    home = Home(Path(folder))
    home.prepare()
    yield home
    broker.stop_leftover(home)
    shutil.rmtree(folder)


def test_jobs_outlive_a_broker_that_is_killed_and_loses_everything(
    home: Home, tmp_path: Path
) -> None:
    first, mark = broker.start(home), uuid4().hex
    use_broker(broker.url(home))
    ours = Job.objects.filter(kind__startswith="test.")
    with engine.beat(broker.url(home), tmp_path), engine.worker(broker.url(home), tmp_path):
        jobs = [enqueue("test.effect", mark=mark, seconds=0.1) for _ in range(30)]
        wait_until(ours.filter(state=JobState.DONE).exists, 30, "the first job")
        os.kill(first.popen.pid, signal.SIGKILL)
        first.popen.wait()
        jobs += [enqueue("test.effect", mark=mark) for _ in range(5)]  # nobody can be told of these
        shutil.rmtree(home.root / "valkey")
        second = broker.start(home)
        wait_until(lambda: not ours.filter(state__in=OPEN_STATES).exists(), 90, "all jobs")
        processes.stop([second])
    assert Counter(ours.values_list("state", flat=True)) == {JobState.DONE: len(jobs)}
    effects = TrailEvent.objects.filter(verb=EFFECT, body__contains=mark)
    times = Counter(effects.values_list("subject_id", flat=True))
    assert times == {str(job.pk): 1 for job in jobs}
