"""Change notices: what the door takes and refuses, and one that MLflow itself delivers."""

import json
import time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from portal.actors import service
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from registry.connectors.mlflow_events import EVENTS, sign
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source, SyncKind, SyncRun, WebhookDelivery
from registry.sources.services import source_subscribe
from registry.sources.sync import source_scan
from tests.factories import make_source
from tests.registry.writer import Writer, unique
from tests.waiting import wait_until

SYNC = service("sync")
URL = "/hooks/mlflow/"


def deliver(
    body: bytes | dict[str, Any], *, delivery: str = "", at: float = 0, **headers: str
) -> Any:
    """Post a notice that is signed as MLflow signs, unless `headers` say otherwise."""
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    delivery = delivery or unique("delivery")
    stamp = str(int(at or time.time()))
    sent = {
        "X-MLflow-Delivery-Id": delivery,
        "X-MLflow-Timestamp": stamp,
        "X-MLflow-Signature": sign(settings.MLFLOW_WEBHOOK_SECRET, delivery, stamp, raw),
        **headers,
    }
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, raw, content_type="application/json", headers=sent)


def tagged(name: str) -> dict[str, Any]:
    data = {"name": name, "version": "1", "key": "k", "value": "<b>never trusted</b>"}
    return {"entity": "model_version_tag", "action": "set", "timestamp": "", "data": data}


def hint_jobs() -> list[Job]:
    return list(Job.objects.filter(kind="registry.sync_hint").order_by("pk"))


def test_signed_notice_is_taken_and_its_values_are_not_believed(
    source: Source, writer: Writer
) -> None:
    name = writer.model(domain="pricing")
    writer.full_version(name)

    answer = deliver(tagged(name))

    assert (answer.status_code, answer.content) == (204, b"")
    (job,) = hint_jobs()
    assert job.args == {"source_id": source.pk, "name": name}
    source.refresh_from_db()
    assert source.webhook_seen_at
    assert run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    assert RegisteredModel.objects.get().name == name  # and nothing else of the server was read
    version = ModelVersion.objects.get()
    assert version.tags == {}
    assert version.metrics["roc_auc"] == 0.91
    run = SyncRun.objects.get()
    assert (run.kind, run.asked_by, run.state) == (SyncKind.HINT, "MLflow", "complete")
    assert run.requests <= 6


def test_notice_about_an_unknown_model_does_nothing(source: Source) -> None:
    assert deliver(tagged(unique())).status_code == 204
    (job,) = hint_jobs()
    assert run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done"
    assert not RegisteredModel.objects.exists()
    assert not SyncRun.objects.exists()


def test_notice_brings_a_moved_alias_within_one_job(source: Source, writer: Writer) -> None:
    name = writer.model()
    writer.version(name)
    writer.version(name)
    writer.alias(name, "champion", "1")
    source_scan(actor=SYNC, source_id=source.pk)
    writer.alias(name, "champion", "2")

    deliver({**tagged(name), "entity": "model_version_alias"})
    run_job(hint_jobs()[0].pk)

    assert RegisteredModel.objects.get(name=name).champion_version == "2"
    versions = ModelVersion.objects.filter(model__name=name).order_by("ordinal")
    assert [version.aliases for version in versions] == [[], ["champion"]]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-MLflow-Signature": "v1,AAAA"}, 401),
        ({"X-MLflow-Signature": ""}, 401),
        ({"X-MLflow-Signature": "v1,é"}, 401),
        ({"X-MLflow-Delivery-Id": "another"}, 401),
        ({"X-MLflow-Timestamp": "1"}, 401),
        ({"X-MLflow-Timestamp": "soon"}, 400),
        ({"X-MLflow-Timestamp": "9" * 40}, 401),
        ({"X-MLflow-Delivery-Id": ""}, 400),
        ({"X-MLflow-Delivery-Id": "x" * 81}, 400),
    ],
)
def test_forged_notices_are_refused(source: Source, headers: dict[str, str], status: int) -> None:
    assert deliver(tagged("a"), **headers).status_code == status
    assert not WebhookDelivery.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("seconds", [-301, 301])
def test_notice_from_another_time_is_refused(source: Source, seconds: int) -> None:
    assert deliver(tagged("a"), at=time.time() + seconds).status_code == 401
    assert deliver(tagged("a"), at=time.time() + seconds * 0.98).status_code == 204


