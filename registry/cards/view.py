"""A version's card as a reader sees it: each field's value, its state and where it came from."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from registry.cards.answers import State
from registry.cards.comparison import comparisons
from registry.cards.entries import (
    Entry,
    Standing,
    entries_of,
    source_changed,
    standing_of,
)
from registry.cards.gaps import Gap, gaps_of, required_fields
from registry.cards.markdown import rendered
from registry.cards.models import CardRevision
from registry.cards.pulled import Pulled, pulled_values
from registry.cards.queries import earlier_revision, latest_revision
from registry.cards.schema import Field, FieldType, Schema, Section, schema_of
from registry.inventory.links import web_address
from registry.inventory.models import ModelVersion

ICONS = {
    Standing.PULLED: "download",
    Standing.INHERITED: "git-branch",
    Standing.WRITTEN: "pencil",
    Standing.UNKNOWN: "help",
    Standing.NOT_APPLICABLE: "forbid",
    Standing.MISSING: "circle-dashed",
}


@dataclass(frozen=True)
class FieldView:
    """One field of one card."""

    field: Field
    standing: Standing
    value: Any = None
    origin: str = ""
    reason: str = ""
    by: str = ""
    at: datetime | None = None
    pulled: Pulled | None = None
    source_changed: bool = False
    required: bool = False
    gap: Gap | None = None

    @property
    def icon(self) -> str:
        """The mark of where the value came from."""
        return ICONS[self.standing]

    @property
    def pulled_words(self) -> str:
        """What the source says, in words."""
        return words_of(self.field, self.pulled.value) if self.pulled else ""

    @property
    def html(self) -> SafeString:
        """A long answer as safe HTML."""
        return rendered(str(self.value or ""))

    @property
    def link(self) -> str:
        """The address that a reference gives, if it is one that may be followed."""
        return web_address(str(self.value or "")) if self.field.type is FieldType.REFERENCE else ""

    @property
    def words(self) -> str:
        """A choice in words; any other value as it is."""
        return words_of(self.field, self.value)

    @property
    def rows(self) -> list[list[str]]:
        """A table's cells in the order of its columns."""
        return rows_of(self.field, self.value)

    @property
    def table(self) -> dict[str, list[Any]]:
        """A table's columns and rows, without the columns that are empty throughout."""
        return _table(self.field, self.rows)

    @property
    def pulled_table(self) -> dict[str, list[Any]]:
        """The table that the source gives, as `table` gives the one that stands."""
        return _table(self.field, rows_of(self.field, self.pulled.value if self.pulled else None))

    @property
    def overridden(self) -> bool:
        """Whether a person's answer stands over one that the source gives."""
        return self.pulled is not None and self.standing is not Standing.PULLED


@dataclass(frozen=True)
class SectionView:
    """A section of one card."""

    section: Section
    fields: list[FieldView]

    @property
    def open(self) -> list[FieldView]:
        """The fields without any answer that somebody could give, required or not."""
        missing = (item for item in self.fields if item.standing is Standing.MISSING)
        return [item for item in missing if item.field.editable or item.field.counted]

    @property
    def unrecorded(self) -> list[FieldView]:
        """The fields of which neither the source nor Signet has anything on record."""
        missing = (item for item in self.fields if item.standing is Standing.MISSING)
        return [item for item in missing if not (item.field.editable or item.field.counted)]

    @property
    def shown(self) -> list[FieldView]:
        """The fields that say something, be it that the answer is unknown."""
        return [item for item in self.fields if item.standing is not Standing.MISSING]

    @property
    def gaps(self) -> int:
        """How many required answers are missing here."""
        return sum(1 for item in self.fields if item.gap)

    @property
    def answered(self) -> int:
        """How many required answers are there."""
        return self.required - self.gaps

    @property
    def required(self) -> int:
        """How many answers this section must have, of those somebody can give."""
        return sum(1 for item in self.fields if item.required and item.field.counted)


@dataclass(frozen=True)
class CardView:
    """The whole card of a version."""

    version: ModelVersion
    schema: Schema
    revision: CardRevision | None
    taken_over_from: str
    tier: str
    sections: list[SectionView]
    gaps: list[Gap]
    required: int
    entries: Mapping[str, Entry] = dataclasses.field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of the revision shown; 0 when nobody has written on this card."""
        return self.revision.number if self.revision else 0

    @property
    def answered(self) -> int:
        """How many of the required fields are answered."""
        return self.required - len(self.gaps)

    @property
    def percent(self) -> int:
        """The answered share, rounded down so that 100 means complete."""
        return 100 * self.answered // self.required if self.required else 100

    @property
    def fields(self) -> list[FieldView]:
        """Every field, in the card's order."""
        return [item for section in self.sections for item in section.fields]

    def field(self, key: str) -> FieldView:
        """The field with this key; KeyError when the schema has none."""
        return {item.field.key: item for item in self.fields}[key]


