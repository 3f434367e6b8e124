"""The card for programs: provenance, ETags, the same rules as in the browser."""

import threading

import pytest
from django.db import connection
from django.test import Client

from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from registry.cards.services import card_save, revision_digest
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.factories import make_team, make_user
from tests.routes import make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", risk_tier="T3"))


def at(version, more=""):
    return f"/api/v1/models/{version.model_id}/versions/{version.version}/card/{more}"


def caller(version, *scopes, role=Role.DATA_SCIENTIST, team=None):
    text = make_token(make_user(role, team=team or version.model.team), *scopes)[1]
    return Client(headers={"authorization": f"Bearer {text}"})


@pytest.fixture
def writer(version):
    return caller(version, "read", "cards:write")


def patch(client, version, fields, etag='"0"', **more):
    headers = {"If-Match": etag} if etag else {}
    body = {"fields": fields, **more}
    return client.patch(at(version), body, content_type="application/json", headers=headers)


def faults(response):
    return {fault["field"]: fault["detail"] for fault in response.json()["errors"]}


def test_reading_gives_every_field_with_its_origin(writer, version):
    response = writer.get(at(version))
    assert response.status_code == 200
    assert response["ETag"] == '"0"'
    body = response.json()
    assert (body["revision"], body["tier"], body["digest"]) == (0, "T3", "")
    fields = {field["key"]: field for field in body["fields"]}
    assert len(fields) > 100
    assert fields["architecture"] == {
        "key": "architecture", "label": "Architecture", "section": "model", "type": "text",
        "state": "pulled", "value": "GradientBoostingRegressor", "reason": "",
        "origin": "From MLflow run 3fa2c1d4, parameter estimator", "by": "", "at": None,
        "pulled": {"value": "GradientBoostingRegressor",
                   "origin": "MLflow run 3fa2c1d4, parameter estimator"},
        "source_changed": False, "required": True, "material": True, "editable": True,
    }  # fmt: skip
    assert body["answered"] == body["required"] - len(body["gaps"])
    assert "intended_uses" in {gap["key"] for gap in body["gaps"]}


def test_a_write_names_what_was_read_and_gets_the_next_revision(writer, version):
    fields = {
        "overview": {"value": "Forecasts sales."},
        "contact": {"state": "unknown"},
        "on_call": {"state": "not_applicable", "reason": "Run by hand"},
        "risks": {"value": [{"risk": "Over-ordering", "mitigation": "Cap"}]},
    }
    response = patch(writer, version, fields, note="From the pipeline")
    assert response.status_code == 200, response.content
    assert (response["ETag"], response.json()["revision"]) == ('"1"', 1)
    revision = CardRevision.objects.get()
    assert revision.note == "From the pipeline"
    assert revision.values["risks"]["value"][0]["residual"] == ""
    assert writer.get(at(version))["ETag"] == '"1"'
    again = patch(writer, version, {"overview": None}, '"1"')
    assert again.json()["revision"] == 2
    assert "overview" not in CardRevision.objects.first().values


def test_the_preconditions(writer, version):
    fields = {"overview": {"value": "A"}}
    assert patch(writer, version, fields, None).status_code == 428
    assert patch(writer, version, fields, "*").status_code == 428
    assert patch(writer, version, fields).status_code == 200
    for stale in ('"0"', '"9"', "nonsense"):
        response = patch(writer, version, {"contact": {"value": "mail"}}, stale)
        assert response.status_code == 412
        assert response["Content-Type"] == "application/problem+json"
    assert CardRevision.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"overview": {"value": "x" * 20_001}}, "fields.overview"),
        ({"overview": {"value": ["x"]}}, "fields.overview"),
        ({"overview": {}}, "fields.overview"),
        ({"overview": "x"}, "fields.overview"),
        ({"overview": {"state": "maybe"}}, "fields.overview.state"),
        ({"overview": {"value": "x", "colour": "red"}}, "fields.overview.colour"),
        ({"overview": {"state": "not_applicable"}}, "fields.overview"),
        ({"overview": {"value": "half\u0007"}}, "fields.overview"),
        ({"name": {"value": "x"}}, "fields.name"),
        ({"nonsense": {"value": "x"}}, "fields.nonsense"),
        ({"risks": {"value": [{"risk": {"a": 1}}]}}, "fields.risks"),
        ({"autonomy_level": {"value": True}}, "fields.autonomy_level"),
        ({}, "fields"),
        ("x", "fields"),
    ],
)
def test_what_is_not_acceptable_is_named_at_its_place(writer, version, fields, place):
    response = patch(writer, version, fields)
    assert response.status_code == 400, response.content
    assert set(faults(response)) == {place}
    assert not CardRevision.objects.exists()


