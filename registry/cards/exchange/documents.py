"""What a document says about a card, read without touching any card, and what it may not be."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.errors import Invalid
from registry.cards.answers import Answer
from registry.cards.schema import Field, Schema, schema_of

# A page sends the document back from its text area, where it must stay below Django's 1 MB.
MOST_BYTES = 900_000
DEEPEST = 40
SHOWN = 300
PLACE = 200
MOST_UNPLACED = 1_000
# PostgreSQL cannot store NUL, and UTF-8 cannot carry half a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class BadDocument(Invalid):
    """A document that cannot be read at all; the message says where and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={"document": [message]}, code="bad-document")


@dataclass(frozen=True)
class Unplaced:
    """Something that a document says and the card has no place for, and why."""

    place: str
    text: str
    why: str


@dataclass(frozen=True)
class Base:
    """Which card a document was written from, and at which revision."""

    model: str
    version: str
    revision: int
    digest: str


@dataclass
class Reading:
    """What a document says: answers by field with their place in it, and everything else.

    `sourced` are the fields that a source had answered, not a person.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    unplaced: list[Unplaced] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    base: Base | None = None
    sourced: set[str] = field(default_factory=set)

    def answer(self, key: str, answer: Answer, place: str) -> None:
        """Note an answer; the first one for a field stands, a second one is left over."""
        if key in self.answers:
            self.leave(place, answer.value, "This document answers the field a second time.")
            return
        self.answers[key] = answer
        self.places[key] = place

    def leave(self, place: str, value: Any, why: str) -> None:
        """Note something that has no place on the card."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"
        if len(self.unplaced) == MOST_UNPLACED:
            raise BadDocument(
                f"More than {MOST_UNPLACED:,} things in the document have no place on a card; the "
                f"next is at {place[:PLACE]}. Nothing was changed. Check that it is a model card."
            )
        self.unplaced.append(Unplaced(place[:PLACE], shown, why))


NO_PLACE = "The card has no field for this."


def text_of(data: bytes, *, size: int = 0) -> str:
    """The document as text; BadDocument if it is too long or not UTF-8.

    `size` is how long it is when only its beginning was read.
    """
    if len(data) > MOST_BYTES:
        raise BadDocument(
            f"The document has {max(len(data), size):,} bytes; at most {MOST_BYTES:,} are read. "
            "Nothing was changed. Leave out pictures and other attachments and try again."
        )
    if data.startswith(UTF_16):
        raise BadDocument("The document is UTF-16. Save it as UTF-8 and try again.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadDocument(
            f"The document is not UTF-8: byte 0x{data[error.start]:02X} in line {line} starts no "
            "character. Save it as UTF-8 and try again."
        ) from None
    if found := UNSTORABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise BadDocument(f"Line {line} holds a NUL character. Remove it and try again.")
    if not text.strip():
        raise BadDocument("The document is empty.")
    return text


def json_of(text: str) -> dict[str, Any]:
    """The JSON object that the text holds; BadDocument with line and column otherwise."""
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_no_doubles)
    except json.JSONDecodeError as error:
        raise BadDocument(
            f"This is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except RecursionError:
        raise BadDocument(f"The JSON is nested more than {DEEPEST} levels deep.") from None
    except ValueError as error:
        raise BadDocument(f"This JSON cannot be read: {error}.") from None
    if not isinstance(value, dict):
        raise BadDocument("A JSON object is expected, beginning with a brace.")
    _check(value, "", 0)
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"an object has the name {name[:80]!r} twice")
        found[name] = value
    return found


def _check(value: Any, place: str, depth: int) -> None:
    if depth > DEEPEST:
        raise BadDocument(f"The JSON is nested more than {DEEPEST} levels deep.")
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise BadDocument(f"The text at {place or 'the top'} holds half of a character or NUL.")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(name, place, depth + 1)
            _check(inner, f"{place}.{name}"[:200].strip("."), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{place}[{index}]", depth + 1)


def known_schema(version: object) -> Schema:
    """The schema that a document was written for; BadDocument if Signet has no such schema."""
    try:
        return schema_of(str(version))
    except KeyError:
        raise BadDocument(
            f"The document is written for card schema {str(version)[:40]!r}, which this Signet "
            f"does not know; it knows schema {schema_of().version!r}. Nothing was changed. Export "
            "the card from this Signet and carry your answers over."
        ) from None


def mapped(schema: Schema, standard: str) -> Mapping[str, tuple[Field, ...]]:
    """The fields of each place in a standard, in the card's order; one field may have several."""
    found: dict[str, tuple[Field, ...]] = {}
    for item in schema:
        for place in item.maps.get(standard, "").split(";"):
            if place.strip():
                found[place.strip()] = (*found.get(place.strip(), ()), item)
    return found
