"""What serves where, as its page shows it."""

from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.http import QueryDict

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.deployments.models import Deployment, Environment
from registry.deployments.queries import visible_deployments

STATES = {"live": "Serving now", "ended": "Ended", "all": "All"}
KINDS = {"": "All", "registered": "Registered", "shadow": "Shadow models"}
PAGE = 50


@dataclass(frozen=True)
class Row:
    """One deployment, and whether this person may change its record."""

    deployment: Deployment
    may_record: bool


class DeploymentListing:
    """Reads an address; values that are not known count as not given."""

    def __init__(self, actor: Actor, params: QueryDict) -> None:
        self.actor = actor
        self.params = params
        self.state = params.get("state", "") if params.get("state") in STATES else "live"
        self.kind = params.get("kind", "") if params.get("kind") in KINDS else ""
        wanted = params.get("environment", "")
        self.environment = wanted if wanted in Environment.values else ""
        self.search = " ".join(params.get("q", "").split())[:200]
        self.may_record = allowed(actor, "deployment.record")
        self.states = STATES
        self.kinds = KINDS
        self.environments = Environment.choices

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.search or self.kind or self.environment or self.state != "live")

    @property
    def _rows(self) -> QuerySet[Deployment]:
        rows = visible_deployments(self.actor)
        if self.state != "all":
            rows = rows.filter(ended_at__isnull=self.state == "live")
        if self.kind:
            rows = rows.filter(version__isnull=self.kind == "shadow")
        if self.environment:
            rows = rows.filter(environment=self.environment)
        for word in self.search.split()[:8]:
            rows = rows.filter(
                Q(name__icontains=word)
                | Q(served_ref__icontains=word)
                | Q(purpose__icontains=word)
                | Q(version__model__name__icontains=word)
                | Q(team__name__icontains=word)
            )
        return rows

    @cached_property
    def page(self) -> Page[Deployment]:
        """The asked page; what serves without a version comes first."""
        rows = self._rows.select_related("version__model", "team__business_unit")
        rows = rows.defer(
            "version__params", "version__metrics", "version__signature", "version__datasets"
        )
        shadow = ExpressionWrapper(Q(version=None), BooleanField())
        order = (F("ended_at").desc(nulls_first=True), shadow.desc(), "environment", "name", "id")
        return Paginator(rows.order_by(*order), PAGE).get_page(self.params.get("page"))

    def rows(self) -> list[Row]:
        """The deployments of this page."""
        return [Row(d, allowed(self.actor, "deployment.record", d)) for d in self.page]

    @cached_property
    def shadows(self) -> list[Deployment]:
        """Everything that serves now and is not in the inventory."""
        rows = visible_deployments(self.actor).filter(version=None, ended_at=None)
        return list(rows.select_related("team"))