def test_notice_that_comes_twice_is_taken_once(source: Source) -> None:
    assert deliver(tagged("a"), delivery="d-1").status_code == 204
    assert deliver(tagged("a"), delivery="d-1").status_code == 409
    assert WebhookDelivery.objects.count() == len(hint_jobs()) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00",
        b"[" * 20_000,
        b"[]",
        b'{"entity": "model_version"}',
        b'{"entity": "model_version", "data": {"name": 7}}',
        b'{"entity": "model_version", "data": {"name": "a\\u0000b"}}',
        b'{"entity": 7, "data": {"name": "a"}}',
        json.dumps({"entity": "model_version", "data": {"name": "x" * 257}}).encode(),
    ],
)
def test_signed_nonsense_is_refused(source: Source, body: bytes) -> None:
    assert deliver(body).status_code == 400
    assert not Job.objects.exists()


def test_huge_notice_is_refused_before_it_is_checked(source: Source) -> None:
    assert deliver(b"x" * 65_537).status_code == 413
    assert deliver(b"x" * 5_000_000).status_code == 413
    assert deliver(b"x" * 65_536).status_code == 400


def test_only_post_and_only_with_a_secret(source: Source, settings: Any) -> None:
    assert Client().get(URL).status_code == 405
    settings.MLFLOW_WEBHOOK_SECRET = ""
    assert deliver(tagged("a")).status_code == 401


def test_form_is_refused_without_an_error(source: Source) -> None:
    assert Client().post(URL, {"a": "b"}).status_code in (400, 401)


def test_notice_before_the_source_is_known(db: None) -> None:
    assert deliver(tagged("a")).status_code == 400


def test_burst_of_notices_is_followed_once_at_once_and_once_after(source: Source) -> None:
    for _ in range(20):
        assert deliver(tagged("a")).status_code == 204
    (first,) = hint_jobs()
    Job.objects.filter(pk=first.pk).update(state="running")
    for _ in range(5):
        deliver(tagged("a"))
    later = hint_jobs()[1:]
    assert len(later) == 5
    assert all(job.run_after > first.run_after for job in later)
    deliver(tagged("other"))
    assert len(hint_jobs()) == 7


@pytest.mark.django_db(transaction=True)
def test_mlflow_itself_delivers(
    live_server: LiveServer, settings: Any, mlflow_server: str, writer: Writer
) -> None:
    source = make_source("MLflow", base_url=mlflow_server, public_url=mlflow_server)
    settings.MLFLOW_WEBHOOK_URL = url = f"{live_server.url}{URL}"
    from registry.sources.connect import connector_of

    connector = connector_of(source)
    try:
        told = source_subscribe(actor=SYNC, source_id=source.pk)
        source.refresh_from_db()
        assert told == f"MLflow sends change notices to {url}."
        assert source.webhook_id
        assert source.webhook_error == ""
        assert source.webhook_seen_at  # MLflow delivered its trial before it answered
        assert WebhookDelivery.objects.get().model_name == "example_model"

        source_subscribe(actor=SYNC, source_id=source.pk)
        hooks = writer.client.get("/api/2.0/mlflow/webhooks").json()["webhooks"]
        (ours,) = [hook for hook in hooks if hook["url"] == url]
        assert ours["webhook_id"] == source.webhook_id
        assert len(ours["events"]) == len(EVENTS)

        name = writer.model()
        writer.version(name)

        def heard() -> bool:
            # MLflow remembers for some seconds whom to tell, so the first events may pass unheard.
            writer.tag_version(name, "1", "note", "x")
            return WebhookDelivery.objects.filter(model_name=name).exists()

        wait_until(heard, 30, "a notice about a tag")
        run_job(Job.objects.get(kind="registry.sync_hint", args__name=name).pk)
        assert ModelVersion.objects.get(model__name=name).tags == {"note": "x"}
    finally:
        connector.unsubscribe(url)
        connector.close()


def test_address_that_mlflow_refuses_is_explained(source: Source, settings: Any) -> None:
    settings.MLFLOW_WEBHOOK_URL = "ftp://portal.example/hooks/mlflow/"
    source_subscribe(actor=SYNC, source_id=source.pk)
    source.refresh_from_db()
    assert source.webhook_id == ""
    assert "only to https addresses on the public internet" in source.webhook_error
    assert "MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http,https" in source.webhook_error


def test_without_a_secret_there_are_no_notices(source: Source, settings: Any) -> None:
    settings.MLFLOW_WEBHOOK_SECRET = ""
    assert "MLFLOW_WEBHOOK_SECRET is not set" in source_subscribe(actor=SYNC, source_id=source.pk)
