"""The portal's own pages, as the navigation leads to them."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from portal.context import ACCOUNT, NAVIGATION
from tests.browser.conftest import SignIn, sound
from tests.factories import PASSWORD, make_deployment, make_model, make_version

pytestmark = pytest.mark.django_db(transaction=True)
PLACES = [(label, name) for label, _, name, _ in (*NAVIGATION, *ACCOUNT)]


@pytest.mark.parametrize(("label", "name"), PLACES, ids=[label for label, _ in PLACES])
def test_every_place_of_the_navigation_is_sound(sign_in: SignIn, label: str, name: str) -> None:
    make_deployment(make_version(make_model("basket-forecast-nl")))
    page = sign_in(Role.PLATFORM_ADMIN, display_name="Mara Lindqvist", password=PASSWORD)
    answer = page.goto(reverse(name))
    assert answer is not None
    assert answer.ok
    sound(page, f"place-{name}")


def test_back_and_forward_after_htmx_show_the_whole_page(sign_in: SignIn) -> None:
    for number in range(60):
        make_model(f"basket-forecast-{number:02}")
    page = sign_in()
    page.goto("/models/")
    page.get_by_role("link", name="Page 2").click()
    page.wait_for_url("**page=2**")
    expect(page.locator(".pager .here")).to_have_text("2")
    page.go_back()
    expect(page.locator(".pager .here")).to_have_text("1")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.go_forward()
    expect(page.locator(".pager .here")).to_have_text("2")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