def card_of(version: ModelVersion, *, number: int | None = None) -> CardView:
    """The card of a version as it is now, or as revision `number` left it (0: before the first).

    `version` comes with `model__owner` and `model__team__business_unit` loaded.
    """
    revision = latest_revision(version) if number is None else _numbered(version, number)
    source = revision or earlier_revision(version)
    schema = schema_of(revision.schema_version) if revision else schema_of()
    entries = entries_of(version, source, schema)
    pulled = {**pulled_values(version), **comparisons(version)}
    tier = version.model.risk_tier
    gaps = gaps_of(schema, tier, entries, pulled)
    required = required_fields(schema, tier, entries)
    shown = _Shown(entries, pulled, {g.field.key: g for g in gaps}, {f.key for f in required})
    return CardView(
        version=version,
        schema=schema,
        revision=revision,
        taken_over_from=source.version.version if source and not revision else "",
        tier=tier,
        sections=[SectionView(s, [shown.field(f) for f in s.fields]) for s in schema.sections],
        gaps=gaps,
        required=len(required),
        entries=entries,
    )


def field_of(version: ModelVersion, key: str) -> tuple[FieldView, Entry | None]:
    """One field that people may answer, as it stands, without working out the rest of the card."""
    source = latest_revision(version) or earlier_revision(version)
    schema = schema_of()
    entries = entries_of(version, source, schema)
    shown = _Shown(entries, pulled_values(version), {}, set())
    return shown.field(schema.by_key[key]), entries.get(key)


def _numbered(version: ModelVersion, number: int) -> CardRevision | None:
    return CardRevision.objects.get(version=version, number=number) if number else None


def words_of(field: Field, value: Any) -> str:
    """A value in one line of words."""
    if value is None:
        return ""
    if field.type is FieldType.CHOICE:
        return field.label_of(str(value))
    if field.type is FieldType.TABLE:
        return "\n".join(" | ".join(_without_end(row)) for row in rows_of(field, value))
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def rows_of(field: Field, value: Any) -> list[list[str]]:
    """The cells of a table value in the order of the field's columns."""
    if field.type is not FieldType.TABLE or not isinstance(value, list):
        return []
    return [[str(row.get(key, "")) for key, _ in field.columns] for row in value]


def _without_end(row: list[str]) -> list[str]:
    """A row without its last cells that are empty: bars alone say nothing."""
    while row and not row[-1]:
        row = row[:-1]
    return row


def _table(field: Field, rows: list[list[str]]) -> dict[str, list[Any]]:
    kept = [at for at in range(len(field.columns)) if any(row[at] for row in rows)]
    return {
        "columns": [field.columns[at][1] for at in kept],
        "rows": [[row[at] for at in kept] for row in rows],
    }


@dataclass(frozen=True)
class _Shown:
    """What the fields of one card are shown from."""

    entries: Mapping[str, Entry]
    pulled: Mapping[str, Pulled]
    gaps: Mapping[str, Gap]
    required: set[str]

    def field(self, item: Field) -> FieldView:
        entry, pulled = self.entries.get(item.key), self.pulled.get(item.key)
        standing = standing_of(item, entry, is_pulled=pulled is not None)
        now = pulled.value if pulled else None
        facts: dict[str, Any] = {}
        if standing is Standing.PULLED and pulled:
            facts = {"value": now, "origin": f"From {pulled.origin}"}
        elif entry is not None:
            facts = {
                "value": entry.get("value"),
                "origin": _origin(entry),
                "reason": entry.get("reason", ""),
                "by": entry.get("by", ""),
                "at": parse_datetime(entry.get("at", "")),
            }
        return FieldView(
            field=item,
            standing=standing,
            pulled=pulled,
            source_changed=source_changed(entry, now),
            required=item.key in self.required,
            gap=self.gaps.get(item.key),
            **facts,
        )


def _origin(entry: Entry) -> str:
    if entry.get("from_version"):
        return f"Carried over from version {entry['from_version']}, by {entry['by']}"
    said = {
        State.WRITTEN: "Written",
        State.UNKNOWN: "Said to be unknown",
        State.NOT_APPLICABLE: "Said not to apply",
    }
    return f"{said[State(entry['state'])]} by {entry['by']}"
