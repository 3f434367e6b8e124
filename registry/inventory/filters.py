"""What a list address asks for: search, facets, order and page, with anything odd left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Lower, NullIf
from django.http import QueryDict

from portal.accounts.models import BusinessUnit, Team, User
from portal.actors import Actor
from registry.inventory.models import Lifecycle, RegisteredModel, RiskTier, Task
from registry.sources.models import Source

NONE = "none"
SEARCH_LENGTH = 200
SEARCH_WORDS = 8
SIZES = (25, 50, 100, 200)
SIZE = 50
Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Facet:
    """One way to narrow the list; `empty` is what a model without a value is called."""

    name: str
    label: str
    column: str
    choices: type[models.TextChoices] | None = None
    empty: str = ""

    def key(self, value: object) -> str:
        """A column's value as it stands in an address."""
        return NONE if value in (None, "") else str(value)

    def condition(self, keys: tuple[str, ...]) -> Q:
        """Models that have one of the values."""
        values = [key for key in keys if key != NONE]
        condition = Q(**{f"{self.column}__in": values})
        if NONE in keys:
            blank = {self.column: ""} if self.choices else {f"{self.column}__isnull": True}
            condition |= Q(**blank)
        return condition


FACETS = (
    Facet("unit", "Business unit", "team__business_unit_id", empty="No business unit"),
    Facet("task", "Task", "task", Task, empty="Unknown task"),
    Facet("tier", "Risk tier", "risk_tier", RiskTier, empty="No tier yet"),
    Facet("lifecycle", "Lifecycle", "lifecycle", Lifecycle),
    Facet("owner", "Owner", "owner_id", empty="No owner"),
    Facet("source", "Source", "source_id"),
)

_CARD = Cast("card_answered", models.FloatField()) / NullIf("card_required", Value(0))
_OWNER = Lower(Coalesce(NullIf("owner__display_name", Value("")), "owner__username"))
# Every order ends with the name and the id, so that two pages never show the same row.
SORTS = {
    "name": Lower("name"),
    "task": NullIf("task", Value("")),
    "team": Lower("team__name"),
    "owner": _OWNER,
    "tier": NullIf("risk_tier", Value("")),
    "lifecycle": F("lifecycle"),
    "versions": F("version_count"),
    "card": _CARD,
    "changed": F("remote_updated_at"),
    "source": Lower("source__name"),
}


@dataclass(frozen=True)
class Criteria:
    """What is asked for, checked; `left_out` says in words what was not understood."""

    search: str = ""
    mine: bool = False
    chosen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = "name"
    size: int = SIZE
    left_out: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.search or self.mine or self.chosen)

    def query(self) -> QueryDict:
        """The shortest address that asks for the same."""
        query = QueryDict(mutable=True)
        if self.search:
            query["q"] = self.search
        if self.mine:
            query["mine"] = "1"
        for name, keys in self.chosen.items():
            query.setlist(name, list(keys))
        if self.sort != "name":
            query["sort"] = self.sort
        if self.size != SIZE:
            query["size"] = str(self.size)
        return query


def labels() -> dict[str, dict[str, str]]:
    """Every value of every facet with its name, in the order in which it is listed: one query."""
    found: dict[str, dict[str, str]] = {facet.name: {} for facet in FACETS}
    name = Coalesce(NullIf("display_name", Value("")), "username")
    owned = RegisteredModel.objects.filter(owner__isnull=False)
    owners = User.objects.filter(pk__in=owned.values("owner_id"))
    rows = (
        _labelled(BusinessUnit.objects.order_by(), "unit", F("name"))
        .union(_labelled(owners.order_by(), "owner", name))
        .union(_labelled(Source.objects.order_by(), "source", F("name")))
    )
    for kind, key, label in sorted(rows, key=lambda row: (row[0], row[2].lower())):
        found[kind][str(key)] = label
    for facet in FACETS:
        if facet.choices:
            found[facet.name] = {c.value: c.label for c in facet.choices if c.value}
        if facet.empty:
            found[facet.name][NONE] = facet.empty
    return found


def _labelled(rows: QuerySet, kind: str, label: models.Expression) -> QuerySet:
    named = rows.annotate(_kind=Value(kind), _label=Cast(label, models.TextField()))
    return named.values_list("_kind", "id", "_label")


def read(
    params: QueryDict,
    known: Labels,
    facets: Sequence[Facet] = FACETS,
    sorts: Mapping[str, Any] = SORTS,
) -> Criteria:
    """The criteria in an address; what is not known is left out, and said."""
    left_out: list[str] = []
    chosen = {}
    for facet in facets:
        asked = dict.fromkeys(key for key in params.getlist(facet.name) if key)
        kept = tuple(key for key in asked if key in known[facet.name])
        for key in asked:
            if key not in kept:
                left_out.append(f"There is no {facet.label.lower()} “{key[:40]}”.")
        if kept:
            chosen[facet.name] = kept
    search = " ".join(params.get("q", "").split())
    if len(search) > SEARCH_LENGTH:
        search = search[:SEARCH_LENGTH].rstrip()
        left_out.append(f"A search has at most {SEARCH_LENGTH} characters; the rest was left out.")
    sort = params.get("sort", "") or "name"
    if sort.removeprefix("-") not in sorts:
        left_out.append(f"The list cannot be sorted by “{sort[:40]}”.")
        sort = "name"
    return Criteria(
        search=search,
        mine=params.get("mine") == "1",
        chosen=chosen,
        sort=sort,
        size=next((size for size in SIZES if params.get("size") == str(size)), SIZE),
        left_out=tuple(left_out),
    )


def searched(
    rows: QuerySet[RegisteredModel], criteria: Criteria, actor: Actor
) -> QuerySet[RegisteredModel]:
    """The models that the search finds, before any facet narrows them."""
    for word in criteria.search.lower().split()[:SEARCH_WORDS]:
        people = User.objects.filter(Q(display_name__icontains=word) | Q(username__icontains=word))
        teams = Team.objects.filter(
            Q(name__icontains=word) | Q(business_unit__name__icontains=word)
        )
        rows = rows.filter(
            Q(search_text__contains=word)
            | Q(owner_id__in=people.values("id"))
            | Q(team_id__in=teams.order_by().values("id"))
        )
    return rows.filter(mine(actor)) if criteria.mine else rows


def mine(actor: Actor) -> Q:
    """Models of the actor's teams and business units, and those the actor owns."""
    teams = {grant.team_id for grant in actor.grants if grant.team_id}
    units = {grant.business_unit_id for grant in actor.grants if grant.business_unit_id}
    condition = Q(team_id__in=teams) | Q(owner_id=actor.user_id or 0)
    return condition | Q(team__business_unit_id__in=units) if units else condition


def narrowed(
    rows: QuerySet[RegisteredModel], criteria: Criteria, facets: Sequence[Facet] = FACETS
) -> QuerySet[RegisteredModel]:
    """The models that every chosen facet lets through."""
    for facet in facets:
        if facet.name in criteria.chosen:
            rows = rows.filter(facet.condition(criteria.chosen[facet.name]))
    return rows


def ordered(
    rows: QuerySet[RegisteredModel], sort: str, sorts: Mapping[str, Any] = SORTS
) -> QuerySet[RegisteredModel]:
    """The models in a wanted order; those without a value come last either way."""
    key = sorts[sort.removeprefix("-")]
    order = key.desc(nulls_last=True) if sort.startswith("-") else key.asc(nulls_last=True)
    if sort == "name":  # exactly the index's order
        return rows.order_by(Lower("name"), "id")
    return rows.order_by(order, Lower("name"), "id")
