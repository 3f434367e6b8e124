"""Files and comments beside a card in a real browser: nothing runs, nothing typed is lost."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from playwright.sync_api import Page, expect

from portal.accounts.models import User
from portal.accounts.permissions import Role
from registry.cards.attachments.models import CardAttachment
from registry.cards.comments.models import CardComment
from registry.cards.schema import schema_of
from registry.inventory.models import ModelVersion
from tests.browser.conftest import SignIn, fits, sound
from tests.cards.facts import make_full_version, make_owned_model
from tests.cards.files import HTML, PDF, png

pytestmark = pytest.mark.django_db(transaction=True)
LIVE = b"<!doctype html><html><body><script>document.title='ran';fetch('/trail/')</script></body>"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def version() -> ModelVersion:
    return make_full_version(make_owned_model("fresh-demand", description="Forecasts sales."))


def at(version: ModelVersion, more: str = "") -> str:
    return f"/models/{version.model_id}/versions/{version.version}/card/{more}"


def member(sign_in: SignIn, version: ModelVersion) -> Page:
    return sign_in(Role.DATA_SCIENTIST, team=version.model.team, display_name="Ana Ruiz")


def file(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def opened(page: Page, label: str = "Overview") -> Any:
    page.get_by_role("link", name=f"on {label}").click()
    panel = page.get_by_role("dialog", name="Files and comments")
    expect(panel.get_by_role("heading", name=label, level=2)).to_be_focused()
    return panel


def label_of(key: str = "overview") -> str:
    return schema_of().by_key[key].label


def test_a_comment_outlives_the_session(
    sign_in: SignIn, version: ModelVersion, settings: Any, live_server: Any
) -> None:
    page = member(sign_in, version)
    page.goto(at(version))
    panel = opened(page)
    panel.get_by_label("Your comment").fill("A long considered comment")
    kept = page.context.cookies()
    page.context.clear_cookies()
    panel.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("You have been signed out.")).to_be_visible()
    expect(panel.get_by_label("Your comment")).to_have_value("A long considered comment")
    enter_anew(page, kept, settings, live_server)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("are signed in again")).to_be_visible()
    page.get_by_role("button", name="Try again").last.click()
    expect(panel.get_by_text("A long considered").first).to_be_visible()
    assert CardComment.objects.get().text == "A long considered comment"


def enter_anew(page: Page, kept: Any, settings: Any, live_server: Any) -> None:
    """Sign the same person in with another session."""
    name = settings.SESSION_COOKIE_NAME
    old = next(cookie["value"] for cookie in kept if cookie["name"] == name)
    user = User.objects.get(pk=SessionStore(old)["_auth_user_id"])
    client = Client()
    client.force_login(user)
    value = client.cookies[name].value
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url}])


def test_a_refused_file_loses_nothing_else(sign_in: SignIn, version: ModelVersion) -> None:
    page = member(sign_in, version)
    page.goto(at(version, "edit/?section=identity"))
    page.locator("#value-overview").fill("Half a sentence")
    panel = opened(page, label_of())
    panel.get_by_text("Attach a file").click()
    panel.get_by_label("File", exact=True).set_input_files(file("good.png", png(40, 20)))
    panel.get_by_role("button", name="Attach").click()
    preview = panel.get_by_alt_text("Preview of good.png")
    expect(preview).to_have_js_property("naturalWidth", 40)
    panel.get_by_text("Attach a file").click()
    panel.get_by_label("File", exact=True).set_input_files(file("chart.png", HTML))
    panel.get_by_label("Expires on").fill("2099-03-31")
    panel.get_by_role("button", name="Attach").click()
    expect(panel.get_by_text("“chart.png” is an HTML page, not a PNG picture")).to_be_visible()
    expect(panel.get_by_label("Expires on")).to_have_value("2099-03-31")
    expect(page.locator("#value-overview")).to_have_value("Half a sentence")
    sound(page, "card-notes-refused")


def test_files_are_attached_and_withdrawn_beside_the_form(
    sign_in: SignIn, version: ModelVersion
) -> None:
    page = member(sign_in, version)
    page.goto(at(version, "edit/?section=identity"))
    typed = page.locator("#value-overview")
    typed.fill("Half a sentence")
    panel = opened(page, label_of())
    panel.get_by_text("Attach a file").click()
    panel.get_by_label("File", exact=True).set_input_files(file("chart.png", png(40, 20)))
    panel.get_by_role("button", name="Attach").click()
    expect(page.locator("#field-overview").get_by_role("link", name="chart.png")).to_be_visible()
    panel.get_by_text("Withdraw").first.click()
    panel.get_by_label("Why it no longer counts").fill("Wrong chart")
    panel.get_by_role("button", name="Withdraw the file").click()
    expect(panel.get_by_text("1 withdrawn or replaced")).to_be_visible()
    expect(page.locator("#field-overview").get_by_role("link", name="chart.png")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#beside-overview")).to_be_focused()
    expect(typed).to_have_value("Half a sentence")
    assert CardAttachment.objects.get().withdrawn_reason == "Wrong chart"


def test_words_not_sent_are_not_dropped_unasked(sign_in: SignIn, version: ModelVersion) -> None:
    page = sign_in(Role.VALIDATOR)
    page.goto(at(version))
    panel = opened(page, label_of())
    panel.get_by_label("Your comment").fill("Half a thought")
    page.keyboard.press("Escape")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("link", name="on Library").click()
    expect(panel.get_by_label("Your comment")).to_have_value("Half a thought")
    assert len(asked) == 1


def test_a_thread_is_held_beside_the_card(sign_in: SignIn, version: ModelVersion) -> None:
    page = sign_in(Role.VALIDATOR, display_name="Eva Horak")
    page.goto(at(version))
    panel = opened(page, label_of())
    panel.get_by_label("Your comment").fill("Which **shops**?")
    panel.get_by_role("button", name="Comment", exact=True).click()
    expect(panel.locator("strong", has_text="shops")).to_be_visible()
    expect(page.locator("#beside-overview")).to_contain_text("1 open comment")
    panel.get_by_text("Reply to comment 1").click()
    panel.get_by_label("Your reply").fill("All of them.")
    panel.get_by_role("button", name="Send the reply").click()
    expect(panel.locator("p", has_text="All of them.")).to_be_visible()
    panel.get_by_role("button", name="Resolve comment 1").click()
    expect(panel.get_by_text("1 resolved")).to_be_visible()
    expect(page.locator("#beside-overview")).not_to_contain_text("open")
    assert CardComment.objects.get(number=1).resolved_by_name == "Eva Horak"
    panel.get_by_text("1 resolved").click()
    sound(page, "card-notes-read")


def test_the_page_works_without_scripts(
    chromium: Any, sign_in: SignIn, version: ModelVersion, live_server: Any
) -> None:
    page = member(sign_in, version)
    cookies = page.context.cookies()
    plain = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    plain.add_cookies(cookies)
    other = plain.new_page()
    other.goto(at(version, "fields/overview/"))
    other.get_by_text("Attach a file").click()
    other.get_by_label("File", exact=True).set_input_files(file("דוח-שנתי.pdf", PDF))
    other.get_by_role("button", name="Attach").click()
    expect(other.get_by_role("link", name="דוח-שנתי.pdf")).to_be_visible()
    other.get_by_label("Your comment").fill("Signed version follows.")
    other.get_by_role("button", name="Comment", exact=True).click()
    expect(other.get_by_role("article").locator("p", has_text="Signed version")).to_be_visible()
    plain.close()
    page.goto(at(version, "fields/overview/"))
    sound(page, "card-notes-page")


def test_an_attached_page_never_runs(sign_in: SignIn, version: ModelVersion) -> None:
    page = member(sign_in, version)
    page.goto(at(version, "fields/overview/"))
    page.get_by_text("Attach a file").click()
    page.get_by_label("File", exact=True).set_input_files(file("report.html", LIVE))
    page.get_by_role("button", name="Attach").click()
    link = page.get_by_role("link", name="report.html")
    with page.expect_download() as started:
        link.click()
    assert started.value.suggested_filename == "report.html"
    assert Path(started.value.path()).read_bytes() == LIVE
    # Also in a frame or a tab of its own, the browser is told to keep it, not to open it.
    other = page.context.new_page()
    with other.expect_download():
        other.evaluate(
            "address => { location.href = address }", page.url.split("/fields/")[0] + "/files/1/"
        )
    assert other.title() != "ran"
    assert page.title() != "ran"


def test_a_file_that_is_too_large_is_told_before_it_is_sent(
    sign_in: SignIn, version: ModelVersion, tmp_path: Path
) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as out:
        out.truncate(60 * 1024 * 1024)
    page = member(sign_in, version)
    page.goto(at(version, "fields/overview/"))
    page.get_by_text("Attach a file").click()
    page.get_by_label("File", exact=True).set_input_files(large)
    message = page.get_by_label("File", exact=True).evaluate("input => input.validationMessage")
    assert message == "large.csv is 60.0 MB; at most 25 MB fit."
    page.get_by_role("button", name="Attach").click()
    assert not CardAttachment.objects.exists()
    fits(page)
