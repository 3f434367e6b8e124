"""The API's reads: who may, filters, pages and problem details."""

import json

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from portal.accounts.permissions import Role
from tests.factories import (
    make_deployment,
    make_model,
    make_team,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PROBLEM = {"type", "title", "status", "detail", "instance", "request_id", "errors"}


@pytest.fixture
def reader() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(Role.VIEWER), backend=BACKEND)
    return client


def problem_of(answer, status: int) -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert set(body) == PROBLEM
    assert body["status"] == status
    assert body["request_id"] == answer["X-Request-Id"]
    return body


def test_models_are_listed_with_their_facts(reader):
    team = make_team("Forecasting")
    model = make_model("demand", team=team, owner=make_user(username="olga"))
    body = reader.get("/api/v1/models/").json()
    assert body["count"] == 1
    [row] = body["results"]
    assert row["name"] == "demand"
    assert row["owner"] == "olga"
    assert row["team"] == team.slug
    assert row["url"].endswith(f"/api/v1/models/{model.pk}/")
    assert reader.get(row["url"]).json() == row


def test_filters_are_those_of_the_page(reader):
    make_model("churn", task="classification", risk_tier="T1", search_text="churn")
    make_model("demand", task="forecasting", search_text="demand")
    names = [
        [row["name"] for row in reader.get("/api/v1/models/", query).json()["results"]]
        for query in (
            {"task": "forecasting"}, {"tier": ["T1", "none"]}, {"q": "chu"}, {"name": "demand"},
            {"sort": "-name"},
        )
    ]  # fmt: skip
    assert names == [["demand"], ["churn", "demand"], ["churn"], ["demand"], ["demand", "churn"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("task=guess", "parameters"), ("limit=0", "limit"), ("limit=201", "limit"),
        ("limit=99999999999999999999", "limit"), ("offset=-1", "offset"), ("teir=T1", "teir"),
        ("offset=99999999999999999999", "offset"), ("limit=٣", "limit"),
        ("sort=size", "parameters"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_and_named(reader, query, field):
    body = problem_of(reader.get(f"/api/v1/models/?{query}"), 400)
    assert [fault["field"] for fault in body["errors"]] == [field]


def test_versions_are_listed_and_read(reader):
    version = make_version(version="3")
    base = f"/api/v1/models/{version.model_id}/versions/"
    [row] = reader.get(base).json()["results"]
    assert row["version"] == "3"
    detail = reader.get(row["url"]).json()
    assert detail["params"] == {"max_depth": "6"}
    problem_of(reader.get(f"{base}4/"), 404)
    problem_of(reader.get("/api/v1/models/99999999999999999999/versions/"), 404)
    problem_of(reader.get("/api/v1/models/99999999999999999999/"), 404)


def test_deployments_are_listed_and_narrowed(reader):
    make_deployment(make_version(), environment="staging")
    make_deployment()
    assert reader.get("/api/v1/deployments/").json()["count"] == 2
    [row] = reader.get("/api/v1/deployments/?environment=production&live=1").json()["results"]
    assert row["model"] is None
    problem_of(reader.get("/api/v1/deployments/?environment=moon"), 400)


def test_lists_take_the_same_number_of_queries_at_any_length(reader, django_assert_num_queries):
    counts = []
    for number in (10, 20):
        for _ in range(number):
            make_version(make_model(team=make_team(), owner=make_user(None)))
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            assert reader.get("/api/v1/models/?limit=200").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_every_failure_is_a_problem(reader):
    problem_of(reader.get("/api/v1/nothing/"), 404)
    problem_of(reader.get("/api/nothing"), 404)
    problem_of(reader.post("/api/v1/models/", "{}", content_type="application/json"), 405)
    problem_of(reader.options("/api/v1/models/"), 405)
    problem_of(reader.get("/api/v1/models/", headers={"accept": "text/html"}), 406)
    problem_of(reader.get("/api/v1/models/%00/"), 400)
    problem_of(reader.get("/api/v1/models/?" + "&".join(f"k{n}=1" for n in range(10_000))), 400)
    unsigned = Client().get("/api/v1/models/")
    problem_of(unsigned, 401)
    assert unsigned["WWW-Authenticate"] == 'Bearer realm="Signet"'


def test_somebody_without_a_role_is_told_which_roles_may():
    client = Client()
    client.force_login(make_user(None), backend=BACKEND)
    body = problem_of(client.get("/api/v1/models/"), 403)
    assert "Viewer" in body["detail"]


def test_a_failure_of_ours_is_a_problem_too(reader, monkeypatch):
    from registry.inventory import api

    monkeypatch.setattr(api.filters, "read", lambda *_: 1 / 0)
    body = problem_of(reader.get("/api/v1/models/"), 500)
    assert "division" not in json.dumps(body)


def test_too_many_requests_say_when_to_come_back(reader, monkeypatch):
    from rest_framework.throttling import UserRateThrottle

    monkeypatch.setattr(UserRateThrottle, "rate", "1/min", raising=False)
    assert reader.get("/api/v1/models/").status_code == 200
    answer = reader.get("/api/v1/models/")
    problem_of(answer, 429)
    assert int(answer["Retry-After"]) <= 60


def test_the_schema_is_complete_and_without_a_warning(capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_the_schema_and_its_page_need_a_role(reader):
    assert Client().get(reverse("api_schema")).status_code == 401
    assert Client().get(reverse("api_docs")).status_code == 302
    assert reader.get(reverse("api_schema")).status_code == 200
    page = reader.get(reverse("api_docs"))
    assert page.status_code == 200
    assert b"<style" not in page.content
    assert page.content.count(b"<script src=") == page.content.count(b"<script") == 3
    script = reader.get(reverse("api_docs") + "?script=")
    assert script["Content-Type"].startswith("application/javascript")
