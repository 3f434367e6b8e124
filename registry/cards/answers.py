"""Checking what people answer: each type's form and limits, exactly as it will be stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from registry.cards.schema import Field, FieldType

LIMITS = {FieldType.TEXT: 500, FieldType.REFERENCE: 500, FieldType.LONG_TEXT: 20_000}
LIST_ITEMS = 200
LIST_ITEM = 500
TABLE_ROWS = 200
TABLE_CELL = 1_000
REASON = 1_000
NOTE = 300
# PostgreSQL cannot store NUL, UTF-8 cannot carry half a surrogate pair, and no other control
# character but tab and line ends belongs in a text.
UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class State(StrEnum):
    """What a person said about a field."""

    WRITTEN = "written"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class BadAnswer(ValueError):
    """An answer that its field does not take; the message tells a person what to do."""


@dataclass(frozen=True)
class Answer:
    """What a person answers: a value, or that it is unknown, or that it does not apply and why."""

    state: State
    value: Any = None
    reason: str = ""


def checked(field: Field, answer: Answer) -> Answer:
    """The answer as it is stored, word for word; BadAnswer if the field does not take it."""
    if not field.editable:
        raise BadAnswer(f"Nobody writes this on the card. {field.help}")
    if answer.state is State.UNKNOWN:
        return Answer(State.UNKNOWN)
    if answer.state is State.NOT_APPLICABLE:
        return Answer(State.NOT_APPLICABLE, reason=_reason(answer.reason))
    return Answer(State.WRITTEN, CHECKS[field.type](field, answer.value))


def text_of(value: Any, limit: int) -> str:
    """A text that can be stored and is not too long."""
    if not isinstance(value, str):
        raise BadAnswer(f"A text is expected here, not {_kind(value)}.")
    if found := UNSTORABLE.search(value):
        raise BadAnswer(
            f"Remove the invisible control character U+{ord(found[0]):04X} at place "
            f"{found.start() + 1}; it cannot be stored."
        )
    if len(value) > limit:
        raise BadAnswer(
            f"This is {len(value):,} characters long; at most {limit:,} fit. Shorten it, or link "
            "to a document."
        )
    return value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "that")


def _reason(reason: Any) -> str:
    text = text_of(reason, REASON)
    if not text.strip():
        raise BadAnswer("Say in a few words why this does not apply to the model.")
    return text


def _filled(value: Any, limit: int) -> str:
    text = text_of(value, limit)
    if not text.strip():
        raise BadAnswer("Write an answer, or choose unknown or not applicable.")
    return text


def _text(field: Field, value: Any) -> str:
    text = _filled(value, LIMITS[field.type])
    if field.type is not FieldType.LONG_TEXT and re.search(r"[\r\n]", text):
        raise BadAnswer("This answer goes on one line; remove the line breaks.")
    return text


def _list(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise BadAnswer(f"A list of texts is expected here, not {_kind(value)}.")
    if not value:
        raise BadAnswer("List at least one, one a line, or choose unknown or not applicable.")
    if len(value) > LIST_ITEMS:
        raise BadAnswer(f"These are {len(value):,} entries; at most {LIST_ITEMS} fit.")
    return [_numbered(index, item) for index, item in enumerate(value, start=1)]


def _numbered(index: int, item: Any) -> str:
    try:
        text = _filled(item, LIST_ITEM)
        if re.search(r"[\r\n]", text):
            raise BadAnswer("An entry goes on one line.")
    except BadAnswer as error:
        raise BadAnswer(f"Entry {index}: {error}") from None
    return text


def _choice(field: Field, value: Any) -> str:
    known = dict(field.choices)
    if not isinstance(value, str) or value not in known:
        offered = ", ".join(f"{key} ({label})" for key, label in field.choices)
        raise BadAnswer(f"Choose one of: {offered}.")
    return value


def _date(field: Field, value: Any) -> str:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError(value)
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadAnswer("Write the date as year-month-day, such as 2027-03-31.") from None
    return str(value)


def _table(field: Field, value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise BadAnswer("A list of rows is expected here, each an object with the columns' names.")
    if not value:
        raise BadAnswer("Write at least one row, or choose unknown or not applicable.")
    if len(value) > TABLE_ROWS:
        raise BadAnswer(f"These are {len(value):,} rows; at most {TABLE_ROWS} fit.")
    return [_row(field, number, row) for number, row in enumerate(value, start=1)]


def _row(field: Field, number: int, row: Mapping[str, Any]) -> dict[str, str]:
    columns = [key for key, _ in field.columns]
    if strange := sorted(str(key) for key in set(row) - set(columns)):
        raise BadAnswer(
            f"Row {number} has no column {strange[0]!r} to fill; there are {', '.join(columns)}."
        )
    cells = {key: _cell(number, label, row.get(key, "")) for key, label in field.columns}
    if not any(cell.strip() for cell in cells.values()):
        raise BadAnswer(f"Row {number} is empty; fill it or remove it.")
    return cells


def _cell(number: int, label: str, value: Any) -> str:
    try:
        text = text_of(value, TABLE_CELL)
        if re.search(r"[\r\n]", text):
            raise BadAnswer("A cell goes on one line.")
    except BadAnswer as error:
        raise BadAnswer(f"Row {number}, {label}: {error}") from None
    return text


CHECKS = {
    FieldType.TEXT: _text,
    FieldType.LONG_TEXT: _text,
    FieldType.REFERENCE: _text,
    FieldType.LIST: _list,
    FieldType.CHOICE: _choice,
    FieldType.DATE: _date,
    FieldType.TABLE: _table,
}
