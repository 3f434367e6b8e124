"""The list of cards and the change over several of them, and reminders, for programs."""

import pytest
from django.test import Client

from portal.accounts.permissions import Role, Scope
from registry.cards.models import CardRevision
from registry.cards.services import card_save
from registry.inventory.lifecycle import refresh_models
from tests.cards.facts import UNKNOWN, make_full_version, scientist_of, written
from tests.factories import make_model, make_team, make_user
from tests.routes import make_token

pytestmark = pytest.mark.django_db
LIST, CHANGE, REMINDERS = "/api/v1/cards/", "/api/v1/cards/change/", "/api/v1/reminders/"


@pytest.fixture
def owner():
    return make_user(Role.MODEL_OWNER, team=make_team(), username="mara")


def api(user, *scopes):
    text = make_token(user, *(scopes or Scope.values))[1]
    return Client(headers={"authorization": f"Bearer {text}"})


def card(owner, name, **changes):
    model = make_model(name, team=owner.role_grants.get().team, owner=owner)
    version = make_full_version(model)
    refresh_models([model.pk])
    if changes:
        actor = scientist_of(version)
        card_save(actor=actor, version_id=version.pk, base_revision=0, changes=changes)
    return version


def send(client, method, url, body):
    return getattr(client, method)(url, body, content_type="application/json")


def test_the_list_has_gaps_filters_and_pages(owner):
    card(owner, "one", contact=UNKNOWN, expiry=written("2020-01-31"))
    card(owner, "two", contact=written("a@example"))
    client = api(owner, Scope.READ)
    found = client.get(LIST).json()
    assert found["count"] == 2
    first = found["results"][0]
    assert (first["model"], first["version"], first["revision"]) == ("one", "1", 1)
    assert (first["owner"], first["review_by"], first["review"]) == (
        "mara",
        "2020-01-31",
        "overdue",
    )
    gap = next(gap for gap in first["gaps"] if gap["key"] == "contact")
    assert gap["said_unknown"]
    assert gap["why"] == "Required at every tier"
    assert len(first["gaps"]) == first["required"] - first["answered"]
    assert client.get(first["url"]).json()["revision"] == 1
    assert [c["model"] for c in client.get(f"{LIST}?gap=contact").json()["results"]] == ["one"]
    assert client.get(f"{LIST}?limit=1&sort=-name").json()["results"][0]["model"] == "two"
    assert client.get(f"{LIST}?gap=nonsense").status_code == 400
    assert client.get(f"{LIST}?nonsense=1").status_code == 400


def test_the_list_costs_the_same_for_ten_and_twenty(owner):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, counts = api(owner), []
    client.get(LIST)  # the first use of a token is noted
    for _ in range(2):
        for number in range(10):
            card(owner, f"model-{len(counts)}-{number}", contact=written("a@example"))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 8


def test_a_dry_run_then_the_change_with_a_clash(owner):
    one, two = card(owner, "one", contact=written("a@example")), card(owner, "two")
    client = api(owner)
    body = {
        "cards": [
            {"model_id": one.model_id, "version": "1", "revision": 1},
            {"model_id": two.model_id, "version": "1", "revision": 0},
        ],
        "set": {"contact": "b@example", "review_by": "2027-03-31"},
        "note": "From the rota",
    }
    dry = send(client, "post", CHANGE, {**body, "dry_run": True}).json()
    assert [outcome["state"] for outcome in dry] == ["change", "change"]
    assert CardRevision.objects.count() == 1
    changes = {"contact": written("c@example")}
    card_save(actor=scientist_of(one), version_id=one.pk, base_revision=1, changes=changes)
    done = send(client, "post", CHANGE, body).json()
    assert [outcome["state"] for outcome in done] == ["clash", "change"]
    assert done[0]["values"][0]["before"] == "c@example"
    assert done[1]["revision"] == 1
    refused = send(client, "post", CHANGE, {**body, "set": {"owner": "mara"}}).json()
    assert "a person, not a token" in refused[0]["why"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cards": [], "set": {}},
        {"cards": [{"model_id": 1, "version": "1", "revision": 0}], "set": {}},
        {"cards": [{"model_id": 1, "version": "1", "revision": 0}], "set": {"owner": "nobody"}},
        {"cards": [{"model_id": 1, "version": "1", "revision": 0}], "set": {"colour": "red"}},
        {"cards": [{"model_id": 1, "version": "1", "revision": 0}] * 101, "set": {"contact": "a"}},
    ],
)
def test_what_is_wrong_is_named(owner, body):
    answer = send(api(owner), "post", CHANGE, body)
    assert answer.status_code == 400
    assert answer.json()


def test_scopes_and_unknown_cards(owner):
    body = {"cards": [{"model_id": 9999, "version": "1", "revision": 0}], "set": {"contact": "a"}}
    assert send(api(owner), "post", CHANGE, body).status_code == 404
    assert send(api(owner, Scope.READ), "post", CHANGE, body).status_code == 403


def test_reminders_are_listed_snoozed_woken_and_set(owner):
    version, client = card(owner, "one"), api(owner)
    found = client.get(REMINDERS).json()
    assert [item["model"] for item in found] == ["one"]
    assert "missing" in found[0]["reasons"][0]
    url = f"{REMINDERS}{version.model_id}/snooze/"
    assert send(client, "put", url, {"until": "2020-01-01"}).status_code == 400
    from tests.cards.test_reminders import day

    until = str(day(9))
    assert send(client, "put", url, {"until": until, "reason": "On leave"}).status_code == 200
    assert client.get(REMINDERS).json()[0]["snoozed_until"] == until
    assert client.delete(url).status_code == 204
    assert client.get(REMINDERS).json()[0]["snoozed_until"] is None
    wishes = f"{REMINDERS}settings/"
    assert client.get(wishes).json()["by_mail"] == "weekly"
    changed = send(client, "patch", wishes, {"gaps": False, "by_mail": "never"}).json()
    assert (changed["gaps"], changed["reviews"], changed["by_mail"]) == (False, True, "never")
    assert client.get(REMINDERS).json() == []
    assert send(client, "patch", wishes, {"days_ahead": 999}).status_code == 400
    assert send(client, "put", f"{REMINDERS}99999/snooze/", {"until": until}).status_code == 404
