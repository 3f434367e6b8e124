"""The PDF and the Annex IV outline say what the card says, whatever people typed."""

import re
import subprocess
import sys
from io import BytesIO

import pytest
from pypdf import PdfReader

from portal.accounts.permissions import Role
from registry.cards.printed import NO_SHAPE, card_pdf
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import (
    UNKNOWN,
    make_full_version,
    make_owned_model,
    not_applicable,
    scientist_of,
    written,
)
from tests.factories import make_user

pytestmark = pytest.mark.django_db
RISKS = [{"risk": "Over-ordering", "mitigation": "Cap", "residual": "Low", "accepted_by": "Bo"}]


def card(**changes):
    version = make_full_version(make_owned_model("demand", risk_tier="T2"))
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    return card_of(version)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def text_of(content):
    return squeezed("".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))


def test_every_answered_field_is_in_the_pdf():
    found = card(
        overview=written("# Purpose\n\nForecasts **sales**.\n\n1. first\n2. second\n\n`code`"),
        risks=written(RISKS),
        contact=UNKNOWN,
        base_model=not_applicable("Trained from scratch"),
    )
    content = card_pdf(found)
    text = text_of(content)
    for item in found.fields:
        if item.standing == "missing":
            continue
        assert squeezed(item.field.label) in text
        assert squeezed(item.origin) in text
        if item.field.type == "long_text" or not item.value:
            continue
        for line in item.words.split("\n"):
            for cell in line.split(" | "):
                assert squeezed(cell) in text, item.field.key
    for words in ("Forecasts sales.", "1. first", "2. second", "Trained from scratch", "Purpose"):
        assert squeezed(words) in text
    for page in PdfReader(BytesIO(content)).pages:
        assert found.revision.digest in page.extract_text()


def active_parts(content):
    """What of a PDF does something by itself or leads away, wherever it stands in the file."""
    names = {
        "/JavaScript",
        "/JS",
        "/OpenAction",
        "/AA",
        "/Launch",
        "/EmbeddedFile",
        "/URI",
        "/Link",
    }
    found = set()

    def look(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                found.update({str(key), str(inner)} & names)
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    reader = PdfReader(BytesIO(content))
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        try:
            look(reader.get_object(number))
        except KeyError:
            continue
    return found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # Raw HTML is left out of a long answer and printed as it is in a cell.
        ("<script>alert(1)</script> <b>& </para> <font name='x'>", ["</para><fontname='x'>"]),
        ("\N{GRINNING FACE} 中文 and words", [f"{NO_SHAPE * 2} and words"]),
        ("W" * 20_000, ["W" * 50]),
        ("word " * 4_000, ["wordword"]),
        ("- " * 200 + "deep", ["deep"]),
        ("> " * 200 + "deep", ["deep"]),
        (
            "**a *b** c* [x](http://e.example/?a=1&b=<2>) ![p](http://e.example/p.png)",
            ["(http://e.example/?a=1&b=<2>)"],
        ),
        ("|a|b|\n|-|-|\n|1|2|", ["|a|b| |-|-| |1|2|"]),
    ],
)
def test_hostile_text_is_printed_and_does_nothing(text, shown):
    cell = text[:1000].replace("\n", " ")
    rows = [{"risk": cell, "mitigation": cell, "residual": cell, "accepted_by": cell}] * 3
    content = card_pdf(card(overview=written(text), risks=written(rows)))
    assert content.startswith(b"%PDF")
    printed = text_of(content)
    for words in shown:
        assert squeezed(words) in printed
    assert "Modelcard:demandversion1" in printed
    assert active_parts(content) == set()


def test_files_and_open_comments_are_named(version_with_notes):
    text = text_of(card_pdf(card_of(version_with_notes)))
    for words in (
        "File: bias-report.pdf (PDF, 2,048 bytes, valid until",
        "File: minutes.csv",
        f"SHA-256 {'ab' * 32}",
        "Files about the card as a whole",
        "1 open, 1 resolved, when this file was made.",
        "Why <b>this</b> metric?",
        "Because planners read it.",
        "Ana",
    ):
        assert squeezed(words) in text, words
    assert "withdrawn.pdf" not in text
    assert squeezed("Settled long ago") not in text


def test_the_web_process_starts_without_reportlab():
    code = (
        "import django, sys; django.setup(); import portal.urls;"
        "sys.exit(any(m.split('.')[0] in ('reportlab', 'matplotlib') for m in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stderr.decode()


def test_downloads(client):
    found = card(overview=written("Forecasts <script>sales</script>."))
    version = found.version
    client.force_login(make_user(Role.AUDITOR))
    base = f"/models/{version.model_id}/versions/{version.version}/card/"
    pdf = client.get(f"{base}card.pdf?revision=1")
    assert pdf["Content-Type"] == "application/pdf"
    assert "attachment" in pdf["Content-Disposition"]
    page = client.get(f"{base}annex-iv.html?revision=1")
    assert "attachment" in page["Content-Disposition"]
    assert "<script" not in page.content.decode()
    assert client.get(f"{base}card.pdf?revision=7").status_code == 404


def test_an_answer_of_thousands_of_blocks_is_printed_as_one_text():
    content = card_pdf(card(overview=written("\n\n".join(f"part{n}" for n in range(2_000)))))
    text = text_of(content)
    assert "part0" in text
    assert "part1999" in text
    assert len(PdfReader(BytesIO(content)).pages) < 40
