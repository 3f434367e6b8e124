"""The frame and the building blocks, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.accounts.permissions import Role
from tests.browser.conftest import PHONE, SignIn, sound
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.sample")]


def test_every_block_is_accessible_in_both_themes_and_widths(sign_in: SignIn) -> None:
    page = sign_in(Role.GOVERNANCE_LEAD, display_name="Mara Lindqvist")
    page.goto("/sample/")
    expect(page.locator(".chart-plot .main-svg").first).to_be_visible()
    sound(page, "sample")


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("/accounts/login/", "Sign in"),
        ("/nothing-here/", "There is nothing here"),
    ],
)
def test_pages_for_visitors_are_accessible(page: Page, address: str, heading: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    sound(page, re.sub(r"\W+", "-", address).strip("-"))


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("/accounts/password/change/", "Change your password"),
        ("/accounts/2fa/", "Two-factor sign-in"),
        ("/accounts/2fa/totp/activate/", "Set up an authenticator app"),
        ("/accounts/2fa/webauthn/add/", "Add a passkey or security key"),
        ("/accounts/reauthenticate/", "Confirm that it is you"),
        ("/accounts/logout/", "Sign out?"),
        ("/sample/conflict/", "This has changed in the meantime"),
    ],
)
def test_pages_about_oneself_are_accessible(sign_in: SignIn, address: str, heading: str) -> None:
    page = sign_in(display_name="Mara Lindqvist", password=PASSWORD)
    page.goto(address)
    if heading != "Confirm that it is you" and "reauthenticate" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    sound(page, re.sub(r"\W+", "-", address).strip("-"))


def test_signing_in_and_out(page: Page, sign_in: SignIn) -> None:
    make_user(username="mara", password=PASSWORD)
    page.goto("/sample/")
    page.get_by_label("Username").fill("mara")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/sample/")
    page.locator(".side .menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def test_the_theme_is_kept_and_charts_follow(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/sample/")
    page.locator(".side .menu summary").click()
    page.get_by_role("button", name="Dark").click()
    line = page.locator(".chart-plot .js-line").first
    expect(line).to_have_css("stroke", "rgb(169, 175, 255)")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.locator(".side .menu summary").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def test_a_refused_htmx_request_says_why_and_leaves_the_page(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/sample/")
    page.get_by_label("Search models").fill("kept")
    page.get_by_role("button", name="Save something stale").click()
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("Noor changed the tier two minutes ago")
    expect(page.get_by_label("Search models")).to_have_value("kept")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_be_empty()


def test_a_lost_connection_offers_to_try_again(
    sign_in: SignIn, expected_in_console: list[str]
) -> None:
    expected_in_console += ["ERR_FAILED", "htmx:sendError", "htmx:afterRequest"]
    page = sign_in()
    page.goto("/sample/")
    page.route("**/sample/conflict/", lambda route: route.abort())
    page.get_by_role("button", name="Save something stale").click()
    expect(page.locator("#toasts")).to_contain_text("cannot be reached")
    page.unroute("**/sample/conflict/")
    page.locator("#toasts").get_by_role("button", name="Try again").click()
    expect(page.locator("#toasts")).to_contain_text("Noor changed the tier")


def test_keyboard_search_menus_and_dialogs(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/sample/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search models")).to_be_focused()
    page.get_by_text("Export").click()
    expect(page.get_by_role("link", name="CSV")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="CSV")).to_be_hidden()
    page.get_by_role("link", name="Retire", exact=True).click()
    dialog = page.get_by_role("dialog", name="Retire this model?")
    expect(dialog.get_by_label("Reason")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_drawer_on_a_phone(sign_in: SignIn) -> None:
    page = sign_in()
    page.set_viewport_size(PHONE)
    page.goto("/sample/")
    jobs = page.get_by_role("link", name="Jobs")
    expect(jobs).to_be_hidden()
    page.locator(".drawer summary").click()
    expect(jobs).to_be_visible()
    page.keyboard.press("Escape")
    expect(jobs).to_be_hidden()


def test_pages_and_dialogs_work_without_javascript(
    chromium: Browser, live_server: object, sign_in: SignIn
) -> None:
    cookies = sign_in().context.cookies()
    plain = chromium.new_context(base_url=live_server.url, java_script_enabled=False)  # type: ignore[attr-defined]
    plain.add_cookies(cookies)
    page = plain.new_page()
    page.goto("/sample/")
    page.get_by_role("link", name="Page 4").click()
    expect(page.locator(".pager .here")).to_have_text("4")
    page.get_by_role("link", name="Retire", exact=True).click()
    expect(page.get_by_label("Reason")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_label("Reason")).to_be_hidden()
    plain.close()
