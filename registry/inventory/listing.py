"""The inventory as one page of it shows it: rows, counts, and what narrows them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import QueryDict

from portal.actors import Actor
from registry.inventory import filters
from registry.inventory.filters import FACETS, Criteria, Facet, Labels
from registry.inventory.models import RegisteredModel
from registry.inventory.queries import visible_models

UNLISTED = ("tags", "aliases", "search_text", "fingerprint", "tier_reason", "card_gaps")


@dataclass(frozen=True)
class Option:
    """One value of a facet, and how many models it would show."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class FacetView:
    """One facet as it is drawn."""

    name: str
    label: str
    options: list[Option]

    @property
    def chosen(self) -> int:
        """How many of its values are chosen."""
        return sum(option.chosen for option in self.options)


@dataclass(frozen=True)
class Chip:
    """One thing that narrows the list, and the address without it."""

    label: str
    value: str
    url: str


class CountedPaginator(Paginator):
    """A paginator that is told how many rows there are."""

    def __init__(self, rows: Any, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count


class Listing:
    """Reads an address for an actor. Three queries whatever the number of models."""

    known_facets: tuple[Facet, ...] = FACETS  # what an address may choose by
    counted_facets: tuple[Facet, ...] = FACETS  # those whose values are counted together
    sorts: Mapping[str, Any] = filters.SORTS

    def __init__(self, actor: Actor, params: QueryDict) -> None:
        self.actor = actor
        self.params = params
        self.labels: Labels = self._labels()
        self.criteria: Criteria = filters.read(params, self.labels, self.known_facets, self.sorts)
        self.query = self.criteria.query()

    def _labels(self) -> Labels:
        return filters.labels()

    def _listed(self) -> QuerySet[RegisteredModel]:
        return visible_models(self.actor)

    @cached_property
    def _searched(self) -> QuerySet[RegisteredModel]:
        return filters.searched(self._listed(), self.criteria, self.actor)

    @property
    def rows(self) -> QuerySet[RegisteredModel]:
        """Every model that matches, in order, with what a row shows."""
        rows = filters.narrowed(self._searched, self.criteria, self.counted_facets)
        rows = filters.ordered(rows, self.criteria.sort, self.sorts)
        return rows.select_related("owner", "team__business_unit", "source").defer(*UNLISTED)

    @cached_property
    def _counts(self) -> tuple[int, dict[str, Counter[str]]]:
        """How many match, and each facet's counts, from one pass over the value combinations.

        A facet's own choice must not count against its other values: a combination that fails in
        one facet alone is what that facet would add.
        """
        counted = self.counted_facets
        chosen = [self.criteria.chosen.get(facet.name) for facet in counted]
        counts = [Counter[str]() for _ in counted]
        total = 0
        columns = [facet.column for facet in counted]
        for *values, models in (
            self._searched.order_by().values_list(*columns).annotate(models=Count("id"))
        ):
            keys = [facet.key(value) for facet, value in zip(counted, values, strict=True)]
            failed = [i for i, keep in enumerate(chosen) if keep and keys[i] not in keep]
            if not failed:
                total += models
            for i in range(len(counted)):
                if not failed or failed == [i]:
                    counts[i][keys[i]] += models
        return total, {facet.name: count for facet, count in zip(counted, counts, strict=True)}

    @property
    def has_own(self) -> bool:
        """Whether this person has a team or unit whose models can be asked for."""
        return any(grant.team_id or grant.business_unit_id for grant in self.actor.grants)

    @property
    def total(self) -> int:
        """How many models match."""
        return self._counts[0]

    @cached_property
    def facets(self) -> list[FacetView]:
        """Every facet with its values and their counts."""
        return [FacetView(f.name, f.label, self._options(f)) for f in self.counted_facets]

    def _options(self, facet: Facet) -> list[Option]:
        counts = self._counts[1][facet.name]
        chosen = self.criteria.chosen.get(facet.name, ())
        return [
            Option(key, label, counts[key], key in chosen)
            for key, label in self.labels[facet.name].items()
        ]

    @cached_property
    def page(self) -> Page[RegisteredModel]:
        """The asked page, or the nearest there is."""
        pages = CountedPaginator(self.rows, self.criteria.size, count=self.total)
        return pages.get_page(self.params.get("page"))

    @property
    def chips(self) -> list[Chip]:
        """Everything that narrows the list, each with the way back."""
        chips = []
        if self.criteria.search:
            chips.append(Chip("Search", self.criteria.search, self._without("q")))
        if self.criteria.mine:
            chips.append(Chip("", "My team's models", self._without("mine")))
        for facet in self.known_facets:
            for key in self.criteria.chosen.get(facet.name, ()):
                label = self.labels[facet.name][key]
                chips.append(Chip(facet.label, label, self._without(facet.name, key)))
        return chips

    @property
    def unfiltered(self) -> str:
        """The address that shows everything in the same order."""
        query = self.query.copy()
        for name in ("q", "mine", *(facet.name for facet in self.known_facets)):
            query.pop(name, None)
        return f"?{query.urlencode()}"

    @property
    def sizes(self) -> list[tuple[int, str]]:
        """How many rows a page may have, with the address of each."""
        choices = []
        for size in filters.SIZES:
            query = self.query.copy()
            query["size"] = str(size)
            choices.append((size, f"?{query.urlencode()}"))
        return choices

    @property
    def address(self) -> str:
        """The query string of this page, as people share it."""
        query = self.query.copy()
        if self.page.number > 1:
            query["page"] = str(self.page.number)
        return query.urlencode()

    def _without(self, name: str, key: str | None = None) -> str:
        query = self.query.copy()
        rest = [value for value in query.getlist(name) if key is not None and value != key]
        if rest:
            query.setlist(name, rest)
        else:
            query.pop(name)
        return f"?{query.urlencode()}"
