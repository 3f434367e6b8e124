"""Chromium, people who are signed in, and checks that every page shares."""

import os
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.services import HOME
from tests.thorough import IS_THOROUGH
from tests.waiting import wait_until

# Playwright's sync API keeps an event loop in this thread, where Django would refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skipped where it is missing, a failure where CI promises it."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing, and CI=true promises it.")
        pytest.skip(f"{CHROMIUM} is missing: install the package chromium to run browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    """Serve static files from the source tree, without a collected manifest."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures see whether their test failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.stash[FAILED] = report.failed


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def context(chromium: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """A fresh browser session against the portal, 1440 px wide."""
    context = chromium.new_context(base_url=live_server.url, viewport=WIDE, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield context
    context.close()
    # A page that closes still sends what was typed; emptying the tables must not meet it half way.
    wait_until(at_rest, 10, "the portal to answer what the closed page had sent")


def at_rest() -> bool:
    """Whether no other connection to the test's database is in the middle of something."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND usename = current_user AND state <> 'idle'"
        )
        return cursor.fetchone()[0] == 0


@pytest.fixture
def expected_in_console() -> list[str]:
    """Parts of console errors that are no fault; a test that provokes more appends them."""
    return ["responded with a status of 4", "Response Status Error Code 4"]


@pytest.fixture
def page(
    context: BrowserContext, request: pytest.FixtureRequest, expected_in_console: list[str]
) -> Iterator[Page]:
    """A page whose console must stay free of errors; its picture is kept when the test fails."""
    page = context.new_page()
    troubles: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(
            part in message.text for part in expected_in_console
        ):
            troubles.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield page
    if request.node.stash.get(FAILED, False):
        shoot(page, re.sub(r"[^\w-]+", "-", request.node.name))
    assert not troubles, "The browser's console shows: " + "; ".join(troubles)


def shoot(page: Page, name: str) -> Path:
    """Keep a picture of the whole page in the tests' state folder, and say where."""
    path = HOME.root / "pictures" / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    print(f"picture: {path}")
    return path


def axe(page: Page) -> None:
    """Fail on serious or critical breaches of WCAG 2.2 A and AA, naming rule and element.

    Swagger UI inside the API's documentation is somebody else's work and is left out.
    """
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    run = (
        "tags => axe.run({exclude: ['.swagger-ui']}, {runOnly: tags, resultTypes: ['violations']})"
    )
    found = page.evaluate(run, tags)
    lines = [
        f"{breach['id']} ({breach['impact']}): {breach['help']}: "
        + "; ".join(node["html"][:160] for node in breach["nodes"][:5])
        for breach in found["violations"]
        if breach["impact"] in SERIOUS
    ]
    assert not lines, "\n".join([page.url, *lines])


def fits(page: Page) -> None:
    """Fail when the page scrolls sideways as a whole; charts get a moment to follow the window."""
    sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"

    def fitting() -> bool:
        wide, seen = page.evaluate(sizes)
        return bool(wide <= seen)

    wait_until(fitting, 3, f"{page.url} to fit into its window")


def sound(page: Page, name: str = "") -> None:
    """The battery of every page: light on a desktop and dark on a phone, axe-core and width.

    axe-core, by far the slowest part, runs in one of the two, by turns over the addresses, and in
    both when asked to be thorough. With SIGNET_PICTURES=1 and a name it keeps a picture of every
    theme at every width.
    """
    looks = looks_of(page.url)
    for width, checked in ((WIDE, "light"), (PHONE, "dark")):
        page.set_viewport_size(width)
        pictures = name and os.environ.get("SIGNET_PICTURES")
        for theme in ("light", "dark") if pictures else (checked,):
            page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)
            page.evaluate("document.dispatchEvent(new CustomEvent('signet:theme'))")
            fits(page)
            if theme == checked and checked in looks:
                axe(page)
            if pictures:
                shoot(page, f"{name}-{width['width']}-{theme}")
    page.set_viewport_size(WIDE)


def looks_of(url: str) -> tuple[str, ...]:
    """The looks in which axe-core reads this address; numbers in it do not count."""
    if IS_THOROUGH:
        return "light", "dark"
    path = re.sub(r"[0-9]+", "", urlsplit(url).path)
    return (("light", "dark")[zlib.crc32(path.encode()) % 2],)


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(page: Page, client: Any, live_server: Any) -> SignIn:
    """`sign_in(Role.AUDITOR)` makes such a person and signs the page in; or pass `user=`."""

    # Imported here: this file is read before Django is set up.
    from django.conf import settings

    from portal.accounts.permissions import Role
    from tests.factories import make_user

    def go(role: Any = Role.VIEWER, *, user: Any = None, **fields: Any) -> Page:
        client.force_login(user or make_user(role, **fields))
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        return page

    return go
