"""The pages of the sources, in a real browser."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from portal.jobs.models import Job
from registry.inventory.models import DetailState
from registry.sources.models import Source, SyncRun, SyncState
from tests.browser.conftest import SignIn, sound
from tests.factories import make_model, make_source, make_version

pytestmark = pytest.mark.django_db(transaction=True)


def make_run(source: Source, state: SyncState, **fields: Any) -> SyncRun:
    now = timezone.now()
    ended = None if state == SyncState.RUNNING else now
    usual = {"kind": "full", "asked_by": "sync", "started_at": now - timedelta(seconds=42)}
    return SyncRun.objects.create(
        source=source, state=state, finished_at=ended, **{**usual, **fields}
    )


def make_full_source() -> Source:
    source = make_source(
        "MLflow",
        server_version="3.17.2",
        failing_since=timezone.now() - timedelta(hours=2),
        failures=3,
        last_error="MLflow at http://mlflow:5000 cannot be reached: connection refused.",
        last_complete_at=timezone.now() - timedelta(hours=2),
        next_full_at=timezone.now() + timedelta(minutes=4),
        webhook_error="MLflow will not send notices to http://portal:8000/hooks/mlflow/.",
    )
    for state in (SyncState.COMPLETE, SyncState.PARTIAL, SyncState.FAILED):
        make_run(source, state, models_seen=1204, versions_seen=5310, added=12, error="Busy. " * 9)
    model = make_model("weekly-demand-" + "x" * 120, source=source)
    make_version(model, detail_state=DetailState.FAILED, detail_error="MLflow refused the request.")
    return source


def test_sources_are_sound_empty_and_in_trouble(sign_in: SignIn) -> None:
    page = sign_in(Role.DATA_SCIENTIST)
    page.goto("/sources/")
    expect(page.get_by_text("No source yet")).to_be_visible()
    sound(page, "sources-empty")
    source = make_full_source()
    page.goto("/sources/")
    expect(page.get_by_text("Not readable since")).to_be_visible()
    sound(page, "sources")
    page.get_by_role("link", name="MLflow", exact=True).click()
    expect(page.get_by_role("heading", name="Details that could not be read")).to_be_visible()
    assert page.url.endswith(f"/sources/{source.pk}/")
    sound(page, "source")


def test_a_sync_is_asked_for_and_followed_to_its_end(sign_in: SignIn) -> None:
    source = make_source("MLflow", last_complete_at=timezone.now())
    page = sign_in(Role.DATA_SCIENTIST)
    page.goto(f"/sources/{source.pk}/")
    expect(page.get_by_text("Up to date")).to_be_visible()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()

    run = make_run(source, SyncState.RUNNING, models_seen=1204, versions_seen=310)
    expect(page.get_by_text("1,204 models and 310 versions read so far")).to_be_visible()
    sound(page, "source-running")
    run.state, run.finished_at = SyncState.COMPLETE, timezone.now()
    run.save()
    Job.objects.update(state="done")
    expect(page.get_by_text("Up to date")).to_be_visible()
    expect(page.locator("#source-state")).not_to_have_attribute("hx-trigger", "every 2s")
