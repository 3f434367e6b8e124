"""The inventory as CSV and XLSX: what the list shows, safe to open in a spreadsheet."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any

from portal.spreadsheets import Line, guarded
from registry.inventory.models import RegisteredModel

Cell = str | int | float | datetime | None
COLUMNS = (
    "Model",
    "Description",
    "Task",
    "Business unit",
    "Team",
    "Owner",
    "Risk tier",
    "Lifecycle",
    "Champion version",
    "Newest version",
    "Versions",
    "Card fields required",
    "Card fields answered",
    "Last change (UTC)",
    "Created (UTC)",
    "Source",
    "Gone since (UTC)",
)
CHUNK = 1000
# XML 1.0 has no place for these, so no spreadsheet file has.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
CELL_LENGTH = 32_767


def cells(model: RegisteredModel) -> tuple[Cell, ...]:
    """One model's row, in the order of `COLUMNS`."""
    return (
        model.name,
        model.description,
        model.get_task_display(),
        model.team.business_unit.name if model.team else "",
        model.team.name if model.team else "",
        str(model.owner) if model.owner else "",
        model.risk_tier,
        str(model.get_lifecycle_display()),
        model.champion_version,
        model.latest_version,
        model.version_count,
        model.card_required,
        model.card_answered,
        model.remote_updated_at,
        model.created_at,
        model.source.name,
        model.gone_at,
    )


def csv_lines(models: Iterable[RegisteredModel]) -> Iterator[bytes]:
    """The file line by line; text is quoted, numbers are bare."""
    writer = csv.writer(Line(), quoting=csv.QUOTE_NONNUMERIC)
    # The mark tells spreadsheets that this is UTF-8.
    yield ("\ufeff" + writer.writerow(COLUMNS)).encode()
    for model in models:
        yield writer.writerow([_csv_cell(cell) for cell in cells(model)]).encode()


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return guarded(cell)


def xlsx_file(models: Iterable[RegisteredModel]) -> IO[bytes]:
    """A workbook in a temporary file, at its start; each text cell is text, whatever it holds."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Models")
    sheet.freeze_panes = "B2"
    for number, name in enumerate(COLUMNS, start=1):
        wide = {"Model": 40, "Description": 60}.get(name, 18)
        sheet.column_dimensions[get_column_letter(number)].width = wide
    sheet.append([_xlsx_cell(sheet, name) for name in COLUMNS])
    for model in models:
        sheet.append([_xlsx_cell(sheet, cell) for cell in cells(model)])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file


def _xlsx_cell(sheet: Any, cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    if not isinstance(cell, str):
        return cell
    text = CONTROL.sub("\ufffd", cell)[:CELL_LENGTH]
    return _text_cell(sheet, text) if text.startswith(("=", "#")) else text or None


def _text_cell(sheet: Any, text: str) -> Any:
    """Text that openpyxl would take for a formula or an error, as the text that it is."""
    from openpyxl.cell import WriteOnlyCell

    made = WriteOnlyCell(sheet, text)
    made.data_type = "s"
    return made
