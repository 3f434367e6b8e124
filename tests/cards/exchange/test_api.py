"""Cards in other formats for programs."""

import json
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from portal.accounts.permissions import Role
from registry.cards.exchange.formats import FORMATS
from registry.cards.models import CardRevision
from registry.cards.services import card_save
from registry.cards.view import card_of
from registry.inventory.models import ModelVersion
from tests.cards.exchange.test_pages import YAML
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.cards.test_api import at, caller
from tests.factories import make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", risk_tier="T3"))


@pytest.fixture
def writer(version):
    return caller(version, "read", "cards:write")


def save(version, base=0, **changes):
    return card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
    )


def post(client, version, page, document, etag='"0"', **more):
    content = document if isinstance(document, bytes) else document.encode()
    body = {"document": SimpleUploadedFile("card", content), **more}
    headers = {"If-Match": etag} if etag else {}
    return client.post(at(version, page), body, headers=headers)


@pytest.mark.parametrize("key", FORMATS)
def test_a_card_is_taken_home_and_changes_nothing_when_it_comes_back(writer, version, key):
    save(version, overview=written("Forecasts sales."))
    response = writer.get(at(version, f"export/{key}/"))
    assert response.status_code == 200
    assert response["ETag"] == '"1"'
    found = ModelVersion.objects.get(pk=version.pk)
    assert response.content == FORMATS[key].export(card_of(found))
    report = post(writer, version, "check/any/", response.content).json()
    assert (report["format"], report["changes"], report["faults"]) == (key, [], [])
    done = post(writer, version, f"import/{key}/", response.content, '"1"')
    assert (done.status_code, done.json()["saved_revision"]) == (200, 1)
    assert CardRevision.objects.count() == 1


def test_a_check_says_everything_and_changes_nothing(version):
    reader = caller(version, "read", role=Role.AUDITOR)
    response = post(reader, version, "check/yaml/", YAML, etag=None)
    assert response.status_code == 200, response.content
    assert response["ETag"] == '"0"'
    report = response.json()
    assert report["changes"][0] == {
        "key": "overview", "label": "Overview", "place": "line 4", "before": "",
        "after": "Forecasts weekly sales.", "effect": "New answer", "conflict": False,
    }  # fmt: skip
    assert report["unplaced"] == [
        {
            "place": "line 5, identity.colour",
            "text": "blue",
            "why": "The section has no such field.",
        }
    ]
    assert "overview" not in {gap["key"] for gap in report["gaps"]}
    assert report["saved_revision"] is None
    assert not CardRevision.objects.exists()


def test_an_import_is_one_revision_and_says_what_it_did(writer, version):
    response = post(writer, version, "import/any/", YAML, note="From the repository")
    assert (response.status_code, response["ETag"]) == (200, '"1"')
    assert response.json()["saved_revision"] == 1
    revision = CardRevision.objects.get()
    assert set(revision.values) == {"overview", "intended_users"}
    assert revision.note == "From the repository"


@pytest.mark.parametrize(("etag", "status"), [(None, 428), ("*", 428), ('"7"', 412)])
def test_an_import_names_the_card_that_was_read(writer, version, etag, status):
    assert post(writer, version, "import/yaml/", YAML, etag).status_code == status
    assert not CardRevision.objects.exists()


def test_who_may_import(version):
    assert post(caller(version, "read"), version, "import/yaml/", YAML).status_code == 403
    other = caller(version, "read", "cards:write", team=make_owned_model().team)
    assert post(other, version, "import/yaml/", YAML).status_code == 403


def test_where_both_have_changed_somebody_decides(writer, version):
    save(version, overview=written("First"), contact=written("a@company.example"))
    exported = FORMATS["yaml"].export(card_of(version)).decode().replace("First", "Mine")
    save(version, 1, overview=written("Theirs"), contact=written("b@company.example"))
    refused = post(writer, version, "import/yaml/", exported, '"2"')
    assert refused.status_code == 409
    assert refused["Content-Type"] == "application/problem+json"
    body = refused.json()
    assert "Overview" in body["detail"]
    assert [(c["before"], c["after"]) for c in body["changes"]] == [("Theirs", "Mine")]
    assert body["kept"] == ["contact"]
    card = post(writer, version, "import/yaml/", exported, '"2"', conflicts="card")
    assert card.json()["saved_revision"] == 2
    mine = post(writer, version, "import/yaml/", exported, '"2"', conflicts="document")
    assert mine.json()["saved_revision"] == 3
    values = CardRevision.objects.first().values
    assert values["overview"]["value"] == "Mine"
    assert values["contact"]["value"] == "b@company.example"


def test_faults_are_named_at_the_field_and_nothing_is_saved(writer, version):
    wrong = YAML.replace("Forecasts weekly sales.", "x" * 20_001)
    response = post(writer, version, "import/yaml/", wrong)
    assert response.status_code == 400
    [fault] = response.json()["errors"]
    assert fault["field"] == "fields.overview"
    assert fault["detail"].startswith("line 4: This is 20,001 characters")
    assert not CardRevision.objects.exists()


@pytest.mark.parametrize(
    ("page", "document", "status", "said"),
    [
        ("check/xml/", YAML, 404, "known are yaml, json"),
        ("check/yaml/", "signet_card: 1\nschema: '9'\n", 400, "card schema '9'"),
        ("check/yaml/", b"\xff\xfe", 400, "UTF-16"),
        ("check/any/", "hello", 400, "Nothing shows which format"),
        ("import/json/", "{", 400, "This is not JSON: line 1"),
        ("check/cyclonedx/", '{"bomFormat": "CycloneDX"}', 400, "no CycloneDX document"),
    ],
)
def test_a_bad_document_is_a_problem_with_its_place(writer, version, page, document, status, said):
    response = post(writer, version, page, document)
    assert response.status_code == status
    assert said in json.dumps(response.json(), ensure_ascii=False)


def test_a_card_of_another_version_is_compared_with_a_warning(writer, version):
    save(version, overview=written("Forecasts sales."))
    exported = FORMATS["json"].export(card_of(version))
    second = make_version(version.model, "2", metrics={"mae": 9.0}, git_commit="00aa11")
    report = post(writer, second, "check/json/", exported).json()
    assert "The document is about demand, version 1" in report["warnings"][0]
    assert [change["key"] for change in report["changes"]] == []
    assert any("Code commit: 4f1c9ad2b6c0" in item["text"] for item in report["unplaced"])


def test_an_old_revision_is_exported(writer, version):
    save(version, overview=written("First"))
    save(version, 1, overview=written("Second"))
    assert b"First" in writer.get(at(version, "export/yaml/?revision=1")).content
    assert b"Second" in writer.get(at(version, "export/yaml/")).content
    assert writer.get(at(version, "export/yaml/?revision=9")).status_code == 404
    assert writer.get(at(version, "export/yaml/?version=1")).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_make_one_revision(version):
    texts = ["One text", "Another text", "A third text"]
    clients = [caller(version, "read", "cards:write") for _ in texts]
    start, outcomes = threading.Barrier(len(texts)), {}

    def bring(text, client):
        start.wait(10)
        try:
            document = YAML.replace("Forecasts weekly sales.", text)
            outcomes[text] = post(client, version, "import/yaml/", document).status_code
        finally:
            connection.close()

    pairs = zip(texts, clients, strict=True)
    threads = [threading.Thread(target=bring, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(outcomes.values()) <= {200, 409, 412}
    [won] = [text for text, status in outcomes.items() if status == 200]
    assert CardRevision.objects.get().values["overview"]["value"] == won
