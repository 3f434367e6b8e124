"""The editor of a card in a real browser: drafts, two people, being offline, being signed out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, expect

from portal.accounts.models import User
from portal.accounts.permissions import Role
from registry.cards.drafts.models import CardDraft
from registry.cards.models import CardRevision
from registry.inventory.models import ModelVersion
from tests.browser.conftest import WIDE, SignIn, sound
from tests.browser.test_cards import at, save
from tests.cards.facts import UNKNOWN, make_full_version, make_owned_model, written
from tests.factories import make_user
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
KEPT = "Kept as draft"
expect.set_options(timeout=15_000)


@pytest.fixture
def version() -> ModelVersion:
    model = make_owned_model("fresh-demand-forecast", risk_tier="T2", tier_reason="Moves stock.")
    found = make_full_version(model)
    save(found, overview=written("Predicts sales of **fresh** goods."), contact=UNKNOWN)
    return found


@pytest.fixture
def ana(version: ModelVersion) -> User:
    return make_user(Role.DATA_SCIENTIST, team=version.model.team, display_name="Ana Ruiz")


@pytest.fixture
def page(sign_in: SignIn, ana: User) -> Page:
    return sign_in(user=ana)


@pytest.fixture
def eva(chromium: Any, live_server: Any, settings: Any, version: ModelVersion) -> Iterator[Page]:
    """A colleague's own browser."""
    user = make_user(Role.DATA_SCIENTIST, team=version.model.team, display_name="Eva Horak")
    context = chromium.new_context(base_url=live_server.url, viewport=WIDE, reduced_motion="reduce")
    enter(context, settings, live_server, user)
    yield context.new_page()
    context.close()


