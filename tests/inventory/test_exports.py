"""Exports: exactly what the list shows, and nothing that a spreadsheet would run."""

import csv
import io

import pytest
from openpyxl import load_workbook

from portal.accounts.permissions import Role
from registry.inventory.exports import COLUMNS
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.factories import make_model, make_team, make_user, make_version

pytestmark = pytest.mark.django_db
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "#N/A",
    "#REF!",
    "1e5",
    "\tx",
    "\rx",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
    'say "hi", twice',
    "two\nlines",
    "＝1+1",
    "ünï 名前 🦊",
]


@pytest.fixture
def models(client):
    client.force_login(make_user(Role.VIEWER))
    team = make_team("=Team")
    for number, text in enumerate(HOSTILE):
        tier = "T1" if number % 2 else "T2"
        model = make_model(f"{text} {number}", description=text, team=team, risk_tier=tier)
        make_version(model)
    refresh_models(RegisteredModel.objects.values_list("pk", flat=True))


def csv_rows(client, query=""):
    response = client.get(f"/models/export.csv?{query}")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return response, list(csv.DictReader(io.StringIO(text)))


def xlsx_rows(client, query=""):
    response = client.get(f"/models/export.xlsx?{query}")
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    return response, list(sheet.iter_rows())


@pytest.mark.parametrize(
    "query", ["", "tier=T1", "q=hi", "sort=-name", "tier=T1&sort=tier&size=25"]
)
def test_both_files_hold_exactly_what_the_list_shows(client, models, query):
    listed = [model.name for model in client.get(f"/models/?{query}&size=200").context["page"]]
    _, in_csv = csv_rows(client, query)
    _, in_xlsx = xlsx_rows(client, query)
    assert [row["Model"].removeprefix("'") for row in in_csv] == listed
    # XML knows one line ending only.
    assert [row[0].value for row in in_xlsx[1:]] == [name.replace("\r", "\n") for name in listed]


def test_no_text_cell_is_a_formula_in_csv(client, models):
    _, rows = csv_rows(client)
    for row in rows:
        for column in ("Model", "Description", "Team"):
            assert not row[column].startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
        assert row["Versions"] == "1"
    raw = b"".join(client.get("/models/export.csv").streaming_content).decode()
    assert '","1",1,' in raw  # the newest version is text, the number of versions is not


def test_every_text_cell_is_text_in_xlsx_and_numbers_are_numbers(client, models):
    _, rows = xlsx_rows(client)
    assert [cell.value for cell in rows[0]] == list(COLUMNS)
    for row in rows[1:]:
        assert {cell.data_type for cell in row[:10] if cell.value is not None} == {"s"}
        assert row[COLUMNS.index("Versions")].value == 1
        assert row[COLUMNS.index("Last change (UTC)")].is_date


def test_control_characters_do_not_break_the_workbook(client, models):
    refresh_models([make_model("bell \x07 name", description="\x0b").pk])
    _, rows = xlsx_rows(client, "q=bell")
    assert rows[1][0].value == "bell � name"


def test_file_names_and_types(client, models):
    response, _ = csv_rows(client)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="signet-models-')
    response, _ = xlsx_rows(client)
    assert response["Content-Disposition"].endswith('.xlsx"')
    assert client.get("/models/export.pdf").status_code == 404
    assert client.post("/models/export.csv").status_code == 405


def test_no_export_without_a_role(client, models):
    client.force_login(make_user(None))
    assert client.get("/models/export.csv").status_code == 403
