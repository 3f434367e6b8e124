"""Signet's own JSON: the whole card with states, reasons and origins; nothing is lost."""

import json
from collections.abc import Mapping
from typing import Any

from registry.cards.answers import Answer, State
from registry.cards.entries import Standing
from registry.cards.exchange.documents import (
    NO_PLACE,
    BadDocument,
    Base,
    Reading,
    json_of,
    known_schema,
    text_of,
)
from registry.cards.view import CardView, FieldView

FORMAT = 1
SAID_BY_PEOPLE = {
    Standing.WRITTEN: State.WRITTEN,
    Standing.INHERITED: State.WRITTEN,
    Standing.PULLED: State.WRITTEN,
    Standing.UNKNOWN: State.UNKNOWN,
    Standing.NOT_APPLICABLE: State.NOT_APPLICABLE,
}
FIELD = frozenset({"state", "value", "reason", "origin", "entry", "pulled", "source_changed"})
KNOWN = ("signet_card", "schema_version", "model", "version", "tier", "revision", "fields")


def document_of(card: CardView) -> dict[str, Any]:
    """The card as data, in the card's own order."""
    revision = card.revision
    return {
        "signet_card": FORMAT,
        "schema_version": card.schema.version,
        "model": card.version.model.name,
        "version": card.version.version,
        "tier": card.tier,
        "revision": {
            "number": card.number,
            "digest": revision.digest if revision else "",
            "author": revision.author_name if revision else "",
            "note": revision.note if revision else "",
            "taken_over_from": card.taken_over_from,
        },
        "fields": {view.field.key: _field(card, view) for view in card.fields},
    }


def _field(card: CardView, view: FieldView) -> dict[str, Any]:
    found: dict[str, Any] = {"state": view.standing.value}
    if view.standing in SAID_BY_PEOPLE and view.value is not None:
        found["value"] = view.value
    if view.reason:
        found["reason"] = view.reason
    if view.standing is not Standing.MISSING:
        found["origin"] = view.origin
    entry = card.entries.get(view.field.key)
    if entry is not None:
        # What people said is kept also where the source's answer stands over it.
        found["entry"] = dict(entry)
    if view.pulled is not None:
        found["pulled"] = {"value": view.pulled.value, "origin": view.pulled.origin}
        found["source_changed"] = view.source_changed
    return found


def export(card: CardView) -> bytes:
    """The card as JSON text."""
    return written(document_of(card))


def written(document: Mapping[str, Any]) -> bytes:
    """A document as UTF-8; the same document always gives the same bytes."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def parsed(data: bytes) -> dict[str, Any]:
    """The document that `written` wrote; BadDocument if it is of another kind or version."""
    document = json_of(text_of(data))
    if document.get("signet_card") != FORMAT:
        raise BadDocument(
            f"This JSON is no card of Signet: `signet_card` has to be {FORMAT} and is "
            f"{json.dumps(document.get('signet_card'))[:40]}."
        )
    known_schema(document.get("schema_version"))
    if not isinstance(document.get("fields"), dict):
        raise BadDocument("`fields` has to be an object with an answer for each field.")
    return document


def read(data: bytes) -> Reading:
    """What people said on the exported card, and what stood there from its source."""
    document = parsed(data)
    schema = known_schema(document["schema_version"])
    reading = Reading(base=_base(document))
    for name in document:
        if name not in KNOWN:
            reading.leave(name, document[name], NO_PLACE)
    for key, said in document["fields"].items():
        place = f"fields.{key}"
        if key not in schema.by_key:
            reading.leave(place, said, f"Card schema {schema.version} has no such field.")
        elif not isinstance(said, dict) or said.get("state") not in list(Standing):
            reading.leave(place, said, f"`state` has to be one of {', '.join(Standing)}.")
        else:
            _read_field(reading, key, place, said)
    return reading


def _read_field(reading: Reading, key: str, place: str, said: Mapping[str, Any]) -> None:
    state = SAID_BY_PEOPLE.get(said["state"])
    if state is not None:
        answer = Answer(state, said.get("value"), said.get("reason", ""))
        reading.answer(key, answer, place)
    if said["state"] == Standing.PULLED:
        reading.sourced.add(key)
    for name, value in said.items():
        is_read = state is State.WRITTEN if name == "value" else name in FIELD
        if not is_read and value not in (None, "", [], {}):
            reading.leave(f"{place}.{name}", value, NO_PLACE)


def _base(document: Mapping[str, Any]) -> Base | None:
    revision = document.get("revision")
    if not isinstance(revision, dict) or not isinstance(revision.get("number"), int):
        return None
    names = document.get("model"), document.get("version")
    return Base(str(names[0]), str(names[1]), revision["number"], str(revision.get("digest", "")))
