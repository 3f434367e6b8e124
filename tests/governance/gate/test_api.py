"""The gate over the API: scopes, statuses, limits."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from governance.gate.api import GateThrottle
from governance.gate.models import GateDecision
from governance.gate.statements import public_keys, verify
from portal.accounts.permissions import Role, Scope
from tests.factories import make_model, make_team, make_user, make_version
from tests.governance.gate.answers import write_answer
from tests.routes import make_token

pytestmark = pytest.mark.django_db
QUESTION = {"model": "churn", "version": "1", "environment": "production"}


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()


@pytest.fixture
def churn():
    return make_version(make_model("churn", aliases={"champion": "1"}))


def client(*scopes):
    owner = make_user(Role.MODEL_OWNER, team=make_team())
    text = make_token(owner, *scopes)[1]
    return Client(headers={"authorization": f"Bearer {text}"})


def ask(caller=None, **changes):
    body = {name: value for name, value in (QUESTION | changes).items() if value is not None}
    caller = caller or client(Scope.GATE_CHECK)
    return caller.post("/api/v1/gate/", json.dumps(body), content_type="application/json")


def test_an_answer_says_all_a_pipeline_needs(churn):
    answer = ask(commit="abcdef1", pipeline_url="https://ci.example/7")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["allowed"], told["approved"], told["answer"]) == (False, False, "deny")
    assert [reason["code"] for reason in told["reasons"]] == ["NO_REQUEST"]
    assert told["link"].startswith("http://localhost:8000/models/")
    assert verify(told["statement"], public_keys())["subject"][0]["name"] == "models:/churn/1"
    assert GateDecision.objects.get(pk=told["id"]).asked_by_key.startswith("token:")


def test_what_is_not_in_the_inventory_is_an_answer_and_no_404(churn):
    assert ask(model="chrun").status_code == 200
    assert ask(version=None, alias="nobody").json()["reasons"][0]["code"] == "UNREGISTERED"


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": "moon"},
        {"environment": None},
        {"model": None},
        {"alias": "champion"},
        {"version": None},
        {"digest": "zz"},
        {"colour": "red"},
        {"version": ["1"]},
    ],
)
def test_an_unreadable_question_is_refused_and_not_kept(churn, changes):
    answer = ask(**changes)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"]
    assert not GateDecision.objects.exists()


def test_a_token_needs_the_scope(churn):
    assert ask(client(Scope.READ)).status_code == 403
    assert ask(client(Scope.GATE_CHECK, Scope.READ)).status_code == 200
    assert Client().post("/api/v1/gate/", {}, content_type="application/json").status_code == 401


def test_asking_without_end_is_stopped(churn, monkeypatch):
    monkeypatch.setattr(GateThrottle, "rate", "2/min", raising=False)
    caller = client(Scope.GATE_CHECK)
    assert [ask(caller).status_code for _ in range(3)] == [200, 200, 429]


def test_answers_are_listed_and_read(churn):
    caller = client(Scope.READ)
    denied = write_answer(asked_model="churn")
    write_answer(asked_model="other", environment="staging", answer="allow", reasons=[])
    found = caller.get("/api/v1/gate/?model=churn").json()["results"]
    assert [row["id"] for row in found] == [denied.pk]
    assert "statement" not in found[0]
    assert len(caller.get("/api/v1/gate/?environment=staging&answer=allow").json()["results"]) == 1
    assert caller.get("/api/v1/gate/?answer=maybe").status_code == 400
    assert caller.get(f"/api/v1/gate/{denied.pk}/").json()["statement"] == denied.envelope
    assert caller.get("/api/v1/gate/999999/").status_code == 404


def test_the_public_keys_are_open_to_everybody():
    answer = Client().get("/.well-known/signet-keys.json")
    assert answer.status_code == 200
    assert [key["hex"] for key in answer.json()["keys"]] == public_keys()
