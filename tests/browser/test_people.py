"""People, roles, tokens and the API's documentation, in a real browser."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.accounts.models import ApiToken
from portal.accounts.permissions import Role
from tests.browser.conftest import SignIn, sound
from tests.factories import PASSWORD, make_team, make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_person_is_added_and_given_a_role(sign_in: SignIn):
    team = make_team("Forecasting")
    page = sign_in(Role.PLATFORM_ADMIN, username="root", display_name="Grace Admin")
    page.goto(reverse("people_list"))
    page.get_by_role("link", name="Add a person").click()
    sound(page, "person-add")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Name", exact=True).fill("Ada Lovelace")
    page.get_by_role("button", name="Add", exact=True).click()
    link = page.get_by_role("textbox", name="Link")
    expect(link).to_have_value(re.compile("/accounts/password/reset/key/"))
    page.get_by_label("Role", exact=True).select_option(label="Data scientist")
    page.get_by_role("button", name="Give this role").click()
    expect(page.get_by_text("Data scientist is held for one team")).to_be_visible()
    page.get_by_role("combobox", name="Team").select_option(label=team.name)
    page.get_by_role("button", name="Give this role").click()
    expect(page.get_by_role("cell", name="Team Forecasting")).to_be_visible()
    sound(page, "person-detail")
    page.get_by_role("link", name="Take away Data scientist").click()
    dialog = page.get_by_role("dialog", name="Take this role away?")
    dialog.get_by_label("Reason").fill("Moved to another team")
    dialog.get_by_role("button", name="Take away").click()
    expect(page.get_by_text("No role yet", exact=True)).to_be_visible()


def test_the_list_narrows_while_one_types(sign_in: SignIn):
    for name in ("ada", "grace", "katherine"):
        make_user(Role.DATA_SCIENTIST, team=make_team(), username=name)
    page = sign_in(Role.AUDITOR)
    page.goto(reverse("people_list"))
    sound(page, "people-list")
    page.get_by_label("Search people").press_sequentially("kath")
    expect(page.get_by_role("heading", name="1 person")).to_be_visible()
    expect(page).to_have_url(re.compile("q=kath"))
    page.go_back()
    expect(page.get_by_role("link", name="grace")).to_be_visible()


def test_teams_and_units(sign_in: SignIn):
    make_team("Forecasting")
    page = sign_in(Role.PLATFORM_ADMIN)
    page.goto(reverse("team_list"))
    sound(page, "teams")


def test_a_token_is_made_shown_once_and_revoked(sign_in: SignIn):
    page = sign_in(Role.DATA_SCIENTIST, team=make_team("Forecasting"))
    page.goto(reverse("token_list"))
    page.get_by_label("Name").fill("Training pipeline")
    page.get_by_label("Read").check()
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_label("Token", exact=True)).to_have_value(re.compile("sgn_[0-9a-f]{12}_"))
    sound(page, "tokens")
    page.goto(reverse("token_list"))
    expect(page.get_by_label("Token", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Revoke Training pipeline").click()
    expect(page.get_by_role("cell", name="Revoked")).to_be_visible()
    assert ApiToken.objects.get().revoked_at is not None


def test_ones_own_account(sign_in: SignIn):
    page = sign_in(Role.MODEL_OWNER, team=make_team("Forecasting"))
    page.goto(reverse("me"))
    expect(page.get_by_role("cell", name="Edit a model card")).to_be_visible()
    sound(page, "me")


def test_without_a_role_the_page_says_whom_to_ask(sign_in: SignIn):
    make_user(Role.PLATFORM_ADMIN, username="root", display_name="Grace Admin")
    page = sign_in(None, username="newcomer")
    page.goto("/")
    expect(page.get_by_text("Grace Admin")).to_be_visible()
    sound(page, "no-role")


def test_the_apis_documentation_draws_under_our_content_policy(sign_in: SignIn):
    version = make_version()
    page = sign_in(Role.VIEWER)
    page.goto(reverse("api_docs"))
    expect(page.get_by_role("link", name="/api/v1/models/", exact=True)).to_be_visible()
    sound(page, "api-docs")
    try_it(page, "models-models_retrieve", str(version.model_id))


def try_it(page: Page, operation: str, number: str) -> None:
    """Call the API from its documentation, with the session of the browser."""
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_placeholder("id").fill(number)
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table td.response-col_status").last).to_contain_text(
        "200"
    )


def test_a_passkey_is_set_up_and_opens_the_portal(sign_in: SignIn):
    user = make_user(Role.VIEWER, username="ada", password=PASSWORD)
    page = sign_in(user=user)
    key = page.context.new_cdp_session(page)
    key.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    key.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(reverse("mfa_add_webauthn"))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("checkbox").check()  # it replaces the password as well
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url(re.compile("recovery-codes|webauthn/$"))
    page.goto(reverse("account_logout"))
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
