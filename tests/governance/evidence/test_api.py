"""Checks, artifacts, policies and risk over the API."""

import pytest
from django.core.cache import cache
from django.test import Client

from governance.checks.services import checks_run
from portal.accounts.permissions import Role, Scope
from portal.actors import service
from portal.jobs.models import Job
from tests.factories import make_model, make_team, make_user, make_version
from tests.governance.evidence.test_checks import make_manifest
from tests.governance.evidence.test_tiers import DEMAND, LOW
from tests.routes import make_token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()


@pytest.fixture
def model():
    made = make_model(team=make_team(), risk_tier="T4")
    make_version(made)
    return made


def bearer(role, *scopes, **place):
    _, text = make_token(make_user(role, **place), *scopes)
    client = Client(raise_request_exception=False)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return client


def at(model, what):
    return f"/api/v1/models/{model.pk}/versions/1/{what}/"


def test_a_pipeline_asks_for_the_checks_and_reads_what_they_found(model):
    pipeline = bearer(Role.DATA_SCIENTIST, Scope.READ, Scope.APPROVALS_WRITE, team=model.team)
    assert pipeline.get(at(model, "checks")).status_code == 404
    asked = pipeline.post(at(model, "checks"), {"why": "CI"}, content_type="application/json")
    assert asked.status_code == 202
    assert Job.objects.get(pk=asked.json()["job"]).why == "CI"
    version = model.versions.get()
    make_manifest(version)
    checks_run(
        actor=service("governance"), version_id=version.pk, environment="production", why="x"
    )
    told = pipeline.get(at(model, "checks")).json()
    assert told["blocking"] == []
    assert told["artifact_digest"] == "a" * 64
    assert {r["id"]: r["verdict"] for r in told["results"]}["artifact_digest"] == "pass"
    assert pipeline.get(at(model, "checks") + "?environment=moon").status_code == 400
    assert pipeline.get(at(model, "artifact")).json()["files"][0]["path"] == "MLmodel"


def test_a_token_that_only_reads_asks_for_nothing(model):
    reader = bearer(Role.DATA_SCIENTIST, Scope.READ, team=model.team)
    answer = reader.post(at(model, "checks"), {}, content_type="application/json")
    assert answer.status_code == 403
    assert not Job.objects.filter(kind="governance.checks").exists()
    assert reader.get(at(model, "artifact")).status_code == 404


def test_policies_are_read_and_never_written_by_programs():
    reader = bearer(Role.VIEWER, Scope.READ)
    listed = reader.get("/api/v1/policies/").json()["results"]
    assert [row["revision"] for row in listed] == [1]
    assert "rules" not in listed[0]
    rules = reader.get("/api/v1/policies/in-force/").json()["rules"]
    assert rules == reader.get("/api/v1/policies/1/").json()["rules"]
    assert reader.get("/api/v1/policies/9/").status_code == 404
    assert reader.post("/api/v1/policies/", {}).status_code in (403, 405)


def test_risk_is_assessed_by_people_in_a_session_only(model):
    address = f"/api/v1/models/{model.pk}/risk/"
    token = bearer(Role.GOVERNANCE_LEAD)
    assert token.post(address, {"answers": LOW}, content_type="application/json").status_code == 403
    questions = token.get("/api/v1/risk-questionnaire/").json()["questions"]
    assert {q["key"] for q in questions} == set(LOW)
    client = Client(raise_request_exception=False)
    client.force_login(make_user(Role.DATA_SCIENTIST, team=model.team))
    sent = {"answers": DEMAND, "seen": 0}
    made = client.post(address, sent, content_type="application/json")
    assert (made.status_code, made.json()["tier"]) == (201, "T2")
    again = client.post(address, sent, content_type="application/json")
    assert again.status_code == 409
    odd = client.post(address, {"answers": {"exposure": "x"}}, content_type="application/json")
    assert odd.status_code == 400
    assert token.get(address).json()["results"][0]["score"] == 11
