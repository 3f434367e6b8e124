"""What narrows and orders the list of cards, beside what narrows the list of models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from portal.choices import Toned
from registry.cards.schema import Field, published
from registry.inventory.filters import FACETS, SORTS, Facet
from registry.inventory.models import RegisteredModel

SOON = timedelta(days=30)


class CardState(models.TextChoices):
    """Whether the tier's questions are answered."""

    GAPS = "gaps", Toned("Answers missing", "orange")
    COMPLETE = "complete", Toned("Complete for its tier", "green")


class Review(models.TextChoices):
    """How near the day is by which a version is to be reviewed or replaced."""

    OVERDUE = "overdue", Toned("Overdue", "red", "alert-triangle")
    SOON = "soon", Toned("Within 30 days", "orange", "clock")
    LATER = "later", Toned("Later", "green", "calendar")
    UNDATED = "undated", Toned("No date", "grey", "circle-dashed")


@dataclass(frozen=True)
class GapFacet(Facet):
    """Cards that miss the answer to one of the questions chosen."""

    def condition(self, keys: tuple[str, ...]) -> Q:
        """Models whose card misses any of them."""
        return Q(card_gaps__has_any_keys=list(keys))


GAP = GapFacet("gap", "Missing answer", "card_gaps")
STATE = Facet("state", "Card", "card_state", CardState)
REVIEW = Facet("review", "Review", "review_state", Review)
INVENTORY = tuple(f for f in FACETS if f.name in ("unit", "tier", "lifecycle", "owner"))
COUNTED = (STATE, REVIEW, *INVENTORY)
KNOWN = (*COUNTED, GAP)
CARD_SORTS: Mapping[str, Any] = {
    **{name: SORTS[name] for name in ("name", "owner", "tier", "card", "team")},
    "missing": F("card_required") - F("card_answered"),
    "review": F("card_review_on"),
}


def with_cards(rows: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    """The models at their source that have a version, and so a card, with its two states."""
    today = timezone.localdate()
    return rows.filter(gone_at__isnull=True).exclude(latest_version="").annotate(
        card_state=Case(
            When(card_answered__lt=F("card_required"), then=Value(CardState.GAPS.value)),
            default=Value(CardState.COMPLETE.value),
        ),
        review_state=Case(
            When(card_review_on__isnull=True, then=Value(Review.UNDATED.value)),
            When(card_review_on__lt=today, then=Value(Review.OVERDUE.value)),
            When(card_review_on__lte=today + SOON, then=Value(Review.SOON.value)),
            default=Value(Review.LATER.value),
        ),
    )  # fmt: skip


def review_of(day: date | None) -> Review:
    """The same as `review_state`, for a day at hand."""
    today = timezone.localdate()
    if day is None:
        return Review.UNDATED
    if day < today:
        return Review.OVERDUE
    return Review.SOON if day <= today + SOON else Review.LATER


@cache
def gap_fields() -> dict[str, Field]:
    """Every question that a card may miss, of any published schema, newest schema first."""
    found: dict[str, Field] = {}
    for schema in published():
        for field in schema:
            if field.counted:
                found.setdefault(field.key, field)
    return found
