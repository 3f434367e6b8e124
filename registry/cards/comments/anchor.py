"""What a field said when somebody spoke about it."""

import hashlib
from dataclasses import dataclass

from portal.trail.services import canonical
from registry.cards.entries import Standing
from registry.cards.texts import text_of_value
from registry.cards.view import CardView, FieldView

SHOWN = 2_000
WORDS = {Standing.MISSING: "(no answer)", Standing.UNKNOWN: "(unknown)"}


@dataclass(frozen=True)
class Anchor:
    """A field's text and its digest; both empty where there is no field."""

    text: str = ""
    digest: str = ""


def anchor_of(card: CardView, key: str) -> Anchor:
    """What the field says now; empty for the whole card and for a field that the card lacks."""
    found = next((item for item in card.fields if item.field.key == key), None)
    return _anchor(found) if found else Anchor()


def _anchor(view: FieldView) -> Anchor:
    # Whether a text was pulled, written or taken over makes no other text of it.
    said = WORDS.get(view.standing, "")
    facts = {"value": view.value, "reason": view.reason, "said": said}
    text = said or _text(view)
    return Anchor(text[:SHOWN], hashlib.sha256(canonical(facts).encode()).hexdigest())


def _text(view: FieldView) -> str:
    if view.standing is Standing.NOT_APPLICABLE:
        return f"Not applicable: {view.reason}"
    try:
        return text_of_value(view.field, view.value)
    except (AttributeError, TypeError):  # a value of an older schema's type
        return view.words
