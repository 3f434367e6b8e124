"""The model card in a real browser: its look, two people in one field, words that are not lost."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from registry.cards.services import card_save
from registry.inventory.models import ModelVersion
from tests.browser.conftest import SignIn, sound
from tests.cards.facts import (
    UNKNOWN,
    make_full_version,
    make_owned_model,
    not_applicable,
    scientist_of,
    written,
)
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
PARAMS = {f"setting_{number:02}": str(number) for number in range(14)}


@pytest.fixture
def version() -> ModelVersion:
    model = make_owned_model("fresh-demand-forecast", risk_tier="T2", tier_reason="Moves stock.")
    params = {"estimator": "HistGradientBoostingRegressor", "seed": "7", **PARAMS}
    found = make_full_version(model, params=params)
    save(
        found,
        overview=written(
            "Predicts how many units of each **fresh product** every shop will sell in the next "
            "14 days.\n\n- feeds the night order\n- replaces the planners' spreadsheet\n"
        ),
        business_problem=written("Too much food is thrown away, and shelves are empty by evening."),
        intended_users=written(["Replenishment planners", "The order system"]),
        autonomy_level=written("proposes"),
        upstream_models=not_applicable("It stands alone."),
        contact=UNKNOWN,
        runbook=written("https://wiki.company.example/runbooks/fresh"),
        risks=written(
            [
                {"risk": "Over-ordering before a holiday", "mitigation": "Cap at last year's peak",
                 "residual": "Low", "accepted_by": "Head of replenishment"},
            ]
        ),
        architecture=written("Gradient-boosted trees, one model for all shops"),
    )  # fmt: skip
    found.params = {**params, "estimator": "RandomForestRegressor"}
    found.save()
    return found


def save(version: ModelVersion, base: int = 0, **changes: Any) -> CardRevision | None:
    return card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
    ).revision


def at(version: ModelVersion, more: str = "") -> str:
    return f"/models/{version.model_id}/versions/{version.version}/card/{more}"


def member(sign_in: SignIn, version: ModelVersion) -> Page:
    return sign_in(Role.DATA_SCIENTIST, team=version.model.team, display_name="Ana Ruiz")


def test_the_card_reads_well_for_leaders(sign_in: SignIn, version: ModelVersion) -> None:
    page = sign_in(Role.LEADERSHIP, display_name="Lea Kraus")
    page.goto(at(version))
    expect(page.get_by_role("heading", name="Model card", level=1)).to_be_visible()
    expect(page.get_by_text("The source has changed since this was written.")).to_be_visible()
    sound(page, "card-detail")


def test_the_form_of_each_section_is_sound(sign_in: SignIn, version: ModelVersion) -> None:
    page = member(sign_in, version)
    for section in ("purpose", "model", "operation"):
        page.goto(at(version, f"edit/?section={section}"))
        sound(page, f"card-edit-{section}")


def test_revisions_are_sound(sign_in: SignIn, version: ModelVersion) -> None:
    save(version, 1, overview=written("Predicts sales."), on_call=written("Rota 4411"))
    page = sign_in(Role.AUDITOR)
    page.goto(at(version, "revisions/"))
    expect(page.get_by_role("region", name="What changed, table")).to_contain_text(
        "Predicts sales."
    )
    sound(page, "card-history")


def test_typing_answers_and_errors_keep_every_word(sign_in: SignIn, version: ModelVersion) -> None:
    page = member(sign_in, version)
    page.goto(at(version, "edit/?section=change"))
    expiry = page.get_by_role("group", name="To be reviewed or replaced by")
    expiry.get_by_role("textbox").first.fill("next spring")
    expect(expiry.get_by_role("radio", name="Answered")).to_be_checked()
    plan = page.get_by_role("textbox", name="Planned changes, answer")
    plan.fill("Retrained every Monday.\n\nSame features.")
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("Nothing was saved yet.")).to_be_visible()
    expect(page.get_by_text("Write the date as year-month-day")).to_be_visible()
    expect(plan).to_have_value("Retrained every Monday.\n\nSame features.")
    sound(page, "card-error")
    expiry.get_by_role("textbox").first.fill("2027-03-31")
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("Saved as revision 2.")).to_be_visible()
    values = CardRevision.objects.get(number=2).values
    assert values["change_plan"]["value"] == "Retrained every Monday.\n\nSame features."


def test_everything_works_without_javascript(
    chromium: Any, live_server: Any, client: Any, settings: Any, version: ModelVersion
) -> None:
    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    name = settings.SESSION_COOKIE_NAME
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(at(version, "edit/?section=ownership"))
    page.get_by_role("textbox", name="On call, answer").fill("Rota 4411")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Saved as revision 2.")).to_be_visible()
    expect(page.get_by_role("heading", name="Purpose and use")).to_be_visible()
    context.close()
