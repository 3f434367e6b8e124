"""A page that changes something takes only our own forms: T19, on every such address."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.access import SIGNED_IN
from portal.accounts.permissions import Role
from tests.factories import make_user
from tests.routes import Route, Samples, all_routes

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SIGNED = {"mlflow_webhook"}  # checks a signature instead
ROUTES = [route for route in all_routes() if not route.is_api and route.name not in SIGNED]


@pytest.fixture
def samples() -> Samples:
    return Samples()


@pytest.fixture
def browser(samples: Samples) -> Client:
    user = make_user(Role.PLATFORM_ADMIN)
    for role in (Role.GOVERNANCE_LEAD, Role.AUDITOR):
        user.role_grants.create(role=role)
    user.role_grants.create(role=Role.MODEL_OWNER, team=samples.team)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend=BACKEND)
    return client


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}], ids=["form", "htmx"])
def test_a_post_without_the_forms_secret_is_refused(
    route: Route, headers: dict[str, str], browser: Client, samples: Samples
):
    assert browser.post(samples.address(route), headers=headers).status_code == 403


def test_the_same_post_with_it_goes_through(browser: Client):
    browser.get(reverse("team_list"))
    secret = browser.session["_csrftoken"]
    answer = browser.post(reverse("unit_add"), {"name": "Stores", "csrfmiddlewaretoken": secret})
    assert answer.status_code == 302
    by_header = browser.post(
        reverse("unit_add"), {"name": "Online"}, headers={"x-csrftoken": secret}
    )
    assert by_header.status_code == 302


def test_the_api_with_a_session_asks_for_it_too(browser: Client, samples: Samples):
    card = reverse("api_card", kwargs={"pk": samples.model.pk, "version": "1"})
    tag = browser.get(card)["ETag"]
    answer = browser.patch(card, "{}", content_type="application/json", headers={"if-match": tag})
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_signing_in_leads_nowhere_else(next_page: str):
    from tests.factories import PASSWORD

    make_user(username="ada", password=PASSWORD)
    answer = Client().post(
        reverse("account_login"), {"login": "ada", "password": PASSWORD, "next": next_page}
    )
    assert answer["Location"] == "/"


def test_pages_of_the_own_account_are_never_kept_by_a_cache(browser: Client, samples: Samples):
    for route in ROUTES:
        if route.action == SIGNED_IN:
            answer: Any = browser.get(samples.address(route))
            assert "no-store" in answer["Cache-Control"], route.name
