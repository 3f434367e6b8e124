"""API tokens: what they open, for how long, and where their secret never is."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.models import ApiToken, User
from portal.accounts.permissions import Role, Scope
from portal.accounts.services import (
    person_deactivate,
    role_revoke,
    token_create,
    token_revoke,
)
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from tests.factories import make_actor, make_team, make_user

pytestmark = pytest.mark.django_db
MODELS = "/api/v1/models/"


def call(text: str, path: str = MODELS, method: str = "get"):
    client = Client(enforce_csrf_checks=True)
    return getattr(client, method)(path, headers={"authorization": f"Bearer {text}"})


@pytest.fixture
def owner() -> User:
    return make_user(Role.DATA_SCIENTIST, team=make_team())


@pytest.fixture
def made(owner) -> tuple[ApiToken, str]:
    return token_create(actor=person(owner), name="CI", scopes=[Scope.READ])


def test_a_token_reads_what_its_owner_may_read(made):
    assert call(made[1]).status_code == 200


def test_the_word_bearer_is_taken_in_any_case(made):
    answer = Client().get(MODELS, headers={"authorization": f"bearer {made[1]}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text.replace("sgn_", "sgx_"),
        lambda text: text[:20],
        lambda text: "",
        lambda text: text + " extra",
        lambda text: "sgn_000000000000_" + text[17:],
        lambda text: text + "\xe9",
        lambda text: "a" * 10_000,
    ],
)
def test_a_wrong_token_opens_nothing_and_all_are_told_alike(made, change):
    answer = call(change(made[1]))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Signet"'
    assert answer.json()["detail"] == call("sgn_nothing").json()["detail"]


def test_without_the_scope_it_may_not(owner):
    _, text = token_create(actor=person(owner), name="CI", scopes=[Scope.CARDS_WRITE])
    answer = call(text)
    assert answer.status_code == 403
    assert "scope read" in answer.json()["detail"]


def test_it_ends_by_itself(made):
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=True):
        assert call(made[1]).status_code == 401


def test_it_ends_when_revoked_and_only_once(made, owner):
    token_revoke(actor=person(owner), token_id=made[0].pk)
    assert call(made[1]).status_code == 401
    with pytest.raises(Conflict):
        token_revoke(actor=person(owner), token_id=made[0].pk)


def test_it_ends_with_its_owner_and_does_not_come_back(made, owner):
    admin = make_actor(Role.PLATFORM_ADMIN)
    person_deactivate(actor=admin, person_id=owner.pk)
    assert call(made[1]).status_code == 401
    User.objects.filter(pk=owner.pk).update(is_active=True)
    assert call(made[1]).status_code == 401


def test_it_may_nothing_when_its_owner_lost_the_role(made, owner):
    grant = owner.role_grants.get()
    role_revoke(actor=make_actor(Role.PLATFORM_ADMIN), grant_id=grant.pk)
    assert call(made[1]).status_code == 403


@pytest.mark.parametrize("path", ["/", "/models/", "/tokens/", "/people/", "/me/"])
def test_a_token_opens_no_page(made, path):
    assert call(made[1], path).status_code == 302


def test_a_token_makes_no_token(made, owner):
    from portal.accounts.tokens import token_actor

    with pytest.raises(Denied):
        token_create(actor=token_actor(made[0]), name="More", scopes=[Scope.READ])


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""}, {"name": "x" * 81}, {"scopes": []}, {"scopes": ["everything"]},
        {"lifetime": timedelta(days=91)}, {"lifetime": timedelta(0)},
    ],
)  # fmt: skip
def test_what_a_token_must_be(owner, wish):
    with pytest.raises(Invalid):
        token_create(actor=person(owner), **{"name": "CI", "scopes": [Scope.READ], **wish})


def test_a_token_for_a_foreign_team_is_refused(owner):
    with pytest.raises(Denied):
        token_create(actor=person(owner), name="CI", scopes=[Scope.READ], team=make_team())


def test_somebody_elses_token_is_theirs(made):
    with pytest.raises(Denied):
        token_revoke(actor=make_actor(Role.DATA_SCIENTIST, team=make_team()), token_id=made[0].pk)
    token_revoke(actor=make_actor(Role.PLATFORM_ADMIN), token_id=made[0].pk)


def test_the_last_use_is_noted_at_most_once_a_minute(made):
    begin = timezone.now()
    seen = []
    for seconds in (0, 30, 59, 70):
        with time_machine.travel(begin + timedelta(seconds=seconds), tick=False):
            call(made[1])
            seen.append(ApiToken.objects.get().last_used_at)
    assert seen[0] == seen[1] == seen[2] < seen[3]


def whole_database() -> str:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_the_secret_is_neither_in_the_database_nor_in_a_log_line(owner, caplog):
    caplog.set_level(logging.DEBUG)
    browser = Client()
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.post("/tokens/", {"name": "CI", "scopes": ["read"], "days": "30"})
    text = page.context["made"][1]
    assert text in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"
    call(text)
    call(text[:-1])
    secret = text.split("_", 2)[2]
    assert secret not in whole_database()
    assert secret[:-1] not in caplog.text
    assert secret not in browser.get("/tokens/").content.decode()
    assert TrailEvent.objects.filter(verb="token.create").count() == 1
