"""What a revision holds for each field, what a new version takes over, and which value stands.

An entry is `{"state", "value", "reason", "by", "at", "pulled", "from_version"}`: what a person
said, who and when, what the source said at that moment, and the version it was first written on
when it was taken over from there.
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from portal.trail.services import canonical
from registry.cards.answers import Answer, State
from registry.cards.models import CardRevision
from registry.cards.schema import Field, FieldSource, Schema
from registry.inventory.models import ModelVersion

Entry = Mapping[str, Any]


class Standing(StrEnum):
    """What a reader sees in a field."""

    PULLED = "pulled"
    INHERITED = "inherited"
    WRITTEN = "written"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    MISSING = "missing"


ANSWERED = frozenset(
    {Standing.PULLED, Standing.INHERITED, Standing.WRITTEN, Standing.NOT_APPLICABLE}
)


def entries_of(
    version: ModelVersion, revision: CardRevision | None, schema: Schema
) -> dict[str, Entry]:
    """What people said on a card: its own revision, or an earlier version's taken over."""
    if revision is None:
        return {}
    if revision.version_id == version.pk:
        return dict(revision.values)
    return {
        field.key: {**entry, "from_version": entry.get("from_version") or revision.version.version}
        for field in schema
        if field.inherits and field.editable
        if (entry := revision.values.get(field.key)) and entry["state"] != State.UNKNOWN
    }


def standing_of(field: Field, entry: Entry | None, *, is_pulled: bool) -> Standing:
    """Which value stands: a person's, one taken over, or the source's."""
    if entry is None:
        return Standing.PULLED if is_pulled else Standing.MISSING
    inherited = bool(entry.get("from_version"))
    if inherited and is_pulled and field.source is FieldSource.AUTOMATIC:
        return Standing.PULLED  # this version's own facts beat words about an earlier one
    if entry["state"] == State.WRITTEN:
        return Standing.INHERITED if inherited else Standing.WRITTEN
    return Standing(entry["state"])


def new_entry(answer: Answer, *, by: str, at: str, pulled: Any) -> Entry:
    """The entry for an answer that somebody gives now, over what the source says now."""
    entry = {"state": answer.state.value, "by": by, "at": at}
    if answer.state is State.WRITTEN:
        entry["value"] = answer.value
    if answer.reason:
        entry["reason"] = answer.reason
    return entry if pulled is None else {**entry, "pulled": pulled}


def same(one: Entry | None, other: Entry | None) -> bool:
    """Whether two entries say the same, whoever said it."""
    return said(one) == said(other)


def said(entry: Entry | None) -> dict[str, Any] | None:
    """What an entry says, without who and when."""
    if entry is None:
        return None
    return {name: entry[name] for name in ("state", "value", "reason") if name in entry}


def said_digest(entry: Entry | None) -> str:
    """SHA-256 of what an entry says: the name of what a writer read in the field."""
    return hashlib.sha256(canonical(said(entry)).encode()).hexdigest()


def source_changed(entry: Entry | None, pulled: Any) -> bool:
    """Whether the source says something else now than when a person wrote over it."""
    if entry is None or entry["state"] != State.WRITTEN or entry.get("from_version"):
        return False
    return bool(entry.get("pulled") != pulled and entry["value"] != pulled)
