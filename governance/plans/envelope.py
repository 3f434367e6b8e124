"""The envelope of a change plan: what a scheduled retrain may differ in, and what not.

pipeline   what the run says made it: {"name", "repository", "entry_point"}, each where known
schema     one line for each input and output, {"input price": "double"}
metrics    {"roc_auc": {"min", "max", "most_move", "base"}}: floor, ceiling, and how far it may
           move from the version that the plan was signed on
data       {"names": [...], "most_days": 35}: the data sets, and how old the newest row may be
           when the version is registered (tag `signet.data_to`)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.dateparse import parse_date

from governance.checks.evaluation import evaluation_of
from portal.errors import Invalid
from registry.inventory.models import ModelVersion
from registry.inventory.signature import flat

PIPELINE_TAGS = {
    "name": ("signet.pipeline", "mlflow.source.name"),
    "repository": ("signet.repository", "mlflow.source.git.repoURL"),
    "entry_point": ("mlflow.project.entryPoint",),
}
DATA_TO = "signet.data_to"
MOST_METRICS = 20


@dataclass(frozen=True)
class MetricLimit:
    """What a metric must reach, and how far it may move from the plan's base."""

    metric: str
    least: float | None = None
    most: float | None = None
    most_move: float | None = None


def envelope_of(
    version: ModelVersion, limits: list[MetricLimit], most_days: int | None
) -> dict[str, Any]:
    """The envelope around a version; Invalid names what it would need and does not have."""
    pipeline, schema = pipeline_of(version), flat(version.signature)
    if not pipeline:
        raise Invalid.at(
            "pipeline",
            "The run of this version names no pipeline, so a retrain could not be recognised. Log "
            "the tag signet.pipeline.",
        )
    if not schema:
        raise Invalid.at("schema", "The version has no signature, so its schema is not known.")
    if not limits or len(limits) > MOST_METRICS:
        raise Invalid.at("metrics", f"Name from one to {MOST_METRICS} metrics with their limits.")
    return {
        "pipeline": pipeline,
        "schema": schema,
        "metrics": {limit.metric: _limit(version, limit) for limit in limits},
        "data": {"names": data_names(version), "most_days": most_days},
    }


def outside(envelope: Mapping[str, Any], version: ModelVersion) -> list[str]:
    """Each way in which a version leaves the envelope, in words; empty when it is inside."""
    return [
        *_pipeline(envelope["pipeline"], pipeline_of(version)),
        *_schema(envelope["schema"], flat(version.signature)),
        *_metrics(envelope["metrics"], version),
        *_data(envelope["data"], version),
    ]


def pipeline_of(version: ModelVersion) -> dict[str, str]:
    """What made the version, as its run tells it."""
    tags = {**version.run_tags, **version.tags}
    found = {
        part: next((str(tags[name]) for name in names if tags.get(name)), "")
        for part, names in PIPELINE_TAGS.items()
    }
    return {part: value for part, value in found.items() if value}


def data_names(version: ModelVersion) -> list[str]:
    """The names of the data sets that the run logged."""
    named = (data.get("name") for data in version.datasets if isinstance(data, dict))
    return sorted({str(name) for name in named if name})


def value_of(version: ModelVersion, metric: str) -> float | None:
    """A metric as evaluated, else as the run logged it."""
    value = evaluation_of(version).value_of(metric)
    if value is None:
        value = version.metrics.get(metric)
    return float(value) if isinstance(value, int | float) else None


def _limit(version: ModelVersion, limit: MetricLimit) -> dict[str, float | None]:
    base = value_of(version, limit.metric)
    if base is None:
        raise Invalid.at("metrics", f"This version has no value of {limit.metric} to start from.")
    if limit.least is None and limit.most is None:
        raise Invalid.at("metrics", f"Give {limit.metric} a floor or a ceiling.")
    told = {"min": limit.least, "max": limit.most, "most_move": limit.most_move, "base": base}
    if text := _beyond(limit.metric, told, base):
        raise Invalid.at("metrics", f"The version itself would be outside: {text}")
    return told


def _beyond(metric: str, limit: Mapping[str, Any], value: float) -> str:
    if limit["min"] is not None and value < limit["min"]:
        return f"{metric} is {value:g}; the plan asks for {limit['min']:g} at least."
    if limit["max"] is not None and value > limit["max"]:
        return f"{metric} is {value:g}; the plan allows {limit['max']:g} at most."
    if limit["most_move"] is not None and abs(value - limit["base"]) > limit["most_move"]:
        return (
            f"{metric} moved from {limit['base']:g} to {value:g}; the plan allows a move of "
            f"{limit['most_move']:g}."
        )
    return ""


def _pipeline(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return [
        f"The {part.replace('_', ' ')} of its pipeline is {found.get(part) or 'not told'}, not "
        f"{value}."
        for part, value in wanted.items()
        if found.get(part) != value
    ]


def _schema(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    if not found:
        return ["It has no signature."]
    differing = sorted(k for k in {*wanted, *found} if wanted.get(k) != found.get(k))
    return [f"Its schema differs: {', '.join(differing[:10])}."] if differing else []


def _metrics(limits: Mapping[str, Mapping[str, Any]], version: ModelVersion) -> list[str]:
    found = []
    for metric, limit in limits.items():
        value = value_of(version, metric)
        text = f"It has no {metric}." if value is None else _beyond(metric, limit, value)
        if text:
            found.append(text)
    return found


def _data(wanted: Mapping[str, Any], version: ModelVersion) -> list[str]:
    found = []
    others = sorted(set(data_names(version)) - set(wanted["names"]))
    missing = sorted(set(wanted["names"]) - set(data_names(version)))
    if others or missing:
        found.append(f"Its data sets differ: {', '.join([*others, *missing])}.")
    if wanted["most_days"] is not None:
        newest = _data_to(version)
        if newest is None:
            found.append(f"Its newest data is not told; log the tag {DATA_TO}.")
        elif (version.created_at.date() - newest).days > wanted["most_days"]:
            found.append(
                f"Its newest data is of {newest:%d %B %Y}, more than {wanted['most_days']} days "
                "before it was registered."
            )
    return found


def _data_to(version: ModelVersion) -> date | None:
    text = {**version.run_tags, **version.tags}.get(DATA_TO)
    try:
        return parse_date(str(text)[:10]) if text else None
    except ValueError:
        return None
