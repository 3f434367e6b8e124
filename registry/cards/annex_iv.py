"""The card in the order of the EU AI Act's Annex IV: where each answer belongs, what is missing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string

from registry.cards.attachments.models import CardAttachment
from registry.cards.notes import Beside, beside_of
from registry.cards.revisions import digest_matches
from registry.cards.view import CardView, FieldView

POINTS = (
    ("1", "General description of the AI system"),
    ("2", "Elements of the AI system and the process of its development"),
    ("3", "Monitoring, functioning and control"),
    ("4", "Appropriateness of the performance metrics"),
    ("5", "Risk management system"),
    ("6", "Relevant changes through the life cycle"),
    ("7", "Harmonised standards applied, or other solutions"),
    ("8", "EU declaration of conformity"),
    ("9", "System to evaluate performance after placing on the market"),
)
PLACE = re.compile(r"(\d+)(?:\((\w)\))?")


@dataclass(frozen=True)
class Placed:
    """A field under a point, with the letters of the point that it speaks to."""

    letters: str
    item: FieldView
    files: Sequence[CardAttachment] = ()


@dataclass(frozen=True)
class Point:
    """One of the nine points: what the card says to it and what it does not say."""

    number: str
    title: str
    said: list[Placed]
    gaps: list[Placed]


def points_of(card: CardView, beside: Beside | None = None) -> list[Point]:
    """The nine points in order, each with the card's fields that the schema places there."""
    files = beside.files if beside else {}
    placed: dict[str, list[Placed]] = {number: [] for number, _ in POINTS}
    for item in card.fields:
        for number, letters in _places(item.field.maps.get("annex_iv", "")).items():
            placed[number].append(Placed(letters, item, files.get(item.field.key, [])))
    return [
        Point(
            number,
            title,
            [p for p in sorted(placed[number], key=_letter) if _is_said(p.item)],
            [p for p in sorted(placed[number], key=_letter) if not _is_said(p.item)],
        )
        for number, title in POINTS
    ]


def outline(card: CardView) -> str:
    """The outline as one HTML file that needs nothing beside it and runs nothing."""
    matches = digest_matches(card.revision) if card.revision else None
    beside = beside_of(card)
    context = {
        "card": card,
        "points": points_of(card, beside),
        "digest_matches": matches,
        "beside": beside,
        "whole": beside.files.get("", []),
    }
    return render_to_string("cards/annex_iv.html", context)


def _places(mapping: str) -> dict[str, str]:
    """`2(g), 3` as each point's letters; a point named without a letter has an empty text."""
    found: dict[str, list[str]] = {}
    for number, letter in PLACE.findall(mapping):
        found.setdefault(number, []).append(letter)
    return {number: ", ".join(filter(None, letters)) for number, letters in found.items()}


def _letter(placed: Placed) -> str:
    return placed.letters


def _is_said(item: FieldView) -> bool:
    return item.standing not in ("missing", "unknown")
