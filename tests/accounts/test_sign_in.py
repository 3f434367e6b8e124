"""Signing in with a password: lock-out, equal answers, and when a session ends."""

import statistics
import time
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.permissions import Role
from portal.accounts.services import person_deactivate, person_reactivate, role_revoke
from portal.trail.models import TrailEvent
from tests.factories import PASSWORD, make_actor, make_user

pytestmark = pytest.mark.django_db
WRONG = "not the password at all"


def sign_in(name: str, password: str, *, client: Client | None = None, address: str = "10.0.0.1"):
    return (client or Client()).post(
        reverse("account_login"), {"login": name, "password": password}, REMOTE_ADDR=address
    )


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("me")).status_code == 200


@pytest.fixture
def ada():
    return make_user(username="ada", password=PASSWORD)


def test_the_right_password_opens_the_portal(ada):
    client = Client()
    assert sign_in("ada", PASSWORD, client=client).status_code == 302
    assert is_signed_in(client)


def test_passwords_are_kept_with_argon2(ada):
    assert ada.password.startswith("argon2")


def test_five_failures_lock_the_name_at_this_address_for_a_quarter_of_an_hour(ada):
    answers = [sign_in("ada", WRONG).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    locked = sign_in("ada", PASSWORD)
    assert locked.status_code == 429
    assert b"15 minutes" in locked.content
    assert sign_in("ada", PASSWORD, address="10.0.0.2").status_code == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert sign_in("ada", PASSWORD).status_code == 302


def test_attempts_while_locked_do_not_prolong_the_lock(ada):
    for _ in range(5):
        sign_in("ada", WRONG)
    begin = timezone.now()
    with time_machine.travel(begin + timedelta(minutes=14), tick=True):
        assert sign_in("ada", WRONG).status_code == 429
    with time_machine.travel(begin + timedelta(minutes=16), tick=True):
        cache.clear()
        assert sign_in("ada", PASSWORD).status_code == 302


def test_another_spelling_of_the_name_is_the_same_person(ada):
    for name in ("ada", "Ada", "ADA", " ada ", "aDa"):
        last = sign_in(name, WRONG)
    assert last.status_code == 429
    assert set(AccessAttempt.objects.values_list("username", flat=True)) == {"ada"}


def test_a_success_forgets_the_failures_before_it(ada):
    for _ in range(4):
        sign_in("ADA", WRONG)
    assert sign_in("ada", PASSWORD).status_code == 302
    assert [sign_in("ada", WRONG).status_code for _ in range(4)] == [200] * 4


def test_a_wrong_name_is_locked_like_a_right_one():
    assert [sign_in("nobody", WRONG).status_code for _ in range(5)][-1] == 429


def test_many_names_from_one_address_are_slowed_down():
    answers = [sign_in(f"name{number}", WRONG).status_code for number in range(40)]
    assert answers.count(429) >= 9


def test_wrong_name_and_wrong_password_are_told_alike(ada):
    known, unknown = sign_in("ada", WRONG), sign_in("nobody", WRONG)
    assert known.status_code == unknown.status_code == 200
    errors = [sorted(r.context["form"].non_field_errors()) for r in (known, unknown)]
    assert errors[0] == errors[1] != []


def test_wrong_name_and_wrong_password_take_as_long(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    make_user(username="ada", password=PASSWORD)
    taken: dict[str, list[float]] = {"ada": [], "nobody": []}
    for number in range(5):
        for name, times in taken.items():
            cache.clear()
            begin = time.perf_counter()
            sign_in(name, WRONG, address=f"10.1.{number}.1")
            times.append(time.perf_counter() - begin)
    medians = [statistics.median(times) for times in taken.values()]
    assert abs(medians[0] - medians[1]) < max(0.010, 0.2 * max(medians))


@pytest.mark.parametrize("name", ["x" * 5000, "a\x00b", "‮ada", "a'; DROP TABLE x;--", "ada\n"])
def test_odd_names_are_refused_calmly(name):
    assert sign_in(name, WRONG).status_code in (200, 400)


def test_a_new_password_ends_the_other_sessions_and_is_recorded(ada):
    here, there = Client(), Client()
    for client in (here, there):
        sign_in("ada", PASSWORD, client=client)
    new = "a wholly different sentence"
    answer = here.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert answer.status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert TrailEvent.objects.filter(verb="person.password_change").count() == 1
    assert sign_in("ada", PASSWORD, address="10.0.0.9").status_code == 200


def test_a_session_does_not_wake_up_when_its_person_is_let_in_again(ada):
    client, admin = Client(), make_actor(Role.PLATFORM_ADMIN)
    client.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(reverse("me")).status_code == 200
    person_deactivate(actor=admin, person_id=ada.pk)
    person_reactivate(actor=admin, person_id=ada.pk)
    assert client.get(reverse("me")).status_code == 302


def test_deactivation_ends_the_session(ada):
    client = Client()
    sign_in("ada", PASSWORD, client=client)
    person_deactivate(actor=make_actor(Role.PLATFORM_ADMIN), person_id=ada.pk)
    assert not is_signed_in(client)
    sign_in("ada", PASSWORD, client=client)
    assert not is_signed_in(client)


def test_a_removed_role_counts_from_the_next_request():
    admin = make_user(Role.PLATFORM_ADMIN)
    client = Client()
    client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(reverse("person_add")).status_code == 200
    role_revoke(
        actor=make_actor(Role.PLATFORM_ADMIN), grant_id=admin.role_grants.get().pk, reason="left"
    )
    answer = client.get(reverse("person_add"))
    assert answer.status_code == 403
    assert b"platform admin" in answer.content


def test_signing_out_ends_the_session(ada):
    client = Client()
    sign_in("ada", PASSWORD, client=client)
    old = client.cookies["signet_session"].value
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    client.cookies["signet_session"] = old
    assert not is_signed_in(client)


def test_somebody_without_a_role_reads_whom_to_ask():
    make_user(Role.PLATFORM_ADMIN, username="root", display_name="Grace Admin")
    client = Client()
    client.force_login(
        make_user(None), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    for address in ("/", reverse("people_list"), reverse("token_list")):
        answer = client.get(address)
        assert answer.status_code == 403
        text = answer.content.decode()
        assert "Grace Admin" in text
        assert all(role.label in text for role in Role)
    assert client.get(reverse("me")).status_code == 200


def test_nobody_signs_up():
    for name in ("account_signup", "account_email", "socialaccount_signup"):
        assert Client().get(reverse(name)).status_code == 404
        assert Client().post(reverse(name), {"username": "x"}).status_code == 404
