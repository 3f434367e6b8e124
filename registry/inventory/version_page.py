"""One version as its page shows it, and two versions side by side."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from portal.actors import Actor
from registry.deployments.models import Deployment
from registry.deployments.queries import visible_deployments
from registry.inventory import links, metrics, signature
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

INTERNAL = "mlflow."
PLACES = ("uri", "url", "path", "table_name", "delta_table_name")


class VersionPage:
    """Everything about a version, its neighbours and its champion."""

    def __init__(self, actor: Actor, version: ModelVersion) -> None:
        self.actor = actor
        self.version = version
        self.model = version.model
        self.links = {
            "version": links.version_link(version),
            "run": links.run_link(version),
            "experiment": links.experiment_link(version),
            "logged_model": links.logged_model_link(version),
        }

    @cached_property
    def _siblings(self) -> list[ModelVersion]:
        """Earlier, later and champion, in one query."""
        found = (
            visible_versions(self.actor)
            .filter(model=self.model)
            .only("model_id", "version", "ordinal", "metrics")
        )
        around = (
            found.filter(ordinal__lt=self.version.ordinal)
            .order_by("-ordinal")[:1]
            .union(
                found.filter(ordinal__gt=self.version.ordinal).order_by("ordinal")[:1],
                found.filter(version=self.model.champion_version or None).order_by()[:1],
                all=True,
            )
        )
        return list(around)

    @property
    def earlier(self) -> ModelVersion | None:
        """The version before this one."""
        before = [v for v in self._siblings if v.ordinal < self.version.ordinal]
        return max(before, key=lambda v: v.ordinal, default=None)

    @property
    def later(self) -> ModelVersion | None:
        """The version after this one."""
        after = [v for v in self._siblings if v.ordinal > self.version.ordinal]
        return min(after, key=lambda v: v.ordinal, default=None)

    @property
    def is_champion(self) -> bool:
        """Whether the alias champion is on this version."""
        return self.version.version == self.model.champion_version

    @cached_property
    def champion(self) -> ModelVersion | None:
        """The champion, unless this is it."""
        if self.is_champion:
            return None
        wanted = self.model.champion_version
        return next((v for v in self._siblings if v.version == wanted), None)

    @property
    def measures(self) -> list[metrics.Measure]:
        """Every metric, against the champion's."""
        names = metrics.names([self.version.metrics])
        base = self.champion.metrics if self.champion else None
        return metrics.measures(self.version.metrics, names, base)

    @property
    def params(self) -> list[tuple[str, str]]:
        """The run's parameters by name."""
        return _sorted(self.version.params)

    @property
    def signature(self) -> list[signature.Part]:
        """Inputs, outputs and parameters."""
        return signature.parts(self.version.signature)

    @property
    def datasets(self) -> list[dict[str, str]]:
        """What the run says it was trained and judged on."""
        return [_dataset(data) for data in self.version.datasets]

    @property
    def tags(self) -> list[tuple[str, str]]:
        """Tags of the version."""
        return _own(self.version.tags)

    @property
    def run_tags(self) -> list[tuple[str, str]]:
        """Tags of the run, without those that MLflow keeps for itself."""
        return _own(self.version.run_tags)

    @cached_property
    def deployments(self) -> list[Deployment]:
        """Where this version serves and served."""
        found = visible_deployments(self.actor).filter(version=self.version)
        return list(found.select_related("team").order_by("-started_at")[:20])


@dataclass(frozen=True)
class Difference:
    """One line of a comparison."""

    name: str
    left: Any
    right: Any
    note: str = ""
    verdict: str = ""

    @property
    def same(self) -> bool:
        """Whether both versions agree."""
        return bool(self.left == self.right)


@dataclass(frozen=True)
class Section:
    """One kind of fact, compared."""

    title: str
    lines: list[Difference]

    @property
    def changed(self) -> list[Difference]:
        """The lines that differ."""
        return [line for line in self.lines if not line.same]

    @property
    def same(self) -> int:
        """How many lines agree."""
        return len(self.lines) - len(self.changed)


def comparison(left: ModelVersion, right: ModelVersion) -> list[Section]:
    """Metrics, parameters, signature, origin, datasets and tags of two versions."""
    sections = [
        Section("Metrics", _metric_lines(left, right)),
        Section("Parameters", _lines(left.params, right.params)),
        Section(
            "Signature", _lines(signature.flat(left.signature), signature.flat(right.signature))
        ),
        Section("Origin", _lines(_origin(left), _origin(right))),
        Section("Datasets", _lines(_datasets(left), _datasets(right))),
        Section("Tags", _lines(dict(_own(left.tags)), dict(_own(right.tags)))),
    ]
    return [section for section in sections if section.lines]


def _metric_lines(left: ModelVersion, right: ModelVersion) -> list[Difference]:
    names = metrics.names([left.metrics, right.metrics])
    lines = []
    for measure in metrics.measures(right.metrics, names, left.metrics):
        base = metrics.number(left.metrics.get(measure.name))
        note = measure.change if measure.delta else ""
        lines.append(Difference(measure.name, base, measure.value, note, measure.verdict))
    return lines


def _lines(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Difference]:
    names = sorted(left.keys() | right.keys())
    return [Difference(name, left.get(name), right.get(name)) for name in names]


def _origin(version: ModelVersion) -> dict[str, str]:
    facts = {
        "Run user": version.run_user,
        "Git commit": version.git_commit,
        "Experiment": version.experiment,
        "Flavors": ", ".join(version.flavors),
    }
    return {name: value for name, value in facts.items() if value}


def _datasets(version: ModelVersion) -> dict[str, str]:
    found = {}
    for data in version.datasets:
        context = f" ({data['context']})" if data.get("context") else ""
        found[f"{data.get('name') or 'unnamed'}{context}"] = str(data.get("digest") or "")
    return found


def _dataset(data: Mapping[str, Any]) -> dict[str, str]:
    names = ("name", "context", "digest")
    return {name: str(data.get(name) or "") for name in names} | {"origin": _place_of(data)}


def _place_of(data: Mapping[str, Any]) -> str:
    """Where a dataset came from, in words: MLflow describes most kinds of source in JSON."""
    text = str(data.get("source") or "")
    try:
        found = json.loads(text)
    except ValueError:
        return text or str(data.get("source_type") or "")
    if not isinstance(found, Mapping):
        return text
    place = next((found[name] for name in PLACES if found.get(name)), "")
    tags = found.get("tags")
    if not place and isinstance(tags, Mapping) and tags.get("mlflow.source.name"):
        commit = str(tags.get("mlflow.source.git.commit") or "")[:12]
        place = f"made by {tags['mlflow.source.name']}" + (f" at commit {commit}" if commit else "")
    return str(place or data.get("source_type") or "")


def _own(tags: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in _sorted(tags) if not name.startswith(INTERNAL)]


def _sorted(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted((str(name), str(value)) for name, value in facts.items())
