"""The pages about sources."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.permissions import Role
from portal.jobs.models import Job, Probe
from portal.trail.models import TrailEvent
from registry.inventory.models import DetailState
from registry.sources.models import Source, SyncRun
from tests.factories import make_model, make_source, make_user, make_version


@pytest.fixture
def source(db: None) -> Source:
    return make_source("MLflow")


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(
        make_user(role), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def make_run(source: Source, **fields: object) -> SyncRun:
    now = timezone.now()
    usual = {"kind": "full", "state": "complete", "asked_by": "sync", "started_at": now}
    return SyncRun.objects.create(source=source, **{**usual, "finished_at": now, **fields})


def page(client: Client, source: Source, **headers: str) -> str:
    answer = client.get(f"/sources/{source.pk}/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_list_names_each_source_and_its_state(source: Source) -> None:
    make_version(make_model(source=source))
    text = signed_in(Role.VIEWER).get("/sources/").content.decode()
    assert "Not synced yet" in text
    assert f'href="/sources/{source.pk}/"' in text
    assert "Sync now" not in text
    assert "Sync now" in signed_in(Role.DATA_SCIENTIST).get("/sources/").content.decode()


def test_list_without_a_source_says_what_to_look_at(db: None) -> None:
    assert "No source yet" in signed_in(Role.VIEWER).get("/sources/").content.decode()


def test_source_that_stopped_answering_says_so_before_the_next_scan(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MLFLOW_URI", source.base_url)
    source.last_complete_at = timezone.now()
    source.save()
    Probe.objects.create(name="mlflow", ok=False, detail="does not answer", at=timezone.now())
    for address in ("/sources/", f"/sources/{source.pk}/"):
        assert "Not answering" in signed_in(Role.VIEWER).get(address).content.decode()
    Probe.objects.update(ok=True)
    assert "Not answering" not in signed_in(Role.VIEWER).get("/sources/").content.decode()


def test_failing_source_says_since_when_and_why(source: Source) -> None:
    source.failing_since = source.last_complete_at = timezone.now() - timedelta(hours=3)
    source.failures, source.last_error = 4, "MLflow cannot be reached: <script>alert(1)</script>"
    source.save()
    for address in ("/sources/", f"/sources/{source.pk}/"):
        text = signed_in(Role.VIEWER).get(address).content.decode()
        assert "Not readable since" in text
        assert "4 attempts failed" in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"last_complete_at": timezone.now()}, "Up to date"),
        ({"last_complete_at": timezone.now() - timedelta(hours=2)}, "Out of date"),
    ],
)
def test_age_of_the_last_scan_is_judged(source: Source, fields: dict, shown: str) -> None:
    Source.objects.filter(pk=source.pk).update(**fields)
    assert shown in page(signed_in(Role.VIEWER), source)


def test_running_sync_is_followed_live_and_then_no_more(source: Source) -> None:
    client = signed_in(Role.VIEWER)
    run = make_run(source, state="running", finished_at=None, models_seen=1234, versions_seen=5678)
    text = page(client, source)
    assert "Syncing now" in text
    assert "1,234 models and 5,678 versions read so far" in text
    assert 'hx-trigger="every 2s"' in text
    part = page(client, source, HX_Request="true", HX_Target="source-state")
    assert "<html" not in part
    assert "1,234 models" in part
    run.state, run.finished_at = "complete", timezone.now()
    run.save()
    assert "every 2s" not in page(client, source, HX_Request="true", HX_Target="source-state")


def test_syncs_are_listed_with_what_they_found_and_paged(source: Source) -> None:
    make_run(source, state="partial", added=7, changed=3, gone=2, failed=1, error="<b>Busy</b>")
    text = page(signed_in(Role.VIEWER), source)
    assert "Finished with errors" in text
    assert "&lt;b&gt;Busy&lt;/b&gt;" in text
    SyncRun.objects.bulk_create(
        SyncRun(source=source, kind="hint", state="complete", asked_by="MLflow", started_at=when)
        for when in [timezone.now()] * 60
    )
    assert "Page 2" in page(signed_in(Role.VIEWER), source)


def test_cost_of_the_page_does_not_grow(source: Source) -> None:
    client = signed_in(Role.VIEWER)
    model = make_model(source=source)
    costs = []
    for _ in range(3):
        for number in range(10):
            make_run(source)
            make_version(model, detail_state=DetailState.FAILED, detail_error=f"Broken {number}.")
        with CaptureQueriesContext(connection) as queries:
            page(client, source)
        costs.append(len(queries))
    # The first visit also keeps its CSRF token in the session.
    assert costs[1] == costs[2] <= 11


def test_button_asks_for_one_sync_and_says_so(source: Source) -> None:
    client = signed_in(Role.DATA_SCIENTIST)
    for _ in range(2):
        answer = client.post(f"/sources/{source.pk}/sync/")
        assert (answer.status_code, answer["Location"]) == (302, f"/sources/{source.pk}/")
    job = Job.objects.get()
    assert (job.kind, job.key, job.state) == ("registry.sync", f"source:{source.pk}", "waiting")
    assert "A sync is on its way" in page(client, source)
    assert TrailEvent.objects.filter(verb="source.sync").count() == 2


@pytest.mark.parametrize("address", ["sync", "retry-details"])
def test_viewers_may_not_start_work(source: Source, address: str) -> None:
    assert signed_in(Role.VIEWER).post(f"/sources/{source.pk}/{address}/").status_code == 403
    assert signed_in(Role.DATA_SCIENTIST).get(f"/sources/{source.pk}/{address}/").status_code == 405
    assert not Job.objects.exists()


def test_failed_details_are_listed_and_tried_again(source: Source) -> None:
    model = make_model("price-model", source=source)
    version = make_version(
        model, detail_state=DetailState.FAILED, detail_error="MLflow refused it."
    )
    client = signed_in(Role.MODEL_OWNER)
    text = page(client, source)
    assert "MLflow refused it." in text
    assert f'href="/models/{model.pk}/versions/{version.version}/"' in text
    client.post(f"/sources/{source.pk}/retry-details/")
    version.refresh_from_db()
    assert (version.detail_state, version.detail_error) == (DetailState.PENDING, "")
    assert Job.objects.get().kind == "registry.sync"


def test_state_of_change_notices_is_told(source: Source) -> None:
    client = signed_in(Role.VIEWER)
    assert settings.MLFLOW_WEBHOOK_URL in page(client, source)
    Source.objects.update(webhook_error="MLflow will not send notices to http://portal.")
    text = page(client, source)
    assert "Not arriving" in text
    assert "will not send notices" in text
    Source.objects.update(webhook_error="", webhook_seen_at=timezone.now())
    assert "Arriving" in page(client, source)


def test_missing_source_is_a_404(source: Source) -> None:
    assert signed_in(Role.VIEWER).get("/sources/999999/").status_code == 404
    assert signed_in(Role.DATA_SCIENTIST).post("/sources/999999/sync/").status_code == 404


def test_an_address_that_only_takes_a_form_answers_a_page_that_says_so(source):
    answer = signed_in(Role.DATA_SCIENTIST).get(f"/sources/{source.pk}/sync/")
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert "This address is not a page" in answer.content.decode()
