"""The gate's pages: the log, one answer, the statement, the preview."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.gate.models import GateDecision
from governance.gate.statements import public_keys, verify
from tests.factories import make_model, make_user, make_version
from tests.governance.gate.answers import write_answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    client = Client()
    client.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_an_empty_log_says_how_to_ask(page):
    assert "signet gate check" in page.get("/gate/").content.decode()


def test_the_log_is_narrowed_by_what_an_address_says(page):
    write_answer(asked_model="churn")
    write_answer(asked_model="stock", answer="allow", mode="warn", reasons=["UNREGISTERED"])
    write_answer(asked_model="price", answer="allow", reasons=[])
    for address, seen in {
        "": {"churn", "stock", "price"},
        "?q=stock": {"stock"},
        "?answer=deny": {"churn"},
        "?answer=warned": {"stock"},
        "?answer=allow": {"price"},
        "?reason=NO_REQUEST": {"churn"},
        "?environment=staging": set(),
        "?answer=what&page=x": {"churn", "stock", "price"},
    }.items():
        text = page.get(f"/gate/{address}").content.decode()
        assert {name for name in ("churn", "stock", "price") if f"{name} 3" in text} == seen, (
            address
        )


def test_the_log_asks_the_database_as_often_for_many_as_for_few(page):
    page.get("/gate/")
    counts = []
    for _ in range(2):
        for _ in range(10):
            write_answer(version=make_version())
        with CaptureQueriesContext(connection) as asked:
            page.get("/gate/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_one_answer_shows_its_proof(page):
    answer = write_answer(version=make_version())
    assert "Signature holds" in page.get(f"/gate/{answer.pk}/").content.decode()
    forged = write_answer(envelope={**answer.envelope, "payload": "e30="})
    text = page.get(f"/gate/{forged.pk}/").content.decode()
    assert "The signature of this answer does not hold" in text


def test_the_statement_is_a_file_that_verifies(page):
    answer = write_answer()
    response = page.get(f"/gate/{answer.pk}/statement.json")
    assert verify(json.loads(response.content), public_keys()) == {"predicate": {}}
    assert "attachment" in response["Content-Disposition"]


def test_the_preview_names_the_codes_that_a_pipeline_would_print(page):
    version = make_version(make_model("churn"))
    place = f"/models/{version.model_id}/versions/1/gate/"
    text = page.get(place).content.decode()
    assert "NO_REQUEST" in text
    assert "is stopped" in text
    part = page.get(f"{place}?environment=staging", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "is let through" in part.content.decode()
    assert not GateDecision.objects.exists()
    assert page.get(f"/models/{version.model_id}/versions/99/gate/").status_code == 404
