"""Answers as the text of a form field, and back."""

import re
from typing import Any

from registry.cards.answers import BadAnswer
from registry.cards.schema import Field, FieldType

CELL_END = re.compile(r"(?<!\\)\|")


def text_of_value(field: Field, value: Any) -> str:
    """A stored value as people edit it: one entry a line, a table's cells between bars."""
    if value is None:
        return ""
    if field.type is FieldType.LIST:
        return "\n".join(value)
    if field.type is FieldType.TABLE:
        return "\n".join(_line(field, row) for row in value)
    return str(value)


def value_of_text(field: Field, text: str) -> Any:
    """What somebody typed as the field's value; BadAnswer when a row has too many cells."""
    if field.type is FieldType.LIST:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if field.type is FieldType.TABLE:
        lines = [line for line in text.split("\n") if line.strip()]
        return [_row(field, number, line) for number, line in enumerate(lines, start=1)]
    return text


def plain_lines(text: str) -> str:
    """Text with the line ends that a browser changed put back to plain ones."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(field: Field, row: dict[str, str]) -> str:
    cells = [str(row.get(key, "")).replace("|", r"\|") for key, _ in field.columns]
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)


def _row(field: Field, number: int, line: str) -> dict[str, str]:
    cells = [cell.strip().replace(r"\|", "|") for cell in CELL_END.split(line)]
    if len(cells) > len(field.columns):
        names = ", ".join(label for _, label in field.columns)
        raise BadAnswer(
            f"Row {number} has {len(cells)} cells, but there are {len(field.columns)} columns: "
            f"{names}. Write \\| for a bar inside a cell."
        )
    cells += [""] * (len(field.columns) - len(cells))
    return dict(zip((key for key, _ in field.columns), cells, strict=True))
