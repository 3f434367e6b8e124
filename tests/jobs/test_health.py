"""`/healthz` and `/readyz`: who needs to know can ask without signing in, and learns no secret."""

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.jobs.models import Probe, WorkerHeartbeat
from portal.jobs.probes import answers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def all_there() -> None:
    """What a worker that runs leaves behind."""
    now = timezone.now()
    WorkerHeartbeat.objects.create(name="worker@test", at=now)
    Probe.objects.create(name="mlflow", ok=True, detail="answers with HTTP 200", at=now)


@pytest.fixture
def database_down() -> Iterator[None]:
    """No PostgreSQL behind the address."""
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    yield
    connection.close()
    connection.settings_dict["HOST"] = host


def bad(client: Client) -> set[str]:
    """Which checks fail; the status says the same."""
    response = client.get("/readyz")
    body = response.json()
    failing = {name for name, check in body["checks"].items() if not check["ok"]}
    assert set(body["checks"]) == {"database", "broker", "mlflow", "worker"}
    assert (response.status_code, body["status"]) == (
        (503, "not ready") if failing else (200, "ok")
    )
    return failing


def test_ready_when_all_is_there(client: Client, all_there: None) -> None:
    assert bad(client) == set()


def test_not_ready_before_a_worker_has_taken_work(client: Client) -> None:
    assert bad(client) == {"mlflow", "worker"}


def test_not_ready_without_the_broker(client: Client, all_there: None, broker_down: None) -> None:
    assert bad(client) == {"broker"}


def test_not_ready_when_no_worker_takes_work_any_more(client: Client, all_there: None) -> None:
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(minutes=1))
    assert bad(client) == {"worker"}


def test_not_ready_when_mlflow_does_not_answer(client: Client, all_there: None) -> None:
    Probe.objects.update(ok=False, detail="does not answer (ConnectionRefusedError)")
    assert bad(client) == {"mlflow"}


def test_not_ready_when_nobody_has_looked_at_mlflow_lately(client: Client, all_there: None) -> None:
    Probe.objects.update(at=timezone.now() - timedelta(minutes=1))
    assert bad(client) == {"mlflow"}


def test_without_the_database_it_still_answers(
    client: Client, all_there: None, database_down: None
) -> None:
    assert bad(client) == {"database", "mlflow", "worker"}
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_tells_no_address_and_no_secret(client: Client, all_there: None) -> None:
    text = client.get("/readyz").content.decode()
    for secret in (settings.BROKER_URL, settings.ENV.database_url, settings.SECRET_KEY):
        assert secret not in text


@pytest.mark.parametrize(("status", "ok"), [(200, True), (403, True), (500, False)])
def test_a_server_that_answers_is_there_unless_it_says_that_it_is_broken(
    status: int, ok: bool
) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.handle_request, daemon=True).start()
        assert answers(f"http://127.0.0.1:{server.server_port}")[0] is ok


def test_a_server_that_does_not_answer_is_not_there() -> None:
    assert answers("http://127.0.0.1:1") == (False, "does not answer (ConnectionRefusedError)")
