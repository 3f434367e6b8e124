"""One model as its page shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict

from portal.accounts.permissions import allowed
from portal.actors import Actor
from portal.trail.models import TrailEvent
from portal.trail.queries import events_of
from registry.deployments.models import Deployment
from registry.deployments.queries import visible_deployments
from registry.inventory import charts, links, metrics
from registry.inventory.hints import Hint, hints
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.queries import visible_versions

PAGE = 25
CHARTED = 200
CHOOSABLE = 60
HISTORY = 12
HEAVY = ("params", "signature", "datasets", "run_tags", "flavors")


@dataclass(frozen=True)
class Row:
    """One version beside the others, its metrics against the champion's."""

    version: ModelVersion
    measures: list[metrics.Measure]
    champion: bool
    challenger: bool


class ModelPage:
    """Reads a model's versions, deployments and hints once, as the template asks for them."""

    def __init__(self, actor: Actor, model: RegisteredModel, params: QueryDict) -> None:
        self.actor = actor
        self.model = model
        self.params = params
        self.may_assign = allowed(actor, "model.assign", model)
        self.may_tier = allowed(actor, "tier.assess", model)
        self.source_link = links.model_link(model)

    @property
    def _versions(self) -> QuerySet[ModelVersion]:
        return visible_versions(self.actor).filter(model=self.model).order_by("-ordinal")

    @cached_property
    def charted(self) -> list[ModelVersion]:
        """The newest versions, with what the chart and the choice of metrics need."""
        shown = ("model_id", "version", "metrics", "gone_at", "detail_state", "detail_error")
        return list(self._versions.only(*shown)[:CHARTED])

    @cached_property
    def page(self) -> Page[ModelVersion]:
        """The asked page of versions."""
        pages = Paginator(self._versions.defer(*HEAVY), PAGE)
        return pages.get_page(self.params.get("page"))

    @property
    def hidden(self) -> int:
        """How many older versions the chart leaves out."""
        return max(0, self.page.paginator.count - CHARTED)

    @cached_property
    def metric_names(self) -> list[str]:
        """Every metric of the charted versions, the most widely logged first."""
        return metrics.names(version.metrics for version in self.charted)[:CHOOSABLE]

    @cached_property
    def columns(self) -> list[str]:
        """The metrics shown beside each version: those asked for, else the first few."""
        asked = set(self.params.getlist("show"))
        wanted = [name for name in self.metric_names if name in asked]
        return wanted or self.metric_names[: metrics.SHOWN]

    @cached_property
    def metric(self) -> str:
        """The metric of the chart."""
        asked = self.params.get("metric", "")
        if asked in self.metric_names:
            return asked
        return self.columns[0] if self.columns else ""

    @cached_property
    def champion(self) -> ModelVersion | None:
        """The champion, when it is among the charted versions."""
        wanted = self.model.champion_version
        return next((v for v in self.charted if v.version == wanted), None) if wanted else None

    def rows(self) -> Iterator[Row]:
        """The versions of this page, side by side."""
        challenger = str(self.model.aliases.get("challenger", ""))
        for version in self.page:
            is_champion = version.version == self.model.champion_version
            base = self.champion.metrics if self.champion and not is_champion else None
            yield Row(
                version=version,
                measures=metrics.measures(version.metrics, self.columns, base),
                champion=is_champion,
                challenger=version.version == challenger,
            )

    @property
    def figure(self) -> dict[str, Any]:
        """The chart of the chosen metric."""
        return charts.metric_figure(self.charted, self.metric, self.model.champion_version)

    @property
    def table(self) -> dict[str, list[Any]]:
        """The chart's figures as a table."""
        return charts.metric_table(self.charted, self.metric, self.model.champion_version)

    @cached_property
    def deployments(self) -> list[Deployment]:
        """Where it serves and served, newest first."""
        found = visible_deployments(self.actor).filter(version__model=self.model)
        return list(found.select_related("version", "team").order_by("-started_at")[:20])

    @property
    def hints(self) -> list[Hint]:
        """What needs attention."""
        live = [d for d in self.deployments if d.ended_at is None]
        return hints(self.actor, self.model, self.charted, live)

    @cached_property
    def history(self) -> list[TrailEvent]:
        """What was decided about it, newest first."""
        return events_of(self.model, *self.deployments, limit=HISTORY)

    @property
    def may_open_trail(self) -> bool:
        """Whether this person can open an event's own page."""
        return allowed(self.actor, "trail.view")

    @property
    def aliases(self) -> list[tuple[str, str]]:
        """Alias and version, by name."""
        return sorted((str(name), str(v)) for name, v in self.model.aliases.items())

    @property
    def tags(self) -> list[tuple[str, str]]:
        """The model's own tags, without the ones the source keeps for itself."""
        tags = self.model.tags.items()
        return sorted((k, str(v)) for k, v in tags if not k.startswith("mlflow."))
