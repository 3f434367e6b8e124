"""Hugging Face model cards: README.md with metadata, written and read by `huggingface_hub`.

Each answer stands in its section between two comments that nobody sees when the card is shown, so
that a card written here is read back word for word. Cards by others are read by their headings.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from registry.cards.answers import Answer, State
from registry.cards.exchange import hugging_face_metadata as metadata
from registry.cards.exchange.documents import BadDocument, Reading, known_schema, mapped, text_of
from registry.cards.exchange.hugging_face_others import read_part
from registry.cards.exchange.sections import HEADINGS, PLACES, parts_of, without_comments
from registry.cards.exchange.wording import (
    answers_of,
    cells_of,
    choice_of,
    escaped,
    text_of_answer,
    unescaped,
    with_plain_ends,
)
from registry.cards.schema import Field, FieldType, Schema, schema_of
from registry.cards.view import CardView

MOST_METADATA = 100_000
FRONT = re.compile(r"^\s*---\n([\S\s]*?)\n---[ \t]*(?:\n|$)")
FIRST = re.compile(r"\s*<!-- signet-([0-9]{6}): card schema ([0-9]+), ")


def export(card: CardView) -> bytes:
    """The card as a README.md."""
    from huggingface_hub import ModelCard

    answers = answers_of(card)
    name = card.version.model.name
    data = metadata.written(name, answers)
    text = _body(card.schema, answers, f"{name}, version {card.version.version}")
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}")).encode()


def _body(schema: Schema, answers: Mapping[str, Answer], title: str) -> str:
    mark = _mark([_shown(schema.by_key[key], answer) for key, answer in answers.items()])
    first = f"<!-- signet-{mark}: card schema {schema.version}, {_one_line(title)} -->"
    lines = [first, "", f"# Model Card for {_one_line(title)}", ""]
    for depth, heading in HEADINGS:
        lines += [f"{'#' * depth} {heading}", ""]
        for field in fields_of(schema).get(heading, ()):
            if answer := answers.get(field.key):
                lines += [_block(mark, field, answer), ""]
    return "\n".join(lines)


def fields_of(schema: Schema) -> dict[str, list[Field]]:
    """The fields below each heading."""
    found: dict[str, list[Field]] = {}
    titles = {title for _, title in HEADINGS}
    for place, fields in mapped(schema, "hf").items():
        heading = PLACES.get(place, place)
        for field in fields:
            if heading in titles and not any(field in there for there in found.values()):
                found.setdefault(heading, []).append(field)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("--", "- -")


def _mark(texts: Sequence[str]) -> str:
    """A number for the comments that none of the answers contains."""
    taken = {number for text in texts for number in re.findall(r"signet-([0-9]{6})", text)}
    return next(mark for mark in map("{:06}".format, count(1)) if mark not in taken)


def _block(mark: str, field: Field, answer: Answer) -> str:
    opening = f"<!-- signet-{mark}:{field.key} {answer.state.value} -->\n**{field.label}**\n\n"
    return f"{opening}{_shown(field, answer)}\n<!-- /signet-{mark} -->"


def _shown(field: Field, answer: Answer) -> str:
    if answer.state is State.UNKNOWN:
        return "*Unknown*"
    if answer.state is State.NOT_APPLICABLE:
        return f"*Not applicable:* {with_plain_ends(answer.reason)}"
    if field.type is FieldType.LIST:
        return "\n".join(f"- {escaped(str(item))}" for item in answer.value)
    if field.type is FieldType.TABLE:
        head = [label for _, label in field.columns]
        rows = [[str(row.get(key, "")) for key, _ in field.columns] for row in answer.value]
        return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)])
    return with_plain_ends(text_of_answer(field, answer.value))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell if cell == '---' else escaped(cell) for cell in cells)} |"


def read(data: bytes) -> Reading:
    """What the README says: our own answers word for word, those of others by their headings."""
    text = with_plain_ends(text_of(data))
    front = FRONT.match(text)
    start = front.end() if front else 0
    if front and len(front[1]) > MOST_METADATA:
        raise BadDocument(f"The metadata is longer than {MOST_METADATA:,} characters.")
    found = metadata.parsed(front[1] if front else "")
    reading = Reading()
    first = FIRST.match(text, start)
    schema = known_schema(first[2]) if first else schema_of()
    rest = text[start:]
    if first:
        rest = _take_blocks(reading, schema, first[1], rest)
        metadata.compare(reading, found)
    else:
        metadata.place(reading, found)
        metadata.dropped(reading, front[1] if front else "", found)
    line = text.count("\n", 0, start) + 1
    for part in parts_of(without_comments(rest), line):
        read_part(reading, schema, part)
    return reading


def _take_blocks(reading: Reading, schema: Schema, mark: str, text: str) -> str:
    """Read the answers between our comments; what is left is the text around them."""
    opening = re.compile(rf"<!-- signet-{mark}:([a-z_]{{1,60}}) ([a-z_]{{1,20}}) -->\n")
    closing = f"\n<!-- /signet-{mark} -->"
    kept, at = [], 0
    while found := opening.search(text, at):
        end = text.find(closing, found.end())
        if end < 0:
            break
        _take(reading, schema, found[1], found[2], text[found.end() : end])
        kept += [text[at : found.start()], "\n" * text.count("\n", found.start(), end)]
        at = end + len(closing)
    return "".join([*kept, text[at:]])


def _take(reading: Reading, schema: Schema, key: str, state: str, shown: str) -> None:
    field = schema.by_key.get(key)
    if field is None or state not in list(State):
        reading.leave(key, shown, "The card has no such field or state.")
        return
    content = shown.removeprefix(f"**{field.label}**").removeprefix("\n\n")
    reading.answer(key, _answer(field, State(state), content), f"section {field.label}")


def _answer(field: Field, state: State, text: str) -> Answer:
    if state is State.UNKNOWN:
        return Answer(state)
    if state is State.NOT_APPLICABLE:
        return Answer(state, reason=text.removeprefix("*Not applicable:* "))
    return Answer(state, _value(field, text))


def _value(field: Field, text: str) -> Any:
    if field.type is FieldType.CHOICE:
        return choice_of(field, text)
    if field.type is FieldType.LIST:
        lines = [line.removeprefix("- ") for line in text.split("\n")]
        return [unescaped(line) for line in lines if line.strip()]
    if field.type is FieldType.TABLE:
        return [_read_row(field, line) for line in text.split("\n")[2:] if line.strip()]
    return text


def _read_row(field: Field, line: str) -> dict[str, str]:
    bare = line.strip().removeprefix("|").removesuffix("|")
    cells = [cell.strip() for cell in cells_of(bare)][: len(field.columns)]
    cells += [""] * (len(field.columns) - len(cells))
    return dict(zip((key for key, _ in field.columns), cells, strict=True))


def kept(schema: Schema) -> frozenset[str]:
    """The fields that an export carries."""
    return frozenset(field.key for fields in fields_of(schema).values() for field in fields)
