"""Decisions while MLflow is killed, frozen and started again: late, in order, never twice or lost.

A real worker and a real clock deliver them to a real MLflow.
"""

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from tests.governance.promotion.server import Server
from tests.jobs.conftest import broker_url, own_broker, running
from tests.registry.writer import Writer
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.jobs.engine import Process

__all__ = ["broker_url", "own_broker", "running"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(mlflow_server: str) -> Iterator[Server]:
    made = Server()
    made.start()
    yield made
    made.kill()


def test_a_killed_mlflow_delays_decisions_and_loses_none(
    server: Server, mlflow_server: str, writer: Writer, running: "Process"
):
    from governance.findings.models import Finding
    from governance.writeback.models import AliasMove, WriteBack
    from governance.writeback.services import writeback_enqueue
    from portal.actors import service
    from portal.trail.models import TrailEvent
    from tests.factories import make_source
    from tests.governance.promotion.remote import both, remote_aliases, remote_tags

    # The source of the settings is there already, so that the clock does not move ours to it.
    make_source("MLflow", base_url=mlflow_server, public_url=mlflow_server)
    source = make_source("Own", base_url=server.address, public_url=server.address)
    models = [both(writer, source, versions=2) for _ in range(3)]
    server.kill()
    signet = service("governance")
    for _, versions in models:
        for version in versions:
            wanted = {
                "tags": {"signet.status": "approved", "signet.request": str(version.pk)},
                "alias": {"name": "champion", "to": version.version},
            }
            with transaction.atomic():
                writeback_enqueue(actor=signet, version=version, wanted=wanted, why="approved")
    rows = WriteBack.objects.all()
    wait_until(lambda: rows.exclude(error="").exists(), 30, "the first attempt to fail")
    server.start()
    wait_until(lambda: rows.filter(state="done").exists(), 60, "the first to be written")
    server.kill()
    server.start()
    wait_until(lambda: not rows.exclude(state="done").exists(), 120, "all to be written")
    for model, versions in models:
        assert remote_aliases(writer, model.name) == {"champion": "2"}
        for version in versions:
            assert remote_tags(writer, model.name, version.version) == {
                "signet.status": "approved",
                "signet.request": str(version.pk),
            }
        moves = AliasMove.objects.filter(model=model).order_by("pk")
        assert list(moves.values_list("to_version", flat=True)) == ["1", "2"]
    assert TrailEvent.objects.filter(verb="writeback.done").count() == 6
    assert Finding.objects.filter(kind__in=["bypass", "write_refused"]).count() == 0


def test_a_frozen_mlflow_is_given_up_on_and_asked_again(
    server: Server, writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    from governance.writeback.services import writeback_enqueue
    from portal.actors import service
    from portal.jobs.models import Job, JobState
    from registry.connectors import http
    from tests.factories import make_source
    from tests.governance.promotion.remote import both, delivered, job_of, remote_tags, run

    source = make_source("MLflow", base_url=server.address, public_url=server.address)
    model, (version,) = both(writer, source)
    with transaction.atomic():
        row = writeback_enqueue(
            actor=service("governance"),
            version=version,
            wanted={"tags": {"signet.status": "approved"}},
            why="approved",
        )
    with monkeypatch.context() as patch:
        patch.setattr(http, "READ_SECONDS", 0.5)
        server.signal(signal.SIGSTOP)
        job = run(job_of(row))
        server.signal(signal.SIGCONT)
    assert (job.state, "did not answer in time" in job.error) == (JobState.WAITING, True)
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
    delivered(row)
    assert remote_tags(writer, model.name, "1") == {"signet.status": "approved"}
