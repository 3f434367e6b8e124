"""The frame around a page: what it offers to whom, and what it costs."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.permissions import Role
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def frame(client: Client, role: Role | None, **fields: object) -> str:
    client.force_login(make_user(role, **fields))
    return client.get(reverse("mfa_index")).content.decode()


def test_the_navigation_offers_what_the_roles_allow(client: Client) -> None:
    auditor = frame(client, Role.AUDITOR)
    assert reverse("trail_search") in auditor
    assert reverse("people_list") in auditor
    assert reverse("token_list") not in auditor
    assert "Auditor" in auditor


def test_a_viewer_is_not_offered_the_trail(client: Client) -> None:
    html = frame(client, Role.VIEWER)
    assert reverse("model_list") in html
    assert reverse("trail_search") not in html


def test_somebody_without_a_role_can_still_sign_out(client: Client) -> None:
    html = frame(client, None)
    assert reverse("account_logout") in html
    assert "No role" in html


def test_the_password_page_is_for_people_who_have_one(client: Client) -> None:
    assert reverse("account_change_password") not in frame(client, Role.VIEWER)
    assert reverse("account_change_password") in frame(client, Role.VIEWER, password=PASSWORD)


def test_the_sign_in_page_names_the_people_of_the_demo_only(client: Client) -> None:
    login = reverse("account_login")
    make_user(Role.AUDITOR, username="real-person")
    assert "Demo data" not in client.get(login).content.decode()
    make_user(Role.AUDITOR, username="auditor", is_demo=True)
    html = client.get(login).content.decode()
    assert "Demo data is loaded" in html
    assert "<code>auditor</code>" in html
    assert "real-person" not in html
    assert PASSWORD not in html


def test_the_policy_for_content_names_no_exception(client: Client) -> None:
    policy = client.get(reverse("account_login")).headers["Content-Security-Policy"]
    parts = [part.strip() for part in policy.split(";")]
    assert "default-src 'none'" in parts
    assert "script-src 'self'" in parts
    assert "unsafe" not in policy
