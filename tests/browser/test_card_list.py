"""Many cards in a browser: narrowing, choosing a page of them, changing them together."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from registry.cards.services import card_save
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.browser.conftest import SignIn, sound
from tests.cards.facts import UNKNOWN, make_full_version, scientist_of, written
from tests.factories import make_model, make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def cards(team, owner, count=6):
    for number in range(count):
        model = make_model(
            f"basket-forecast-{number}",
            team=team,
            owner=owner if number % 2 else None,
            risk_tier=("T1", "T2", "", "T4")[number % 4],
        )
        version = make_full_version(model)
        day = timezone.localdate() + timedelta(days=20 * number - 20)
        changes = {
            "overview": written("Forecasts sales."),
            "contact": written("planning@retailer.example") if number else UNKNOWN,
        }
        if number < 4:
            changes["expiry"] = written(str(day))
        actor = scientist_of(version)
        card_save(actor=actor, version_id=version.pk, base_revision=0, changes=changes)
    refresh_models(RegisteredModel.objects.values_list("pk", flat=True))


def test_from_the_list_to_several_changed_cards(sign_in: SignIn) -> None:
    team = make_team("Demand planning")
    cards(team, make_user(display_name="Noor Vermeer"))
    page = sign_in(Role.MODEL_OWNER, team=team, display_name="Mara Lindqvist")
    page.goto("/cards/")
    expect(page.locator("tbody tr")).to_have_count(6)
    sound(page, "card-list")
    page.get_by_label("Search cards").fill("forecast-3")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Search cards").fill("")
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_role("button", name="Choose all on this page").click()
    page.get_by_role("button", name="Change 6 cards").click()
    expect(page.get_by_role("heading", level=1, name="Change 6 cards")).to_be_visible()
    page.get_by_label("Change the contact").check()
    page.get_by_label("Contact for questions").fill("forecasting@retailer.example")
    sound(page, "card-change")
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    sound(page, "card-change-plan")
    page.get_by_role("button", name="Change 6 cards").click()
    expect(page.get_by_text("6 cards changed.")).to_be_visible()
    expect(page.locator("tbody").get_by_text("forecasting@retailer.example")).to_have_count(6)


def test_without_a_script_the_same_forms_work(
    sign_in: SignIn, expected_in_console: list[str]
) -> None:
    expected_in_console.append("net::ERR_FAILED")
    team = make_team("Demand planning")
    cards(team, None, count=2)
    page = sign_in(Role.MODEL_OWNER, team=team, display_name="Mara Lindqvist")
    page.route("**/*.js", lambda route: route.abort())
    page.goto("/cards/?review=overdue")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Choose basket-forecast-0").check()
    page.get_by_role("button", name="Change the chosen").click()
    page.get_by_label("Change the review date").check()
    page.get_by_label("To be reviewed or replaced by").fill("2030-01-31")
    page.get_by_role("button", name="See what would change").click()
    page.get_by_role("button", name="Change 1 card").click()
    expect(page.get_by_text("1 card changed.")).to_be_visible()
