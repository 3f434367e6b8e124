"""One field over the API: writers of different fields both win, writers of one field do not."""

import pytest
from django.test import Client

from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from tests.cards.facts import make_full_version, make_owned_model
from tests.factories import make_user
from tests.routes import make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", risk_tier="T3"))


@pytest.fixture
def writer(version):
    user = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    text = make_token(user, "read", "cards:write")[1]
    return Client(headers={"authorization": f"Bearer {text}"})


def at(version, key):
    return f"/api/v1/models/{version.model_id}/versions/{version.version}/card/fields/{key}/"


def patch(client, version, key, value, etag):
    headers = {"If-Match": etag} if etag else {}
    body = {"value": value}
    return client.patch(at(version, key), body, content_type="application/json", headers=headers)


def test_another_field_does_not_make_the_tag_stale(writer, version):
    one = writer.get(at(version, "architecture"))["ETag"]
    other = writer.get(at(version, "intended_uses"))["ETag"]
    assert patch(writer, version, "architecture", "Ridge", one).status_code == 200
    assert patch(writer, version, "intended_uses", "Forecasts demand.", other).status_code == 200
    assert CardRevision.objects.filter(version=version).count() == 2


def test_the_same_field_needs_a_fresh_tag(writer, version):
    first = writer.get(at(version, "architecture"))["ETag"]
    saved = patch(writer, version, "architecture", "Ridge", first)
    assert (saved.json()["value"], saved.json()["state"]) == ("Ridge", "written")
    assert patch(writer, version, "architecture", "Lasso", first).status_code == 412
    assert patch(writer, version, "architecture", "Lasso", None).status_code == 428
    assert patch(writer, version, "architecture", "Lasso", saved["ETag"]).status_code == 200


def test_faults_are_told_at_the_value(writer, version):
    tag = writer.get(at(version, "architecture"))["ETag"]
    answer = patch(writer, version, "architecture", ["no", "text"], tag)
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == ["value"]
    assert writer.get(at(version, "no-such-field")).status_code == 404
