"""The second factor: set up, asked for, and its secret never stored in the clear."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from portal.trail.models import TrailEvent
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def sign_in(client: Client) -> str:
    answer = client.post(reverse("account_login"), {"login": "ada", "password": PASSWORD})
    return answer["Location"]


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def secret() -> str:
    """Ada has set up an authenticator app."""
    make_user(username="ada", password=PASSWORD)
    client = Client()
    sign_in(client)
    assert client.get(reverse("mfa_activate_totp")).status_code == 302
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    key = page.context["form"].secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": code(key)})
    assert answer.status_code == 302
    return key


def test_it_is_recorded_and_its_secret_is_encrypted(secret):
    added = TrailEvent.objects.filter(verb="person.factor_add").order_by("seq")
    assert ["totp" in event.body for event in added] == [True, False]
    assert all(event.request_id for event in added)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert settings.TOKEN_PEPPER not in stored


def test_the_password_alone_is_no_longer_enough(secret):
    client = Client()
    assert sign_in(client).startswith(reverse("mfa_authenticate"))
    assert client.get(reverse("me")).status_code == 302
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 200
    Authenticator.objects.update(last_used_at=None)
    cache.clear()
    right = client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    assert right.status_code == 302
    assert client.get(reverse("me")).status_code == 200


def test_guessing_codes_is_slowed_down(secret):
    client = Client()
    sign_in(client)
    said = [
        client.post(reverse("mfa_authenticate"), {"code": f"{number:06}"}).content
        for number in range(8)
    ]
    assert b"Too many failed" in said[-1]


def test_taking_it_away_is_recorded(secret):
    client = Client()
    sign_in(client)
    Authenticator.objects.update(last_used_at=None)
    cache.clear()
    client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert TrailEvent.objects.filter(verb="person.factor_remove").exists()
    assert sign_in(Client()) == "/"


def test_under_another_pepper_no_code_fits(secret, settings):
    settings.TOKEN_PEPPER = "q" * 50
    client = Client()
    sign_in(client)
    for guess in (code(secret), code("A" * 32)):
        cache.clear()
        assert client.post(reverse("mfa_authenticate"), {"code": guess}).status_code == 200
