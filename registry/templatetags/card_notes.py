"""Files and comments beside a card's fields: one line in the template of whoever shows a field."""

from collections.abc import Mapping
from typing import Any

from django import template

from registry.cards.claims import Evidence
from registry.cards.notes import CardNotes
from registry.cards.schema import Section
from registry.cards.view import FieldView

register = template.Library()


@register.inclusion_tag("cards/_field_notes.html")
def field_notes(
    notes: CardNotes | None, key: str, label: str, swap: bool = False
) -> dict[str, Any]:
    """The field's current files and the way to its comments; nothing without `notes`."""
    if not notes:
        return {}
    return {
        "notes": notes.of(key),
        "version": notes.version,
        "may_attach": notes.may_attach,
        "may_comment": notes.may_comment,
        "label": label,
        "swap": swap,
    }


@register.inclusion_tag("cards/_evidence.html")
def evidence(claims: Mapping[str, Evidence] | None, key: str) -> dict[str, Evidence | None]:
    """Where a field's value can be checked; nothing for a value that a person alone gave."""
    return {"evidence": (claims or {}).get(key)}


@register.filter
def open_in(notes: CardNotes | None, section: Section) -> int:
    """How many open comments a section has."""
    return notes.open_in(section) if notes else 0


@register.filter
def noted(fields: list[FieldView], notes: CardNotes | None) -> list[FieldView]:
    """The fields that have files or comments."""
    if not notes:
        return []
    keys = {*notes.files, *notes.threads}
    return [item for item in fields if item.field.key in keys]
