"""Reminders in a browser: putting one off, seeing it again, choosing what comes."""

import pytest
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from registry.inventory.models import RegisteredModel
from tests.browser.conftest import SignIn, sound
from tests.browser.test_card_list import cards
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_putting_off_and_showing_again(sign_in: SignIn) -> None:
    team = make_team("Demand planning")
    owner = make_user(Role.MODEL_OWNER, team=team, display_name="Noor", email="noor@r.example")
    cards(team, owner)
    owned = RegisteredModel.objects.filter(owner=owner).count()
    page = sign_in(user=owner)
    page.goto("/models/")
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name=f"Reminders {owned}")).to_be_visible()
    menu.get_by_role("link", name="Reminders").click()
    expect(page.get_by_role("heading", name=f"{owned} cards wait for you")).to_be_visible()
    page.locator("summary", has_text="Later").first.click()
    sound(page, "reminders")
    page.locator("details[open]").get_by_label("Reason").fill("Waiting for the new data")
    page.get_by_role("button", name="Put off").click()
    expect(page.get_by_role("heading", name=f"{owned - 1} cards wait for you")).to_be_visible()
    expect(page.get_by_text("Waiting for the new data")).to_be_visible()
    page.get_by_role("button", name="Show again").click()
    expect(page.get_by_role("heading", name=f"{owned} cards wait for you")).to_be_visible()
    page.get_by_label("Required answers that are missing").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
