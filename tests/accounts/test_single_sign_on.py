"""Single sign-on against a small OpenID Connect provider that runs beside the test."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.permissions import Role
from portal.trail.models import TrailEvent
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


class Provider(HTTPServer):
    """Signs everybody in as `person`."""

    person: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    """Discovery, token and user info."""

    server: Provider

    def do_GET(self) -> None:
        url = self.server.url
        if self.path == "/userinfo":
            return self._json(self.server.person)
        return self._json(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "userinfo_endpoint": f"{url}/userinfo",
                "jwks_uri": f"{url}/keys",
            }
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._json({"access_token": "opaque", "token_type": "Bearer", "expires_in": 60})

    def _json(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider(("127.0.0.1", 0), Answers)
    server.person = {"sub": "AbC-123", "preferred_username": "ada", "name": "Ada Lovelace"}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    app = {
        "provider_id": "sso",
        "name": "Company",
        "client_id": "signet",
        "secret": "secret",
        "settings": {"server_url": server.url},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
    }
    yield server
    server.shutdown()
    server.server_close()


def come(provider: Provider, **person: Any) -> tuple[Client, Any]:
    """Go through the provider and come back."""
    provider.person = {**provider.person, **person}
    client = Client()
    away = client.post(reverse("openid_connect_login", kwargs={"provider_id": "sso"}))
    assert away.status_code == 302
    query = parse_qs(urlsplit(away["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    back = reverse("openid_connect_callback", kwargs={"provider_id": "sso"})
    answer = client.get(back, {"code": "code", "state": query["state"][0]})
    return client, answer


def who(client: Client) -> User:
    return client.get(reverse("me")).context["user"]


def test_the_first_visit_makes_an_account_without_a_role(provider):
    make_user(Role.PLATFORM_ADMIN, display_name="Grace Admin")
    client, answer = come(provider)
    assert answer.status_code == 302
    user = who(client)
    assert (user.username, str(user)) == ("ada", "Ada Lovelace")
    assert not user.has_usable_password()
    assert list(user.role_grants.all()) == []
    assert TrailEvent.objects.get(verb="person.create").actor_name == "single sign-on"
    page = client.get("/")
    assert page.status_code == 403
    assert b"You hold no role yet" in page.content
    assert b"Grace Admin" in page.content


def test_the_subject_is_the_same_person_in_any_case(provider):
    first = who(come(provider)[0])
    assert who(come(provider, sub="aBc-123")[0]) == first
    assert who(come(provider, sub="abc-124", preferred_username="eve")[0]) != first


@pytest.mark.parametrize("verified", [True, False])
def test_a_mail_address_never_opens_a_local_account(provider, verified):
    local = make_user(username="boss", password=PASSWORD, email="boss@example.com")
    client, _ = come(
        provider, preferred_username="boss", email="boss@example.com", email_verified=verified
    )
    assert who(client) != local
    local.refresh_from_db()
    assert local.check_password(PASSWORD)
    assert who(client).username != "boss"


def test_a_deactivated_person_does_not_come_in(provider):
    user = who(come(provider)[0])
    User.objects.filter(pk=user.pk).update(is_active=False)
    client, _ = come(provider)
    assert client.get(reverse("me")).status_code == 302


def test_somebody_from_there_sets_no_password_here(provider):
    client, _ = come(provider)
    assert client.get(reverse("account_set_password")).status_code == 403


def test_without_single_sign_on_its_addresses_are_not_there():
    address = reverse("openid_connect_login", kwargs={"provider_id": "sso"})
    assert Client().post(address).status_code == 404
