"""Writing cards: every save that changes something adds one immutable revision."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import canonical, record
from registry.cards import answers
from registry.cards.answers import Answer, BadAnswer
from registry.cards.entries import Entry, entries_of, new_entry, said, said_digest, same
from registry.cards.models import CardRevision
from registry.cards.pulled import Pulled, pulled_values
from registry.cards.queries import earlier_revision, latest_revision
from registry.cards.schema import CURRENT, Field, Schema, schema_of
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.queries import visible_versions

Changes = Mapping[str, Answer | None]


@dataclass(frozen=True)
class Clash:
    """One field that somebody else has changed since: what it said, what each of the two says."""

    field: Field
    before: Entry | None
    theirs: Entry | None
    mine: Entry | None


class CardConflict(Conflict):
    """Somebody changed the same fields; nothing was saved, and both texts are here."""

    def __init__(self, clashes: list[Clash], revision: CardRevision) -> None:
        names = ", ".join(clash.field.label for clash in clashes)
        super().__init__(
            f"{revision.author_name} changed {names} while you were writing, so nothing was saved. "
            "Compare the two texts and choose.",
            code="card-conflict",
        )
        self.clashes = clashes
        self.revision = revision


@dataclass(frozen=True)
class Saved:
    """The card's newest revision, whether this save made it, and what others changed meanwhile."""

    revision: CardRevision | None
    changed: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Card:
    """A version's card under lock: what it says now and what the writer had read."""

    version: ModelVersion
    schema: Schema
    revision: CardRevision | None
    now: dict[str, Entry]
    read: dict[str, Entry]
    pulled: Mapping[str, Pulled] = field(default_factory=dict)


def card_save(
    *,
    actor: Actor,
    version_id: int,
    base_revision: int,
    changes: Changes,
    note: str = "",
    seen: Mapping[str, str] | None = None,
) -> Saved:
    """Save answers given by somebody who had read `base_revision`; 0 is a card without a revision.

    `None` for a field takes a person's answer back. Fields that others changed meanwhile are kept;
    CardConflict when they are the same ones. Nothing changed: no revision. `seen` holds the
    `said_digest` of each field that its writer read at another moment than `base_revision`.
    """
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        card = _read(version, base_revision)
        wanted = _wanted(actor, card, changes, note)
        changed = {k: v for k, v in wanted.items() if not same(v, card.now.get(k))}
        _refuse_clashes(card, changed, seen or {})
        merged = _changed_since(card)
        if not changed:
            return Saved(card.revision, merged=merged)
        revision = _write(actor, card, changed, note)
        refresh_models([version.model_id])
        record(
            actor,
            "card.edit",
            version,
            before=_told(card.revision, {k: card.now.get(k) for k in changed}),
            after=_told(revision, changed),
            reason=note,
        )
    return Saved(revision, tuple(changed), merged)


def revision_digest(revision: CardRevision) -> str:
    """SHA-256 over the revision's canonical JSON, in hex; anybody with the row can compute it."""
    facts = {
        "format": 1,
        "version_id": revision.version_id,
        "number": revision.number,
        "schema": revision.schema_version,
        "author": revision.author_name,
        "note": revision.note,
        "values": revision.values,
    }
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


def locked_version(actor: Actor, version_id: int) -> ModelVersion:
    """The version, after locking its model: syncs and deployments lock the model first as well."""
    model_id = get_object_or_404(visible_versions(actor).values_list("model_id"), pk=version_id)[0]
    RegisteredModel.objects.select_for_update().get(pk=model_id)
    related = "model__team__business_unit", "model__owner"
    return visible_versions(actor).select_related(*related).get(pk=version_id)


def _read(version: ModelVersion, base: int) -> _Card:
    revision = latest_revision(version)
    number = revision.number if revision else 0
    if not 0 <= base <= number:
        raise Conflict(
            f"This card has no revision {base}; its newest is {number}. Reload the page and try "
            "again.",
            code="unknown-revision",
        )
    schema = schema_of()
    inherited = {} if revision and base else entries_of(version, earlier_revision(version), schema)
    now = _kept(dict(revision.values), schema) if revision else inherited
    read = now
    if base != number:
        old = CardRevision.objects.get(version=version, number=base) if base else None
        read = dict(old.values) if old else inherited
    return _Card(version, schema, revision, now, read, pulled_values(version))


def _kept(values: dict[str, Entry], schema: Schema) -> dict[str, Entry]:
    """Entries of fields that the current schema still has."""
    return {key: entry for key, entry in values.items() if key in schema.by_key}


def _wanted(actor: Actor, card: _Card, changes: Changes, note: str) -> dict[str, Entry | None]:
    faults: dict[str, list[str]] = {}
    found: dict[str, Entry | None] = {}
    at = timezone.now().isoformat(timespec="seconds")
    for key, answer in changes.items():
        try:
            found[key] = _entry(actor, card, key, answer, at)
        except BadAnswer as error:
            faults[key] = [str(error)]
    try:
        answers.text_of(note, answers.NOTE)
    except BadAnswer as error:
        faults["note"] = [str(error)]
    if faults:
        count = len(faults)
        places = "One answer needs" if count == 1 else f"{count} answers need"
        raise Invalid(f"{places} correcting; nothing was saved yet.", fields=faults)
    return found


def _entry(actor: Actor, card: _Card, key: str, answer: Answer | None, at: str) -> Entry | None:
    field = card.schema.by_key.get(key)
    if field is None:
        raise BadAnswer("The card has no such field; GET the card to see its fields.")
    if answer is None:
        return None
    pulled = card.pulled.get(key)
    checked = answers.checked(field, answer)
    return new_entry(checked, by=actor.name, at=at, pulled=pulled.value if pulled else None)


def _refuse_clashes(
    card: _Card, changed: Mapping[str, Entry | None], seen: Mapping[str, str]
) -> None:
    clashes = [
        Clash(card.schema.by_key[key], card.read.get(key), card.now.get(key), entry)
        for key, entry in changed.items()
        if (seen.get(key) or said_digest(card.read.get(key))) != said_digest(card.now.get(key))
    ]
    if clashes and card.revision:
        raise CardConflict(clashes, card.revision)


def _changed_since(card: _Card) -> tuple[str, ...]:
    keys = {*card.read, *card.now}
    return tuple(sorted(k for k in keys if not same(card.read.get(k), card.now.get(k))))


def _write(
    actor: Actor, card: _Card, changed: Mapping[str, Entry | None], note: str
) -> CardRevision:
    values = {key: entry for key, entry in {**card.now, **changed}.items() if entry is not None}
    revision = CardRevision(
        version=card.version,
        number=card.revision.number + 1 if card.revision else 1,
        schema_version=CURRENT,
        values=values,
        note=note,
        author_id=actor.user_id,
        author_name=actor.name[:120],
    )
    revision.digest = revision_digest(revision)
    revision.save()
    return revision


def _told(revision: CardRevision | None, entries: Mapping[str, Entry | None]) -> dict[str, Any]:
    """A revision and the fields in question, for the trail."""
    return {
        "revision": revision.number if revision else 0,
        "digest": revision.digest if revision else "",
        "fields": {key: said(entry) for key, entry in entries.items()},
    }
