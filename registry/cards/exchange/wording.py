"""Answers as texts that carry the field's name, for places that several fields share.

`Intended uses: Daily orders`, `On call (unknown)`, `Licence (not applicable): built here`. What is
written this way is read back word for word, whatever the answer contains.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from registry.cards.answers import Answer, State
from registry.cards.entries import Standing
from registry.cards.schema import Field, FieldType
from registry.cards.view import CardView

CELL = re.compile(r"(?:\\.|[^|])*", re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
Pair = tuple[Field, Answer]


def answers_of(card: CardView) -> dict[str, Answer]:
    """What the card says in each field, whoever says it; a field without an answer is not there."""
    found = {}
    for view in card.fields:
        if view.standing is Standing.MISSING:
            continue
        if view.standing is Standing.UNKNOWN:
            found[view.field.key] = Answer(State.UNKNOWN)
        elif view.standing is Standing.NOT_APPLICABLE:
            found[view.field.key] = Answer(State.NOT_APPLICABLE, reason=view.reason)
        else:
            found[view.field.key] = Answer(State.WRITTEN, view.value)
    return found


def with_plain_ends(text: str) -> str:
    """A text with the line ends that Unix has."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_of_answer(field: Field, value: Any) -> str:
    """A value as text: a choice in words, one entry or row a line with cells between bars."""
    if field.type is FieldType.CHOICE:
        return field.label_of(str(value))
    if field.type is FieldType.LIST:
        return "\n".join(escaped(str(item)) for item in value)
    if field.type is FieldType.TABLE:
        return "\n".join(line_of(field, row) for row in value)
    return str(value)


def answer_of_text(field: Field, text: str) -> Any:
    """The value that `text_of_answer` wrote, or that a person wrote in the same way."""
    if field.type is FieldType.CHOICE:
        return choice_of(field, text)
    if field.type is FieldType.LIST:
        return [unescaped(line) for line in text.split("\n") if line]
    if field.type is FieldType.TABLE:
        return [row_of(field, line) for line in text.split("\n") if line]
    return text


def choice_of(field: Field, text: str) -> str:
    """The choice with these words, or the text itself when none has them."""
    wanted = text.strip().casefold()
    known = {label.casefold(): value for value, label in field.choices}
    return known.get(wanted, text.strip())


def line_of(field: Field, row: dict[str, Any]) -> str:
    """A table's row on one line."""
    return " | ".join(escaped(str(row.get(key, ""))) for key, _ in field.columns)


def row_of(field: Field, line: str) -> dict[str, str]:
    """The row on a line; cells beyond the last column are kept in it."""
    cells = cells_of(line)
    if len(cells) > len(field.columns):
        most = len(field.columns) - 1
        cells = [*cells[:most], " | ".join(cells[most:])]
    cells += [""] * (len(field.columns) - len(cells))
    return dict(zip((key for key, _ in field.columns), cells, strict=True))


def cells_of(line: str) -> list[str]:
    """The cells of a line with bars between them."""
    found, at = [], 0
    while True:
        match = CELL.match(line, at)
        text = match[0] if match else ""
        end = at + len(text)
        is_last = end >= len(line) or line[end] != "|"
        text = text.removeprefix(" ") if at else text
        found.append(unescaped(text if is_last else text.removesuffix(" ")))
        if is_last:
            return found
        at = end + 1


def escaped(text: str) -> str:
    """A text on one line without a bare bar."""
    for plain, written in (("\\", "\\\\"), ("|", "\\|"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, written)
    return text


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return ESCAPED.sub(lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text)


def tagged(field: Field, answer: Answer) -> str:
    """An answer with the field's name before it."""
    if answer.state is State.UNKNOWN:
        return f"{field.label} (unknown)"
    if answer.state is State.NOT_APPLICABLE:
        return f"{field.label} (not applicable): {answer.reason}"
    return f"{field.label}: {text_of_answer(field, answer.value)}"


def untagged(text: str, fields: Iterable[Field]) -> Pair | None:
    """The field that a text names and what it answers; None for a text that names none."""
    for field in fields:
        if text == f"{field.label} (unknown)":
            return field, Answer(State.UNKNOWN)
        if text.startswith(f"{field.label} (not applicable): "):
            reason = text.removeprefix(f"{field.label} (not applicable): ")
            return field, Answer(State.NOT_APPLICABLE, reason=reason)
        if text.startswith(f"{field.label}: "):
            value = answer_of_text(field, text.removeprefix(f"{field.label}: "))
            return field, Answer(State.WRITTEN, value)
    return None


def plain_or_tagged(field: Field, answer: Answer) -> str:
    """A written answer as it is where a place has one field; tagged if it could be misread."""
    if answer.state is State.WRITTEN:
        text = text_of_answer(field, answer.value)
        if text and untagged(text, [field]) is None:
            return text
    return tagged(field, answer)


def plain_or_untagged(field: Field, text: str) -> Answer:
    """What `plain_or_tagged` wrote, or a text by others, as an answer."""
    found = untagged(text, [field])
    return found[1] if found else Answer(State.WRITTEN, answer_of_text(field, text))


def blocks(pairs: Iterable[Pair], fields: Iterable[Field]) -> str:
    """Several answers in one text, an empty line between them; `fields` are all that share it."""
    labels = [field.label for field in fields]
    return "\n\n".join(_guarded(tagged(field, answer), labels) for field, answer in pairs)


def _guarded(text: str, labels: list[str]) -> str:
    """The text with a backslash before each further line that a reader could take for a tag."""
    first, *more = text.split("\n")
    return "\n".join([first, *(f"\\{line}" if _risky(line, labels) else line for line in more)])


def _risky(line: str, labels: list[str]) -> bool:
    return line.startswith("\\") or any(line.startswith(label) for label in labels)


def read_blocks(text: str, fields: Sequence[Field]) -> tuple[list[Pair], str]:
    """The answers of a text that `blocks` wrote, and what stands before the first of them."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if untagged(line, fields)]
    before = "\n".join(lines[: starts[0]] if starts else lines).strip()
    pairs = []
    for start, end in itertools.pairwise([*starts, len(lines)]):
        block = lines[start:end]
        if end < len(lines) and block[-1] == "":
            block = block[:-1]
        first, *more = block
        whole = "\n".join([first, *(line.removeprefix("\\") for line in more)])
        if found := untagged(whole, fields):
            pairs.append(found)
    return pairs, before
