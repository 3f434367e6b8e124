"""What changed between two revisions of a card, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.cards.answers import State
from registry.cards.entries import Entry, entries_of, same
from registry.cards.models import CardRevision
from registry.cards.queries import earlier_revision
from registry.cards.schema import Field, Schema, Section, schema_of
from registry.cards.view import words_of
from registry.cards.word_diff import Piece, marked
from registry.inventory.models import ModelVersion


@dataclass(frozen=True)
class FieldDiff:
    """One field that two revisions answer differently."""

    section: Section
    field: Field
    before: str
    after: str
    by: str

    @property
    def pieces(self) -> tuple[list[Piece], list[Piece]]:
        """Before and after with the words that differ marked."""
        return marked(self.before, self.after)


def entries_at(version: ModelVersion, revision: CardRevision | None) -> Mapping[str, Entry]:
    """What people had said at a revision; without one, what an earlier version handed on."""
    if revision is None:
        return entries_of(version, earlier_revision(version), schema_of())
    return revision.values


def differences(
    version: ModelVersion, old: CardRevision | None, new: CardRevision
) -> list[FieldDiff]:
    """The fields whose answers differ, in the card's order."""
    before, after = entries_at(version, old), entries_at(version, new)
    return entry_differences(schema_of(new.schema_version), before, after)


def entry_differences(
    schema: Schema, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> list[FieldDiff]:
    """The fields of `schema` that two sets of entries answer differently."""
    return [
        FieldDiff(
            section,
            field,
            said_in_words(field, before.get(field.key)),
            said_in_words(field, after.get(field.key)),
            str((after.get(field.key) or {}).get("by", "")),
        )
        for section in schema.sections
        for field in section.fields
        if not same(before.get(field.key), after.get(field.key))
    ]


def changed_labels(
    schema: Schema, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> list[str]:
    """The labels of the fields that differ."""
    return [f.label for f in schema if not same(before.get(f.key), after.get(f.key))]


def said_in_words(field: Field, entry: Entry | None) -> str:
    """An answer as one text, with the two ways of not answering in words."""
    if entry is None:
        return ""
    if entry["state"] == State.UNKNOWN:
        return "Unknown"
    if entry["state"] == State.NOT_APPLICABLE:
        return f"Not applicable: {entry['reason']}"
    return words_of(field, entry["value"])
