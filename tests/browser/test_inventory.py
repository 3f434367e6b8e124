"""The inventory as people use it: typing, keyboard, history, phone."""

import pytest
from playwright.sync_api import Page, expect

from portal.accounts.permissions import Role
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.browser.conftest import PHONE, fits, sound
from tests.factories import (
    make_deployment,
    make_model,
    make_source,
    make_team,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team():
    return make_team("Demand planning")


@pytest.fixture
def shop(team):
    """Sixty models, the way a retailer has them."""
    make_source("MLflow", public_url="https://mlflow.example")
    owner = make_user(Role.MODEL_OWNER, team=team, display_name="Olivia Brandt")
    for number in range(58):
        tier = ("T1", "T2", "")[number % 3]
        kind = ("demand", "churn", "fraud")[number % 3]
        model = make_model(f"{kind}-{number:02}", risk_tier=tier, description="What it decides")
        make_version(model)
    model = make_model(
        "demand-all", team=team, owner=owner, risk_tier="T1", aliases={"champion": "2"}
    )
    for number in range(4):
        metrics = {"wape": 0.2 - number / 100, "mase": 0.9}
        version = make_version(
            model, metrics=metrics, datasets=[{"name": "sales", "digest": "ab1"}]
        )
    make_deployment(version, name="demand-api")
    make_deployment(None, name="old-scorer", team=team)
    make_model("n" * 256, description="d" * 500)
    refresh_models(RegisteredModel.objects.values_list("pk", flat=True))
    return owner


def heading(page: Page, text: str) -> None:
    expect(page.locator("#results h2")).to_have_text(text)


def test_search_as_you_type_keeps_focus_and_the_back_button_works(shop, sign_in):
    page = sign_in(Role.VIEWER)
    page.goto("/models/")
    heading(page, "60 models")
    page.keyboard.press("/")
    page.keyboard.type("churn", delay=20)
    heading(page, "19 models")
    expect(page.get_by_role("status").filter(has_text="19 models shown")).to_have_count(1)
    expect(page).to_have_url("/models/?q=churn")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("-01")
    heading(page, "1 model")
    page.go_back()
    heading(page, "19 models")
    expect(page.locator("#search")).to_have_value("churn")
    page.go_back()
    heading(page, "60 models")
    page.reload()
    heading(page, "60 models")


def test_facet_by_keyboard_and_chip(shop, sign_in):
    page = sign_in(Role.VIEWER)
    page.goto("/models/?sort=-changed")
    summary = page.locator("summary", has_text="Risk tier")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("T1 critical")).to_be_focused()
    page.keyboard.press("Space")
    heading(page, "21 models")
    expect(page.get_by_label("T1 critical")).to_be_focused()
    expect(page).to_have_url("/models/?tier=T1&sort=-changed")
    expect(page.locator("#used-tier")).to_have_text("· 1")
    expect(page.locator("#count-task-forecasting")).to_have_text("1")
    expect(page.locator("#count-tier-T2")).to_have_text("19")
    page.get_by_label("T2 high").check()
    heading(page, "40 models")
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    page.get_by_role("link", name="Remove filter Risk tier T1 critical").click()
    heading(page, "19 models")
    expect(page.locator("#results h2")).to_be_focused()
    page.locator("summary", has_text="Risk tier").click()
    expect(page.get_by_label("T1 critical")).not_to_be_checked()
    expect(page.get_by_label("T2 high")).to_be_checked()


def test_order_pages_and_sizes(shop, sign_in):
    page = sign_in(Role.VIEWER)
    page.goto("/models/?q=d")
    page.get_by_role("link", name="Risk tier").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Risk tier")
    expect(page).to_have_url("/models/?q=d&sort=tier")
    page.get_by_role("link", name="25", exact=True).click()
    expect(page.locator("#results tbody tr")).to_have_count(25)
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url("/models/?q=d&sort=tier&size=25&page=2")
    page.locator("#search").fill("demand")
    heading(page, "21 models")
    expect(page).to_have_url("/models/?q=demand&sort=tier&size=25")


def test_works_without_javascript(shop, chromium, client, live_server):
    from django.conf import settings

    client.force_login(make_user(Role.VIEWER))
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    page = context.new_page()
    page.goto("/models/")
    page.locator("#search").fill("churn")
    page.locator("summary", has_text="Risk tier").click()
    page.get_by_label("T2 high").check()
    page.get_by_role("button", name="Apply").click()
    heading(page, "19 models")
    page.get_by_role("link", name="Model", exact=True).click()
    heading(page, "19 models")
    context.close()


def test_exports_what_is_filtered(shop, sign_in):
    page = sign_in(Role.VIEWER)
    page.goto("/models/")
    page.locator("#search").fill("demand-all")
    heading(page, "1 model")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    lines = waiting.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith('"demand-all"')


def test_the_chart_follows_the_chosen_metric(shop, sign_in):
    page = sign_in(Role.VIEWER)
    page.goto("/models/?q=demand-all")
    page.get_by_role("link", name="demand-all", exact=True).click()
    expect(page.locator("#metric .main-svg").first).to_be_visible()
    page.locator("summary", has_text="Metric").first.click()
    page.get_by_role("link", name="wape").click()
    expect(page.locator("#chart-title")).to_have_text("wape over versions")
    expect(page.locator("#metric .main-svg").first).to_be_visible()
    expect(page.locator("#metric .ytitle")).to_have_text("wape")
    page.get_by_text("Show the figures as a table").click()
    expect(page.get_by_role("cell", name="2 (champion)")).to_be_visible()


def test_an_owner_hands_over_a_model(shop, sign_in, team):
    heir = make_user(Role.DATA_SCIENTIST, team=team, display_name="Ana Silva")
    page = sign_in(user=shop)
    page.goto("/models/?mine=1")
    page.get_by_role("link", name="demand-all").click()
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Owner").select_option(str(heir.pk))
    page.get_by_label("Reason").fill("Olivia moves on")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Owner and team are saved.")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Olivia moves on")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("models", "/models/"),
        ("models-filtered", "/models/?tier=T1&q=demand&owner=evil"),
        ("models-none", "/models/?q=nothing"),
        ("model", "/models/{pk}/"),
        ("model-owner", "/models/{pk}/owner/"),
        ("version", "/models/{pk}/versions/2/"),
        ("compare", "/models/{pk}/compare/?a=1&b=3"),
        ("deployments", "/deployments/"),
        ("deployment-new", "/deployments/new/"),
    ],
)
def test_every_page_is_sound(shop, sign_in, name, path):
    page = sign_in(user=shop)
    model = RegisteredModel.objects.get(name="demand-all")
    page.goto(path.format(pk=model.pk))
    sound(page, name)


def test_an_open_facet_fits_a_phone(shop, sign_in):
    page = sign_in(Role.VIEWER)
    page.set_viewport_size(PHONE)
    page.goto("/models/")
    for facet in page.locator(".facet > summary").all():
        facet.click()
        fits(page)
        page.keyboard.press("Escape")