def enter(context: BrowserContext, settings: Any, live_server: Any, user: User) -> None:
    """Sign a browser in with a session of its own."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])


def edit(page: Page, version: ModelVersion, section: str = "ownership") -> None:
    page.goto(at(version, f"edit/?section={section}"))


def answer(page: Page, label: str) -> Any:
    return page.get_by_role("textbox", name=f"{label}, answer")


def state(page: Page) -> Any:
    return page.locator("[data-card-state]")


def draft(key: str) -> CardDraft | None:
    return CardDraft.objects.filter(field_key=key).first()


def test_typing_is_kept_and_saved_as_one_revision(page: Page, version: ModelVersion) -> None:
    edit(page, version)
    answer(page, "On call").fill("Rota 4411")
    expect(state(page)).to_contain_text(KEPT)
    assert draft("on_call").value == "Rota 4411"
    assert CardRevision.objects.count() == 1
    edit(page, version, "risk")
    edit(page, version)
    expect(answer(page, "On call")).to_have_value("Rota 4411")
    expect(page.get_by_text("1 answer kept as draft")).to_be_visible()
    edit(page, version, "identity")
    answer(page, "Business problem").fill("Waste")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as revision 2.")).to_be_visible()
    values = CardRevision.objects.get(number=2).values
    assert (values["on_call"]["value"], values["business_problem"]["value"]) == (
        "Rota 4411", "Waste",
    )  # fmt: skip
    assert not CardDraft.objects.exists()


def test_two_people_in_one_field_see_both_texts_and_choose(
    page: Page, eva: Page, version: ModelVersion
) -> None:
    edit(page, version)
    edit(eva, version)
    answer(page, "On call").fill("Ana's rota")
    expect(state(page)).to_contain_text(KEPT)
    answer(eva, "On call").fill("Eva's rota")
    expect(eva.get_by_text("Ana Ruiz is writing here too")).to_be_visible()
    eva.get_by_role("button", name="Save revision").click()
    expect(eva.get_by_text("Saved as revision 2.")).to_be_visible()

    answer(page, "On call").fill("Ana's new rota")
    field = page.get_by_role("group", name="On call")
    expect(field.get_by_text("Eva Horak saved this field while you were writing.")).to_be_visible()
    expect(field.get_by_text("Eva's rota")).to_be_visible()
    expect(answer(page, "On call")).to_have_value("Ana's new rota")
    sound(page, "card-editor-clash")
    field.get_by_role("button", name="Keep mine").click()
    expect(state(page)).to_contain_text(KEPT)
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("Saved as revision 3.")).to_be_visible()
    assert CardRevision.objects.get(number=3).values["on_call"]["value"] == "Ana's new rota"


def test_who_rests_in_a_field_learns_what_others_saved_there(
    page: Page, eva: Page, version: ModelVersion
) -> None:
    page.clock.install()
    edit(page, version)
    answer(page, "On call").fill("Ana's rota")
    page.clock.run_for(1_000)
    expect(state(page)).to_contain_text(KEPT)
    edit(eva, version)
    expect(eva.get_by_text("Ana Ruiz is writing here too")).to_be_visible()
    answer(eva, "On call").fill("Eva's rota")
    eva.get_by_role("button", name="Save revision").click()
    expect(eva.get_by_text("Saved as revision 2.")).to_be_visible()
    answer(page, "On call").focus()
    page.clock.run_for(20_000)
    expect(page.get_by_text("Eva Horak saved this field while you were writing.")).to_be_visible()
    expect(answer(page, "On call")).to_have_value("Ana's rota")


def test_taking_theirs_and_merging(page: Page, eva: Page, version: ModelVersion) -> None:
    edit(page, version, "identity")
    for key, label in (("overview", "Overview"), ("business_problem", "Business problem")):
        answer(page, label).fill(f"Mine of {key}")
        wait_until(lambda key=key: draft(key), 10, f"the draft of {key}")
    edit(eva, version, "identity")
    answer(eva, "Overview").fill("Theirs one")
    answer(eva, "Business problem").fill("Theirs two")
    eva.get_by_role("button", name="Save revision").click()
    expect(eva.get_by_text("Saved as revision 2.")).to_be_visible()

    answer(page, "Overview").press_sequentially("!")
    page.get_by_role("group", name="Overview").get_by_role("button", name="Take theirs").click()
    expect(answer(page, "Overview")).to_have_value("Theirs one")
    answer(page, "Business problem").press_sequentially("!")
    page.get_by_role("button", name="Put theirs below mine").click()
    expect(answer(page, "Business problem")).to_have_value(
        "Mine of business_problem!\n\nTheirs two"
    )
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("Saved as revision 3.")).to_be_visible()
    values = CardRevision.objects.get(number=3).values
    assert values["overview"]["value"] == "Theirs one"
    assert values["business_problem"]["value"].endswith("Theirs two")


def test_two_people_in_different_fields_both_win(
    page: Page, eva: Page, version: ModelVersion
) -> None:
    edit(page, version)
    edit(eva, version)
    answer(page, "On call").fill("Rota 4411")
    answer(eva, "Independent validator").fill("Vera")
    eva.get_by_role("button", name="Save revision").click()
    expect(eva.get_by_text("Saved as revision 2.")).to_be_visible()
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("both changes are kept")).to_be_visible()
    values = CardRevision.objects.get(number=3).values
    assert (values["on_call"]["value"], values["validator"]["value"]) == ("Rota 4411", "Vera")


def test_offline_then_online(
    page: Page, version: ModelVersion, expected_in_console: list[str]
) -> None:
    expected_in_console += ["ERR_INTERNET_DISCONNECTED", "htmx:"]
    edit(page, version)
    page.context.set_offline(True)
    answer(page, "On call").fill("Written on a train")
    expect(page.get_by_text("Signet cannot be reached. Your text is kept")).to_be_visible()
    expect(state(page)).to_contain_text("1 answer is not saved")
    page.get_by_role("button", name="Save revision").click()
    expect(state(page)).to_contain_text("No revision was saved")
    assert draft("on_call") is None
    page.context.set_offline(False)
    expect(state(page)).to_contain_text(KEPT)
    assert draft("on_call").value == "Written on a train"


def test_an_expired_session_keeps_the_text_and_saves_it_after_signing_in(
    page: Page, version: ModelVersion, ana: User, settings: Any, live_server: Any
) -> None:
    edit(page, version)
    page.context.clear_cookies()
    answer(page, "On call").fill("Words of the signed-out")
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in in a new tab")).to_be_visible()
    expect(answer(page, "On call")).to_have_value("Words of the signed-out")
    sound(page, "card-editor-signed-out")
    enter(page.context, settings, live_server, ana)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(state(page)).to_contain_text(KEPT)
    assert draft("on_call").value == "Words of the signed-out"


def test_typing_on_and_saving_without_a_session_ends_well_after_signing_in(
    page: Page, version: ModelVersion, ana: User, settings: Any, live_server: Any
) -> None:
    edit(page, version)
    page.context.clear_cookies()
    answer(page, "On call").fill("Words")
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    answer(page, "On call").fill("Words, and more of them")
    page.get_by_label("What you changed").fill("Why it was")
    page.keyboard.press("Control+s")
    expect(state(page)).to_contain_text("No revision was saved.")
    expect(page.get_by_text("You were signed out.").first).to_be_visible()
    expect(page.get_by_text("You may not")).to_have_count(0)
    enter(page.context, settings, live_server, ana)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(state(page)).to_contain_text(KEPT)
    assert draft("on_call").value == "Words, and more of them"
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as revision")).to_be_visible()
    assert CardRevision.objects.latest("number").note == "Why it was"


def test_a_form_is_not_sent_without_a_session(page: Page, version: ModelVersion) -> None:
    edit(page, version)
    page.get_by_label("What you changed").fill("A long story")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save revision").click()
    expect(state(page)).to_contain_text("You were signed out.")
    expect(state(page).get_by_role("link", name="Sign in in a new tab")).to_be_visible()
    expect(page.get_by_label("What you changed")).to_have_value("A long story")


def test_somebody_else_who_signs_in_does_not_save_my_words(
    page: Page, version: ModelVersion, settings: Any, live_server: Any
) -> None:
    edit(page, version)
    page.context.clear_cookies()
    answer(page, "On call").fill("My own words")
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    other = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    enter(page.context, settings, live_server, other)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("Somebody else is signed in now.")).to_be_visible()
    assert draft("on_call") is None


def test_a_server_error_and_a_reload_offer_the_text_again(
    page: Page, version: ModelVersion, expected_in_console: list[str]
) -> None:
    # The route stands in for a server that fails: the real one cannot be made to on demand.
    expected_in_console.append("status of 500")

    def fail(route: Route) -> None:
        route.fulfill(status=500, body="")

    edit(page, version)
    page.route(re.compile("/card/drafts/"), fail)
    answer(page, "On call").fill("Rota 4411")
    expect(page.get_by_text("Signet could not save this (error 500).")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    save(version, 1, on_call=written("Rota of somebody else"))
    page.reload()
    field = page.get_by_role("group", name="On call")
    expect(field.get_by_text("and it did not reach Signet")).to_be_visible()
    expect(field.get_by_text("The card has changed since")).to_be_visible()
    expect(answer(page, "On call")).to_have_value("Rota of somebody else")
    sound(page, "card-editor-offer")
    edit(page, version, "risk")
    expect(page.get_by_text("Text that did not reach Signet is kept")).to_be_visible()
    page.get_by_role("region", name="Text kept in this browser").get_by_role("link").click()
    page.unroute(re.compile("/card/drafts/"))
    field.get_by_role("button", name="Use it").click()
    expect(answer(page, "On call")).to_have_value("Rota 4411")
    expect(state(page)).to_contain_text(KEPT)
    page.reload()
    expect(field.get_by_text("and it did not reach Signet")).to_have_count(0)
    expect(answer(page, "On call")).to_have_value("Rota 4411")


def test_words_typed_right_before_leaving_are_kept(page: Page, version: ModelVersion) -> None:
    edit(page, version)
    answer(page, "On call").fill("Last words")
    page.get_by_role("link", name="Read the card").click()
    expect(page.get_by_role("heading", name="Model card", level=1)).to_be_visible()
    wait_until(lambda: draft("on_call"), 10, "the draft of the page that was left")


def test_two_windows_of_one_person(page: Page, version: ModelVersion) -> None:
    edit(page, version)
    other = page.context.new_page()
    edit(other, version)
    answer(other, "On call").fill("Other window")
    expect(state(other)).to_contain_text(KEPT)
    answer(page, "On call").fill("This window")
    expect(page.get_by_text("You wrote something else here in another window")).to_be_visible()
    assert draft("on_call").value == "Other window"
    page.get_by_role("button", name="Keep what this window shows").click()
    expect(state(page)).to_contain_text(KEPT)
    assert draft("on_call").value == "This window"


def test_rows_are_edited_by_keyboard_and_wrong_cells_named(
    page: Page, version: ModelVersion
) -> None:
    edit(page, version, "risk")
    rows = page.get_by_role("group", name="Risks and what is done about them, rows")
    rows.get_by_label("Risk, row 1").fill("Over-ordering | twice")
    page.keyboard.press("Tab")
    page.keyboard.type("Cap")
    page.keyboard.press("Enter")
    expect(rows.get_by_label("Risk, row 2")).to_be_focused()
    page.keyboard.type("Empty shelves")
    page.keyboard.press("Alt+ArrowUp")
    expect(rows.get_by_label("Risk, row 1")).to_have_value("Empty shelves")
    rows.get_by_label("Measure, row 2").fill("x" * 1001)
    expect(page.get_by_text("Row 2, Measure: This is 1,001 characters long")).to_be_visible()
    expect(rows.get_by_label("Measure, row 2")).to_have_attribute("aria-invalid", "true")
    sound(page, "card-editor-rows")
    rows.get_by_label("Measure, row 2").fill("Cap")
    expect(page.get_by_text("Row 2, Measure")).to_have_count(0)
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("Saved as revision 2.")).to_be_visible()
    found = CardRevision.objects.get(number=2).values["risks"]["value"]
    assert [(row["risk"], row["mitigation"]) for row in found] == [
        ("Empty shelves", ""), ("Over-ordering | twice", "Cap"),
    ]  # fmt: skip
    rows.get_by_label("Risk, row 1").focus()
    page.keyboard.press("Alt+Delete")
    expect(rows.get_by_label("Risk, row 2")).to_have_count(0)


def test_preview_shortcuts_and_gaps(page: Page, version: ModelVersion) -> None:
    edit(page, version, "identity")
    field = page.get_by_role("group", name="Overview")
    answer(page, "Overview").fill("# Big\n\n<script>alert(1)</script> **strong**")
    field.get_by_role("button", name="Preview").click()
    preview = field.get_by_role("region", name="Overview, preview")
    expect(preview.get_by_text("strong", exact=True)).to_be_visible()
    assert "<script>" not in preview.inner_html()
    field.get_by_role("button", name="Write").click()
    expect(answer(page, "Overview")).to_be_focused()
    page.keyboard.press("F8")
    expect(answer(page, "Business problem")).to_be_focused()
    page.get_by_role("heading", name="Identity").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    sound(page, "card-editor-shortcuts")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_dropping_a_draft_brings_the_answer_back(page: Page, version: ModelVersion) -> None:
    edit(page, version, "identity")
    answer(page, "Overview").fill("Something rash")
    expect(state(page)).to_contain_text(KEPT)
    page.get_by_role("group", name="Overview").get_by_role("button", name="Drop").click()
    expect(answer(page, "Overview")).to_have_value("Predicts sales of **fresh** goods.")
    assert not CardDraft.objects.exists()


def test_starting_from_what_the_source_says(page: Page, version: ModelVersion) -> None:
    edit(page, version, "model")
    field = page.get_by_role("group", name="Key hyper-parameters", exact=False).first
    field.get_by_role("button", name="Start from this").click()
    expect(field.get_by_label("Parameter, row 1")).to_have_value("estimator")
    expect(field.get_by_label("Parameter, row 1")).to_be_focused()
    expect(state(page)).to_contain_text(KEPT)
    assert "max_depth | 6" in draft("hyperparameters").value
