"""What importing a document would change on a card, before anything is changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.trail.services import canonical
from registry.cards import answers
from registry.cards.answers import Answer, BadAnswer, State
from registry.cards.entries import Standing
from registry.cards.exchange.documents import SHOWN, Base, Reading, Unplaced
from registry.cards.exchange.wording import answers_of, with_plain_ends
from registry.cards.gaps import Gap, gaps_of
from registry.cards.models import CardRevision
from registry.cards.schema import Field, FieldType
from registry.cards.view import CardView, FieldView, card_of, words_of


@dataclass(frozen=True)
class Change:
    """One field that the document answers differently; a conflict if somebody else did, too."""

    field: Field
    before: str
    after: str
    answer: Answer
    place: str
    effect: str
    conflict: bool = False


@dataclass(frozen=True)
class Fault:
    """One answer of the document that its field does not take."""

    field: Field
    place: str
    detail: str


@dataclass(frozen=True)
class Plan:
    """What an import would do; `kept` are fields that others changed after the export."""

    card: CardView
    changes: list[Change]
    faults: list[Fault]
    kept: list[Field]
    unplaced: list[Unplaced]
    warnings: list[str]
    gaps: list[Gap]
    same: int = 0

    @property
    def conflicts(self) -> list[Change]:
        """The changes over which somebody has to decide."""
        return [change for change in self.changes if change.conflict]

    @property
    def digest(self) -> str:
        """What somebody agrees to: equal as long as the import would do the same to each field."""
        facts = [
            [c.field.key, c.before, c.answer.state, c.answer.value, c.answer.reason, c.conflict]
            for c in self.changes
        ]
        return hashlib.sha256(canonical({"changes": facts}).encode()).hexdigest()


def plan_of(card: CardView, reading: Reading) -> Plan:
    """Compare a document with the card as it is now, and with the one it was written from."""
    now = answers_of(card)
    base_card = _base_card(card, reading.base)
    base = answers_of(base_card) if base_card else now
    found = Plan(card, [], [], [], list(reading.unplaced), list(reading.warnings), [])
    same = 0
    for key, answer in reading.answers.items():
        field = card.schema.by_key.get(key)
        if field is None:
            why = f"Card schema {card.schema.version} has no such field."
            found.unplaced.append(Unplaced(reading.places[key], str(answer.value)[:SHOWN], why))
        elif alike(field, answer, now.get(key)):
            same += 1
        elif why := _why_not(field, is_sourced=key in reading.sourced):
            text = f"{field.label}: {_words(field, answer)}"
            found.unplaced.append(Unplaced(reading.places[key], text, why))
        elif base_card and alike(field, answer, base.get(key)):
            found.kept.append(field)
        else:
            differs = not alike(field, base.get(key), now.get(key))
            _add(found, card.field(key), answer, reading.places[key], conflict=differs)
    found.warnings.extend(_warnings(card, reading.base, base_card))
    return Plan(
        card, found.changes, found.faults, found.kept, found.unplaced, found.warnings,
        _gaps_after(card, found.changes), same,
    )  # fmt: skip


def _why_not(field: Field, *, is_sourced: bool) -> str:
    """Why an import does not answer this field, if it does not."""
    if not field.editable:
        return f"Nobody writes this on the card. {field.help}"
    if is_sourced:
        return "The document had this from its source; this card reads its own source."
    return ""


def _add(plan: Plan, view: FieldView, answer: Answer, place: str, *, conflict: bool) -> None:
    field = view.field
    try:
        checked = answers.checked(field, answer)
    except BadAnswer as error:
        plan.faults.append(Fault(field, place, str(error)))
        return
    before = "" if view.standing is Standing.MISSING else _words(field, _said(view))
    after = _words(field, checked)
    plan.changes.append(Change(field, before, after, checked, place, _effect(view), conflict))


def _said(view: FieldView) -> Answer:
    if view.standing is Standing.UNKNOWN:
        return Answer(State.UNKNOWN)
    if view.standing is Standing.NOT_APPLICABLE:
        return Answer(State.NOT_APPLICABLE, reason=view.reason)
    return Answer(State.WRITTEN, view.value)


def _effect(view: FieldView) -> str:
    if view.standing is Standing.MISSING:
        return "New answer"
    if view.standing is Standing.PULLED:
        return "Over what the source says"
    if view.standing is Standing.INHERITED or not view.by:
        return "Over what was carried over"
    return f"Over {view.by}'s answer"


def _words(field: Field, answer: Answer) -> str:
    """An answer in words; a document may hold anything, also what the field does not take."""
    if answer.state is State.UNKNOWN:
        return "Unknown"
    if answer.state is State.NOT_APPLICABLE:
        return f"Not applicable: {answer.reason}"
    is_odd = field.type is FieldType.TABLE and not _is_rows(answer.value)
    return str(answer.value) if is_odd else words_of(field, answer.value)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) for row in value)


def _base_card(card: CardView, base: Base | None) -> CardView | None:
    """The card that the document was exported from, if it is this one and has that digest."""
    version = card.version
    if base is None or (base.model, base.version) != (version.model.name, version.version):
        return None
    digest = card.revision.digest if card.revision else ""
    if (base.revision, base.digest) == (card.number, digest):
        return card
    if base.revision == 0 and not base.digest:
        return card_of(version, number=0)
    known = CardRevision.objects.filter(version=version, number=base.revision, digest=base.digest)
    return card_of(version, number=base.revision) if known.exists() else None


def _warnings(card: CardView, base: Base | None, found: CardView | None) -> list[str]:
    if base is None or found is not None:
        return []
    version = card.version
    if (base.model, base.version) != (version.model.name, version.version):
        return [
            f"The document is about {base.model}, version {base.version}; this is the card of "
            f"{version.model.name}, version {version.version}."
        ]
    return [
        f"The document says it was written from revision {base.revision}, which this card does not "
        "have; it is compared with the card as it is now."
    ]


def _gaps_after(card: CardView, changes: list[Change]) -> list[Gap]:
    """What the card would still miss."""
    entries: dict[str, Any] = dict(card.entries)
    for change in changes:
        entries[change.field.key] = {"state": change.answer.state, "value": change.answer.value}
    pulled = [view.field.key for view in card.fields if view.pulled]
    return gaps_of(card.schema, card.tier, entries, pulled)


def alike(field: Field, one: Answer | None, other: Answer | None) -> bool:
    """Whether two answers say the same, whatever the line ends and the spaces around cells."""
    if one is None or other is None:
        return one is other
    if one.state is not other.state or _ends(one.reason) != _ends(other.reason):
        return False
    return bool(_bare(field, one.value) == _bare(field, other.value))


def _ends(value: Any) -> Any:
    return with_plain_ends(value) if isinstance(value, str) else value


def _bare(field: Field, value: Any) -> Any:
    if field.type is FieldType.TABLE and isinstance(value, list):
        return [
            [str(row.get(key, "")).strip() for key, _ in field.columns]
            if isinstance(row, Mapping) and set(row) <= dict(field.columns).keys()
            else row
            for row in value
        ]
    return _ends(value)
