"""The gate in a browser: the log, an answer, the preview of what a pipeline would be told."""

import pytest
from playwright.sync_api import expect

from governance.gate.services import gate_ask
from portal.accounts.permissions import Role
from registry.inventory.models import ModelVersion
from tests.browser.conftest import SignIn, sound
from tests.factories import make_actor
from tests.governance.factories import make_approved, make_candidate, make_manifest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def approved(db: None) -> ModelVersion:
    version = make_candidate()
    type(version.model).objects.filter(pk=version.model_id).update(name="store-demand")
    version.model.name = "store-demand"
    make_approved(version)
    return version


def ask(asked_for: ModelVersion, /, **words: str) -> None:
    asked = {"model": "store-demand", "version": asked_for.version, "environment": "production"}
    gate_ask(actor=make_actor(display_name="Nightly release"), **{**asked, **words})


def test_the_log_is_narrowed_and_an_answer_opened(sign_in: SignIn, approved: ModelVersion) -> None:
    page = sign_in(Role.AUDITOR)
    page.goto("/gate/")
    expect(page.get_by_text("Nobody has asked yet")).to_be_visible()
    sound(page, "gate-empty")
    ask(approved, commit="4f1c9ad2b6c0", pipeline_url="https://ci.example/runs/77")
    ask(approved, digest="0" * 64)
    ask(approved, version="9")
    ask(approved, environment="staging", version="9")
    page.goto("/gate/")
    expect(page.locator("#results tbody tr")).to_have_count(4)
    sound(page, "gate-log")
    page.get_by_role("combobox", name="Answer").select_option("Denied")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    page.get_by_role("combobox", name="Reason").select_option("STALE_DIGEST")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.wait_for_url("**/gate/?*reason=STALE_DIGEST*")
    page.get_by_role("link", name="store-demand 1").click()
    expect(page.get_by_text("Signature holds")).to_be_visible()
    expect(page.get_by_text("may not run in production")).to_be_visible()
    sound(page, "gate-answer")


def test_the_preview_follows_the_facts(sign_in: SignIn, approved: ModelVersion) -> None:
    page = sign_in(Role.DATA_SCIENTIST, team=approved.model.team)
    place = f"/models/{approved.model_id}/versions/{approved.version}/gate/"
    page.goto(place)
    expect(page.get_by_text("is let through")).to_be_visible()
    sound(page, "gate-preview-allow")
    make_manifest(approved, content="changed")
    page.goto(place)
    expect(page.get_by_text("STALE_DIGEST")).to_be_visible()
    sound(page, "gate-preview-deny")
    page.get_by_role("link", name="Staging").click()
    expect(page.get_by_text("env staging")).to_be_visible()
    expect(page.get_by_text("is let through")).to_be_visible()
