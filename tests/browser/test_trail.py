"""The trail in a browser: search as you type, paging, back, an event, a verification."""

from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from portal.trail.services import Entry, record_all
from tests.browser.conftest import SignIn, sound
from tests.factories import make_actor, make_unit

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = {"name": "Supply chain", "owner": "Ada", "tags": {"region": "north", "old": True}}
AFTER = {"name": "Supply chain and stores", "owner": "Ada", "tags": {"region": "north"}}
REASON = "Stores moved under supply chain with the new organisation chart of October"


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Any) -> None:
    settings.TRAIL_KEY_FILE = tmp_path / "trail.pem"
    settings.TRAIL_ANCHOR_DIR = tmp_path


@pytest.fixture
def last(db: None) -> int:
    """The newest of sixty events on two subjects."""
    actor = make_actor(username="ada", display_name="Ada Lovelace")
    others = [Entry("unit.create", make_unit("Marketing"), after={"name": "Marketing"})] * 59
    changed = Entry("unit.rename", make_unit("Supply chain and stores"), BEFORE, AFTER, REASON)
    with transaction.atomic():
        return record_all(actor, [*others, changed])[-1].seq


def test_search_narrows_as_you_type_and_back_returns(sign_in: SignIn, last: int) -> None:
    page = sign_in(Role.AUDITOR)
    page.goto("/trail/")
    expect(page.get_by_role("link", name=str(last), exact=True)).to_be_visible()
    sound(page, "trail")
    page.get_by_role("searchbox").fill("supply")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.wait_for_url("**/trail/?*q=supply*")
    page.get_by_role("link", name=str(last), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("unit.rename")
    expect(page.get_by_role("rowheader", name="tags.old Removed")).to_be_visible()
    sound(page, "trail-event")
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("supply")
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No event matches")).to_be_visible()
    sound(page, "trail-none")


def test_older_events_are_a_page_away(sign_in: SignIn, last: int) -> None:
    page = sign_in(Role.AUDITOR)
    page.goto("/trail/?q=Marketing")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    page.wait_for_url("**/trail/?*before=*")
    assert "q=Marketing" in page.url
    page.go_back()
    expect(page.get_by_role("link", name=str(last - 1), exact=True)).to_be_visible()


def test_a_verification_shows_how_far_it_is_and_what_it_found(sign_in: SignIn, last: int) -> None:
    page = sign_in(Role.AUDITOR)
    page.goto("/trail/")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    sound(page, "trail-verifying")
    run_job(Job.objects.get(kind="trail.verify").pk)
    expect(page.get_by_role("button", name="Verify now")).to_be_visible()
    page.locator("#trail-state").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Verification of")
    sound(page, "trail-verification")
