"""A card's revisions for programs: compare, bring back, take home."""

import io

import pytest
from pypdf import PdfReader

from registry.cards.models import CardRevision
from registry.cards.services import card_save
from tests.cards.facts import make_full_version, make_owned_model, written
from tests.cards.facts import scientist_of as scientist
from tests.cards.test_api import at, caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    version = make_full_version(make_owned_model("demand", risk_tier="T3"))
    for base, text in enumerate(["Forecasts sales.", "Forecasts weekly sales."]):
        changes = {"overview": written(text)}
        card_save(
            actor=scientist(version), version_id=version.pk, base_revision=base, changes=changes
        )
    return version


@pytest.fixture
def writer(version):
    return caller(version, "read", "cards:write")


def restore(client, version, number, *, etag='"2"', note="The first text was right"):
    headers = {"If-Match": etag} if etag else {}
    address = at(version, f"revisions/{number}/restore/")
    body = {"note": note}
    return client.post(address, body, content_type="application/json", headers=headers)


def test_two_revisions_are_compared_field_by_field(writer, version):
    [row] = writer.get(at(version, "revisions/1/to/2/")).json()
    assert (row["key"], row["section"]) == ("overview", "identity")
    assert (row["before"], row["after"]) == ("Forecasts sales.", "Forecasts weekly sales.")
    assert writer.get(at(version, "revisions/1/to/9/")).status_code == 404


def test_bringing_back_makes_a_new_revision(writer, version):
    response = restore(writer, version, 1)
    assert (response.status_code, response["ETag"]) == (201, '"3"')
    newest = CardRevision.objects.filter(version=version).first()
    assert newest.number == 3
    assert newest.values["overview"]["value"] == "Forecasts sales."
    assert newest.note == "The first text was right"


@pytest.mark.parametrize(
    ("etag", "note", "status"),
    [(None, "Right", 428), ('"1"', "Right", 412), ('"2"', "", 400), ('"2"', "x" * 301, 400)],
)
def test_bringing_back_is_refused_and_changes_nothing(writer, version, etag, note, status):
    assert restore(writer, version, 1, etag=etag, note=note).status_code == status
    assert CardRevision.objects.filter(version=version).count() == 2


def test_a_reading_token_cannot_bring_back(version):
    assert restore(caller(version, "read"), version, 1).status_code == 403


def test_a_revision_is_taken_home_as_pdf_and_outline(writer, version):
    pdf = writer.get(at(version, "revisions/1/card.pdf"))
    assert pdf["Content-Type"] == "application/pdf"
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    assert "Forecasts sales." in text
    outline = writer.get(at(version, "revisions/2/annex-iv.html"))
    assert "Forecasts weekly sales." in outline.content.decode()
    assert writer.get(at(version, "revisions/7/card.pdf")).status_code == 404
