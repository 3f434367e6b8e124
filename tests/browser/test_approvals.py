"""From asking for approval to the receipt, by the people it takes, in a real browser."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from governance.requests.models import ApprovalRequest, EvidenceOpening, SignOff
from portal.accounts.permissions import Role
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion
from tests.browser.conftest import SignIn, sound
from tests.cards.facts import make_full_version
from tests.factories import PASSWORD, make_model, make_team, make_user
from tests.governance.factories import (
    make_approved,
    make_candidate,
    make_check_run,
    make_manifest,
    make_request,
    make_sign_off,
    make_signer,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def gate_key() -> None:
    from governance.gate.statements import key_file

    key_file().make()


def candidate() -> ModelVersion:
    """A third version beside a champion, with its files read and every check passing."""
    model = make_model(
        "fresh-demand", team=make_team("Forecasting"), risk_tier="T3", aliases={"champion": "2"}
    )
    make_full_version(model, version="1")
    make_full_version(model, version="2", metrics={"mae": 11.9, "r2": 0.93})
    version = make_full_version(model, version="3", git_commit="77aa12bc99de", run_user="ana")
    make_manifest(version)
    make_check_run(version, verdicts={"slices": "warn"})
    refresh_models([model.pk])
    version.model.refresh_from_db()
    return version


def prove(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def decide(page: Page, decision: str, reason: str) -> None:
    page.get_by_role("radio", name=decision, exact=False).first.check()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Sign", exact=True).click()


def test_from_filing_to_the_receipt(sign_in: SignIn) -> None:
    version = candidate()
    team = version.model.team
    scientist = make_user(Role.DATA_SCIENTIST, team=team, username="ana", display_name="Ana Ruiz")
    owner = make_user(
        Role.MODEL_OWNER, team=team, username="omar", display_name="Omar Haddad", password=PASSWORD
    )
    validator = make_user(
        Role.VALIDATOR, username="vera", display_name="Vera Lind", password=PASSWORD
    )

    page = sign_in(user=scientist)
    page.goto(f"/models/{version.model_id}/versions/3/")
    page.get_by_role("link", name="Ask for approval").click()
    expect(page.get_by_text("Vera Lind")).to_be_visible()
    sound(page, "approval-filing")
    page.get_by_label("What for").fill("Order fresh goods for the shops of the north.")
    page.get_by_role("button", name="File it").click()
    expect(page.get_by_role("heading", name="Waiting for Model owner, Validator")).to_be_visible()
    expect(page.get_by_text("Omar Haddad")).to_be_visible()
    sound(page, "approval-filed")
    request = ApprovalRequest.objects.get()

    sign_in(user=owner)
    page.goto("/approvals/")
    page.get_by_role("link", name="fresh-demand version 3").click()
    expect(page.get_by_role("heading", name="Your decision is asked for")).to_be_visible()
    page.get_by_role("radio", name="Approve with conditions").check()
    page.get_by_label("1. What must be done").fill("Back-test on the autumn sales.")
    first = page.locator(".condition-row").first
    first.get_by_label("By whom").select_option(label="Ana Ruiz")
    day = timezone.now().date() + timedelta(days=21)
    first.get_by_label("Until").fill(day.isoformat())
    page.get_by_label("Reason").fill("Good enough to order fresh goods.")
    page.get_by_role("button", name="Sign", exact=True).click()
    prove(page)
    expect(page.get_by_role("heading", name="You signed: approved with conditions")).to_be_visible()
    expect(page.get_by_text("1 of 2 seats are signed. Next: Validator.")).to_be_visible()
    assert request.conditions.get().owner == scientist

    sign_in(user=validator)
    page.goto("/approvals/")
    expect(page.get_by_role("link", name="Approvals 1 waiting")).to_be_visible()
    page.get_by_role("link", name="fresh-demand version 3").click()
    page.get_by_role("link", name="Evidence of: The model card is complete").click()
    expect(page.get_by_text("Made by")).to_be_visible()
    assert EvidenceOpening.objects.get().person == validator
    sound(page, "approval-deciding")
    decide(page, "Approve I have", "The error is where it was promised.")
    prove(page)
    expect(page.get_by_text("Checked now: it holds")).to_be_visible()
    expect(page.get_by_text("A pipeline may deploy this version now.")).to_be_visible()
    sound(page, "approval-receipt")
    request.refresh_from_db()
    assert request.state == "conditional"
    assert SignOff.objects.count() == 2
    page.get_by_role("link", name="Open the request").click()
    expect(page.get_by_role("heading", name="The approval holds")).to_be_visible()
    sound(page, "approval-granted")


def test_sending_back_by_keyboard_on_a_phone(sign_in: SignIn) -> None:
    request = make_request(make_candidate(), state="in_review")
    validator = make_signer("validator", request, username="vera", password=PASSWORD)
    page = sign_in(user=validator)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/approvals/{request.pk}/")
    page.get_by_role("link", name="Decide").focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="Approve I have").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Send back for changes")).to_be_checked()
    page.get_by_label("Reason").focus()
    page.keyboard.type("Which shops are left out?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    prove(page)
    expect(page.get_by_role("heading", name="You signed: sent back for changes")).to_be_visible()
    request.refresh_from_db()
    assert (request.state, request.closing_reason) == (
        "changes_requested",
        "Which shops are left out?",
    )


def many() -> dict[str, Any]:
    """Requests in several states around one validator."""
    validator = make_user(Role.VALIDATOR, username="vera", display_name="Vera Lind")
    now = timezone.now()
    late = make_request(make_candidate("T2"), state="in_review", due_at=now - timedelta(days=2))
    make_request(make_candidate(run_user="vera"), state="in_review")
    make_approved(expires_at=now + timedelta(days=9))
    refused = make_request(state="rejected", closing_reason="The data is too old.")
    make_sign_off(refused, "validator", decision="reject", signer=validator)
    make_request(state="draft")
    return {"validator": validator, "late": late}


@pytest.mark.parametrize("place", ["", "?view=team", "expiring/", "decided/", "delegations/"])
def test_lists_are_sound(sign_in: SignIn, place: str) -> None:
    page = sign_in(user=many()["validator"])
    page.goto(f"/approvals/{place}")
    expect(page.get_by_role("heading", name="Approvals", level=1)).to_be_visible()
    sound(page, f"approvals-{place.strip('/?') or 'mine'}".replace("=", "-"))


def test_searching_decisions_keeps_the_address(sign_in: SignIn) -> None:
    page = sign_in(user=many()["validator"])
    page.goto("/approvals/decided/")
    page.get_by_label("Any outcome").select_option(label="Rejected")
    expect(page.get_by_text("The data is too old.")).to_be_visible()
    expect(page).to_have_url(re.compile("outcome=rejected"))
