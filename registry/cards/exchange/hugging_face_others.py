"""Sections of Hugging Face model cards that were not written here."""

import re
from typing import Any

from registry.cards.answers import Answer, BadAnswer, State, checked
from registry.cards.exchange.documents import NO_PLACE, Reading
from registry.cards.exchange.sections import (
    BOLD_LINE,
    LINES,
    NOTHING,
    Part,
    without_boilerplate,
    without_optional,
)
from registry.cards.exchange.wording import cells_of
from registry.cards.schema import Field, FieldType, Schema

BULLET = re.compile(r"^[-*+][ \t]+")
# The name neither begins nor ends with a space, or a line of spaces would take hours to refuse.
PAIR = re.compile(
    r"^[-*+]?[ \t]*(?:\*\*)?`?([^\s:=|*`](?:[^:=|*`]{0,78}?[^\s:=|*`])?)`?(?:\*\*)?[ \t]*[:=]"
    r"(?:\*\*)?[ \t]*(.+)$"
)


def read_part(reading: Reading, schema: Schema, part: Part) -> None:
    """Answer the field that a section is about, or leave its text over."""
    place = f"line {part.line}, {part.heading or 'before the first heading'}"
    if part.field == "hyperparameters":
        text = _filled_pairs(part.text)
    else:
        text = _take_lines(reading, part, place)
    if not text:
        return
    field = schema.by_key.get(part.field)
    if field is None:
        reading.leave(place, text, NO_PLACE)
        return
    if field.key in reading.answers:
        _add(reading, field, text, place)
        return
    try:
        answer = checked(field, Answer(State.WRITTEN, _value(field, text)))
    except BadAnswer as error:
        reading.leave(place, text, f"It does not fit {field.label}: {error}")
        return
    reading.answer(field.key, answer, place)


def _add(reading: Reading, field: Field, text: str, place: str) -> None:
    """Append to a long text, such as the description below a summary; leave anything else over."""
    said = reading.answers[field.key]
    if field.type is FieldType.LONG_TEXT and said.state is State.WRITTEN:
        reading.answers[field.key] = Answer(State.WRITTEN, f"{said.value}\n\n{text}")
    else:
        reading.leave(place, text, "This document answers the field a second time.")


def _take_lines(reading: Reading, part: Part, place: str) -> str:
    """Take lines such as `- **License:** mit` out of a text: each to its field or left over."""
    kept = []
    for line in part.text.split("\n"):
        found = BOLD_LINE.match(line.strip())
        if not found:
            kept.append(line)
            continue
        name = without_optional(found[1])
        value = found[2].strip()
        key = LINES.get(name.casefold())
        if not value or NOTHING.fullmatch(value):
            continue
        if key and key not in reading.answers:
            reading.answer(key, Answer(State.WRITTEN, value), place)
        elif not (key and reading.answers[key].value == value):
            reading.leave(f"{place}, {name}", value, NO_PLACE)
    return without_boilerplate(kept)


def _value(field: Field, text: str) -> Any:
    if field.type is FieldType.LONG_TEXT:
        return text
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if field.type is FieldType.LIST:
        if all(BULLET.match(line) for line in lines):
            return [BULLET.sub("", line) for line in lines]
        return [" ".join(lines)]
    if field.type is FieldType.TABLE:
        return _pairs(lines)
    return " ".join(lines)


def _filled_pairs(text: str) -> str:
    """The lines of names and values without those that nobody has filled."""
    found = [(line, PAIR.match(line)) for line in text.split("\n")]
    kept = [line for line, pair in found if not (pair and NOTHING.fullmatch(pair[2].strip()))]
    return without_boilerplate(kept)


def _pairs(lines: list[str]) -> list[dict[str, str]]:
    """Names and values out of a two-column table or of lines such as `- max_depth: 6`."""
    if all(line.startswith("|") for line in lines) and len(lines) > 2:
        cells = [[cell.strip() for cell in cells_of(line.strip("|"))] for line in lines[2:]]
        if all(len(row) == 2 for row in cells):
            return [{"name": name, "value": value} for name, value in cells]
    found = [PAIR.match(line) for line in lines]
    if not all(found):
        raise BadAnswer("a name and a value are expected on each line.")
    return [{"name": pair[1].strip(), "value": pair[2].strip()} for pair in found if pair]
