"""What a tier asks for and a card does not answer yet, by name."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.dateparse import parse_date

from registry.cards.answers import State
from registry.cards.entries import ANSWERED, Entry, Standing, entries_of, standing_of
from registry.cards.models import CardRevision
from registry.cards.pulled import pulled_keys
from registry.cards.schema import Field, Schema, schema_of
from registry.inventory.models import ModelVersion, RiskTier

# A model that nobody has put in a tier is asked what every tier asks.
WITHOUT_TIER = "T4"
CONTACT, REVIEW = "contact", "expiry"
MISSING, UNKNOWN = "missing", "unknown"


@dataclass(frozen=True)
class Gap:
    """One required field without an answer, and why it is required."""

    field: Field
    why: str
    said_unknown: bool = False

    @property
    def why_inside(self) -> str:
        """The reason as part of a sentence."""
        return self.why[:1].lower() + self.why[1:]


def required_fields(schema: Schema, tier: str, entries: Mapping[str, Entry]) -> list[Field]:
    """The fields that `tier` asks somebody to answer, given what the card says elsewhere."""
    answers = {
        key: entry["value"] for key, entry in entries.items() if entry["state"] == State.WRITTEN
    }
    asked = tier or WITHOUT_TIER
    return [field for field in schema if field.counted and field.required_at(asked, answers)]


def gaps_of(
    schema: Schema, tier: str, entries: Mapping[str, Entry], pulled: Collection[str]
) -> list[Gap]:
    """The required fields that are missing or said to be unknown, in the card's order."""
    found = []
    for field in required_fields(schema, tier, entries):
        standing = standing_of(field, entries.get(field.key), is_pulled=field.key in pulled)
        if standing not in ANSWERED:
            found.append(Gap(field, why_required(field, tier), standing is Standing.UNKNOWN))
    return found


@dataclass(frozen=True)
class CardFacts:
    """What the lists show of a version's card; `gaps` says of each missing field in what way."""

    required: int = 0
    gaps: Mapping[str, str] = dataclasses.field(default_factory=dict)
    contact: str = ""
    review_on: date | None = None

    @property
    def answered(self) -> int:
        """How many of the required fields are answered."""
        return self.required - len(self.gaps)


def card_facts(version: ModelVersion, revision: CardRevision | None, *, tier: str) -> CardFacts:
    """What the tier requires of a card and what of it is missing; asks no query.

    `revision` is the newest of this version, or of the nearest earlier version that has one
    (`registry.cards.queries.standing_revisions`), with its `version` loaded; `version` has its
    `model` loaded.
    """
    own = revision is not None and revision.version_id == version.pk
    schema = schema_of(revision.schema_version) if own and revision else schema_of()
    entries = entries_of(version, revision, schema)
    required = required_fields(schema, tier, entries)
    gaps = gaps_of(schema, tier, entries, pulled_keys(version))
    return CardFacts(
        required=len(required),
        gaps={gap.field.key: UNKNOWN if gap.said_unknown else MISSING for gap in gaps},
        contact=_written(entries, CONTACT),
        review_on=parse_date(_written(entries, REVIEW)),
    )


def why_required(item: Field, tier: str) -> str:
    """Why `tier` asks for an answer in this field, as a sentence without its stop."""
    asked = tier or WITHOUT_TIER
    if not (item.need and asked <= item.need):
        return "Required because personal data is used"
    if item.need == "T4":
        return "Required at every tier"
    return f"Required at {RiskTier(asked).label}"


def _written(entries: Mapping[str, Entry], key: str) -> str:
    entry = entries.get(key)
    return str(entry["value"]) if entry and entry["state"] == State.WRITTEN else ""