def test_who_may_read_and_write(version):
    fields = {"overview": {"value": "A"}}
    reader = caller(version, "read")
    assert reader.get(at(version)).status_code == 200
    assert patch(reader, version, fields).status_code == 403
    outsider = caller(version, "read", "cards:write", team=make_team())
    assert patch(outsider, version, fields).status_code == 403
    assert patch(outsider, version, fields, None).status_code == 403
    auditor = caller(version, "read", "cards:write", role=Role.AUDITOR)
    assert patch(auditor, version, fields).status_code == 403
    only_writes = caller(version, "cards:write")
    assert only_writes.get(at(version)).status_code == 403
    refused = patch(only_writes, version, fields)
    assert refused.status_code == 403
    assert "scope read" in refused.json()["detail"]
    assert Client().get(at(version)).status_code == 401


def test_revisions_are_listed_and_each_can_be_verified(writer, version):
    patch(writer, version, {"overview": {"value": "A"}}, note="First")
    patch(writer, version, {"overview": {"value": "B"}}, '"1"')
    body = writer.get(at(version, "revisions/")).json()
    assert [row["revision"] for row in body["results"]] == [2, 1]
    assert body["results"][1]["note"] == "First"
    one = writer.get(at(version, "revisions/1/")).json()
    assert one["values"]["overview"]["value"] == "A"
    assert one["digest"] == revision_digest(CardRevision.objects.get(number=1))
    assert writer.get(at(version, "revisions/9/")).status_code == 404
    missing = f"/api/v1/models/{version.model_id}/versions/99/card/"
    assert writer.get(missing).status_code == 404
    assert writer.get(f"{missing}revisions/").status_code == 404


def test_a_change_in_between_is_a_conflict_with_both_texts(writer, version, monkeypatch):
    from registry.cards import api

    def interrupted(**kwargs):
        card_save(
            actor=scientist_of(version),
            version_id=version.pk,
            base_revision=0,
            changes={"overview": written("Theirs")},
        )
        return card_save(**kwargs)

    monkeypatch.setattr(api, "card_save", interrupted)
    response = patch(writer, version, {"overview": {"value": "Mine"}})
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    sides = response.json()["conflicts"]["overview"]
    assert (sides["theirs"]["value"], sides["mine"]["value"]) == ("Theirs", "Mine")
    assert response.json()["revision"] == 1


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_lose_nothing_that_was_confirmed(version):
    keys = ["contact", "on_call", "validator", "business_owner"]
    clients = [caller(version, "read", "cards:write") for _ in keys]
    start, outcomes = threading.Barrier(len(keys)), {}

    def write(key, client):
        start.wait(10)
        try:
            outcomes[key] = patch(client, version, {key: {"value": key}}).status_code
        finally:
            connection.close()

    threads = [
        threading.Thread(target=write, args=pair) for pair in zip(keys, clients, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(outcomes.values()) <= {200, 412}
    newest = CardRevision.objects.first()
    confirmed = {key for key, status in outcomes.items() if status == 200}
    assert confirmed
    assert set(newest.values) == confirmed
    assert newest.number == len(confirmed)
