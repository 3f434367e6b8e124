"""One page of the list of cards: who answers for each, what it misses, when it is reviewed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Func, QuerySet
from django.urls import reverse

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.gaps import UNKNOWN, why_required
from registry.cards.many import filters
from registry.cards.many.filters import CARD_SORTS, COUNTED, GAP, KNOWN, Review
from registry.cards.places import place_of
from registry.cards.schema import Field
from registry.inventory.filters import labels, narrowed
from registry.inventory.listing import FacetView, Listing, Option
from registry.inventory.models import RegisteredModel

SHOWN = 5
UNREAD = ("tags", "aliases", "search_text", "fingerprint", "tier_reason", "description")


@dataclass(frozen=True)
class NamedGap:
    """One missing answer of one card, and where it is given."""

    field: Field
    why: str
    said_unknown: bool
    url: str


@dataclass(frozen=True)
class CardRow:
    """One model's card in the list: that of its newest version, with its first gaps."""

    model: RegisteredModel
    gaps: list[NamedGap]
    may_change: bool

    @property
    def percent(self) -> int:
        """The answered share, rounded down so that 100 means complete."""
        required = self.model.card_required
        return 100 * self.model.card_answered // required if required else 100

    @property
    def other_gaps(self) -> int:
        """How many more there are; the card itself names all of them."""
        return max(len(self.model.card_gaps) - SHOWN, 0)

    @property
    def review_on(self) -> date | None:
        """The day by which the version is to be reviewed or replaced."""
        return self.model.card_review_on

    @property
    def review(self) -> str:
        """How near that day is, as a badge."""
        return filters.review_of(self.review_on).label

    @property
    def review_is_near(self) -> bool:
        """Whether the day has come or comes soon."""
        return filters.review_of(self.review_on) in (Review.OVERDUE, Review.SOON)

    @property
    def url(self) -> str:
        """The card."""
        return reverse("card_detail", args=[self.model.pk, self.model.latest_version])


class CardListing(Listing):
    """Reads an address for an actor. Four queries whatever the number of models."""

    known_facets = KNOWN
    counted_facets = COUNTED
    sorts = CARD_SORTS

    def _labels(self) -> dict[str, dict[str, str]]:
        found = labels()
        for facet in (filters.STATE, filters.REVIEW):
            if facet.choices:
                found[facet.name] = {choice.value: choice.label for choice in facet.choices}
        found[GAP.name] = {key: field.label for key, field in filters.gap_fields().items()}
        return found

    def _listed(self) -> QuerySet[RegisteredModel]:
        return filters.with_cards(super()._listed())

    @cached_property
    def _searched(self) -> QuerySet[RegisteredModel]:
        return narrowed(super()._searched, self.criteria, (GAP,))

    @property
    def rows(self) -> QuerySet[RegisteredModel]:
        """Every model that matches, in order, with what a row shows."""
        return super().rows.defer(None).defer(*UNREAD)

    @cached_property
    def facets(self) -> list[FacetView]:
        """Every facet with its values and their counts; the missing answers most frequent first."""
        return [self._gap_facet, *super().facets]

    @cached_property
    def _gap_facet(self) -> FacetView:
        counts = self.gap_counts
        chosen = self.criteria.chosen.get(GAP.name, ())
        keys = [*counts, *(key for key in chosen if key not in counts)]
        names = self.labels[GAP.name]
        options = [Option(k, names.get(k, k), counts.get(k, 0), k in chosen) for k in keys]
        return FacetView(GAP.name, GAP.label, options)

    @cached_property
    def gap_counts(self) -> dict[str, int]:
        """How many of the cards shown miss each answer, most frequent first; one query."""
        key = Func(F("card_gaps"), function="jsonb_object_keys")
        key.set_returning = True
        rows = narrowed(self._searched, self.criteria, COUNTED).order_by()
        counted = rows.annotate(gap_key=key).values("gap_key").annotate(cards=Count("id"))
        found = counted.values_list("gap_key", "cards")
        return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))

    @cached_property
    def cards(self) -> list[CardRow]:
        """The rows of this page."""
        return [card_row(self.actor, model) for model in self.page]

    @property
    def may_change(self) -> bool:
        """Whether any card of this page can be changed from here."""
        return any(card.may_change for card in self.cards)


def card_row(actor: Actor, model: RegisteredModel) -> CardRow:
    """The row of one model, which has its `owner` and `team__business_unit` loaded; no query."""
    edits = allowed(actor, "card.edit", model)
    return CardRow(
        model=model,
        gaps=named_gaps(model, may_edit=edits, most=SHOWN),
        may_change=edits or allowed(actor, "model.assign", model),
    )


def named_gaps(
    model: RegisteredModel, *, may_edit: bool, most: int | None = None
) -> list[NamedGap]:
    """What the card misses, in the order of the questions, each with its place; `most` of them."""
    missing: Mapping[str, Any] = model.card_gaps
    keys = [key for key in filters.gap_fields() if key in missing]
    return [_named(model, key, may_edit=may_edit) for key in keys[:most]]


def _named(model: RegisteredModel, key: str, *, may_edit: bool) -> NamedGap:
    field = filters.gap_fields()[key]
    return NamedGap(
        field=field,
        why=why_required(field, model.risk_tier),
        said_unknown=model.card_gaps[key] == UNKNOWN,
        url=place_of(model.pk, model.latest_version, field, may_edit=may_edit),
    )
