"""What a card knows without anybody writing it: values read from a version's facts.

Pure: nothing here asks the database beyond what is already loaded, nor raises on odd facts.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.inventory.models import ModelVersion, Task

ON_MODEL_PAGE = "Signet, the model's page"
LIBRARIES = {
    "sklearn": "scikit-learn",
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
    "statsmodels": "statsmodels",
    "prophet": "Prophet",
    "spark": "Spark ML",
    "pytorch": "PyTorch",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
}
EVALUATION_WORDS = ("eval", "test", "valid", "holdout", "held")


@dataclass(frozen=True)
class Pulled:
    """A value and, in words, where it was read."""

    value: Any
    origin: str


Puller = Callable[[ModelVersion], Pulled | None]


def pulled_values(version: ModelVersion) -> dict[str, Pulled]:
    """Every value that the version's and its model's facts give, by field."""
    found = ((key, pull(version)) for key, pull in PULLERS.items())
    return {key: pulled for key, pulled in found if pulled is not None}


def pulled_keys(version: ModelVersion) -> set[str]:
    """The fields that `pulled_values` would give, without loading the owner or the team."""
    return {
        key
        for key, pull in PULLERS.items()
        if (getattr(version.model, JOINED[key]) if key in JOINED else pull(version))
    }


def _run(version: ModelVersion) -> str:
    return f"MLflow run {version.run_id[:8]}" if version.run_id else "MLflow"


def _text(value: Any, origin: str) -> Pulled | None:
    text = "" if value is None else str(value).strip()
    return Pulled(text, origin) if text else None


def _rows(rows: list[dict[str, str]], origin: str) -> Pulled | None:
    return Pulled(rows, origin) if rows else None


def _tag(version: ModelVersion, *names: str) -> Pulled | None:
    for name in names:
        for tags, origin in (
            (version.tags, "MLflow version"),
            (version.model.tags, "MLflow model"),
            (version.run_tags, _run(version)),
        ):
            if pulled := _text(tags.get(name), f"{origin}, tag {name}"):
                return pulled
    return None


def _param(version: ModelVersion, *names: str) -> Pulled | None:
    """The first parameter with one of these names, also when a pipeline's step prefixes it."""
    for name in names:
        for key, value in version.params.items():
            if key == name or key.endswith(f"__{name}"):
                return _text(value, f"{_run(version)}, parameter {key}")
    return None


def _first(*found: Pulled | None) -> Pulled | None:
    return next((pulled for pulled in found if pulled), None)


def _aliases(version: ModelVersion) -> Pulled | None:
    names = [str(name) for name in version.aliases]
    return Pulled(sorted(names), "MLflow aliases") if names else None


def _change_summary(version: ModelVersion) -> Pulled | None:
    first = Pulled("First registered version.", "MLflow version number")
    return _first(
        _text(version.description, "MLflow version, description"),
        _text(version.run_tags.get("mlflow.note.content"), f"{_run(version)}, description"),
        first if version.version == "1" else None,
    )


def _owner(version: ModelVersion) -> Pulled | None:
    return _text(version.model.owner, ON_MODEL_PAGE)


def _team(version: ModelVersion) -> Pulled | None:
    return _text(version.model.team, ON_MODEL_PAGE)


def _line_of_business(version: ModelVersion) -> Pulled | None:
    team = version.model.team
    return _text(team.business_unit, f"Signet, business unit of {team}") if team else None


def _datasets(version: ModelVersion, *, evaluation: bool) -> Pulled | None:
    rows = []
    for data in _mappings(version.datasets):
        role = str(data.get("context") or data.get("role") or "training")
        if any(word in role.lower() for word in EVALUATION_WORDS) is evaluation:
            rows.append(_dataset(data, role))
    return _rows(rows, f"{_run(version)}, dataset inputs")


def _dataset(data: Mapping[str, Any], role: str) -> dict[str, str]:
    return {
        "name": str(data.get("name") or "unnamed"),
        "role": role,
        "location": _location(data.get("source") or data.get("source_uri")),
        "digest": str(data.get("digest") or ""),
        "rows": _row_count(data),
    }


def _location(source: Any) -> str:
    """Where a dataset lies, out of MLflow's description of it when that is JSON."""
    found = _parsed(source)
    if isinstance(found, Mapping):
        found = next((found[name] for name in ("uri", "url", "path") if found.get(name)), "")
    return str(found or "")[:300]


def _row_count(data: Mapping[str, Any]) -> str:
    profile = _parsed(data.get("profile"))
    count = data.get("rows")
    if count is None and isinstance(profile, Mapping):
        count = profile.get("num_rows")
    if isinstance(count, int | float):
        return f"{count:,.0f}"
    return str(count or "")


def _parsed(value: Any) -> Any:
    """JSON text as data; anything else as it is."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    found = _parsed(value)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _signature(version: ModelVersion, side: str) -> list[dict[str, str]]:
    return [
        {
            "name": str(column.get("name") or f"value {number}"),
            "type": _column_type(column),
            "required": "no" if column.get("required") is False else "yes",
        }
        for number, column in enumerate(_mappings(version.signature.get(side)), start=1)
    ]


def _column_type(column: Mapping[str, Any]) -> str:
    tensor = column.get("tensor-spec")
    if isinstance(tensor, Mapping):
        return f"{tensor.get('dtype', 'tensor')} {tensor.get('shape', '')}".strip()
    return str(column.get("type") or "")


def _features(version: ModelVersion) -> Pulled | None:
    names = [row["name"] for row in _signature(version, "inputs")]
    return Pulled(names, "MLflow model signature, inputs") if names else None


def _feature_views(version: ModelVersion) -> Pulled | None:
    pulled = _tag(version, "signet.feature_views", "feast.feature_views")
    if pulled is None:
        return None
    return Pulled([name.strip() for name in pulled.value.split(",") if name.strip()], pulled.origin)


def _task(version: ModelVersion) -> Pulled | None:
    known = version.model.task in Task.values
    origin = "MLflow tags, else worked out from the metrics"
    return _text(version.model.task, origin) if known else None


def _library(version: ModelVersion) -> Pulled | None:
    names = [LIBRARIES.get(name, name) for name in version.flavors if name != "python_function"]
    wrapper = _tag(version, "signet.adapter")
    text = ", ".join(map(str, names))
    if text and wrapper:
        text = f"{text}, by way of {wrapper.value}"
    return _text(text, "MLflow model, flavours")


def _flavors(version: ModelVersion) -> Pulled | None:
    names = [str(name) for name in version.flavors]
    return Pulled(names, "MLflow model, flavours") if names else None


def _hyperparameters(version: ModelVersion) -> Pulled | None:
    rows = [{"name": str(k), "value": str(v)} for k, v in sorted(version.params.items())]
    return _rows(rows, f"{_run(version)}, parameters")


def _metrics(version: ModelVersion) -> Pulled | None:
    evaluated = _datasets(version, evaluation=True)
    dataset = evaluated.value[0]["name"] if evaluated and len(evaluated.value) == 1 else ""
    rows = [
        {"metric": str(name), "value": number(value), "low": "", "high": "", "dataset": dataset}
        for name, value in sorted(version.metrics.items())
    ]
    return _rows(rows, f"{_run(version)}, metrics")


def number(value: Any) -> str:
    """A metric to six significant digits; the source says None for one that is not finite."""
    return f"{value:.6g}" if isinstance(value, int | float) else "not a finite number"


def _energy(version: ModelVersion) -> Pulled | None:
    for name, unit in (("energy_consumed", "kWh"), ("emissions", "kg CO2")):
        if name in version.metrics:
            return _text(
                f"{number(version.metrics[name])} {unit}", f"{_run(version)}, metric {name}"
            )
    return None


PULLERS: Mapping[str, Puller] = {
    "name": lambda v: _text(v.model.name, "MLflow registered model"),
    "version": lambda v: _text(v.version, "MLflow version number"),
    "aliases": _aliases,
    "artifact": lambda v: _text(v.source_uri or v.logged_model_id, "MLflow version, source"),
    "artifact_digest": lambda v: _tag(v, "signet.artifact_digest"),
    "overview": lambda v: _text(v.model.description, "MLflow model, description"),
    "line_of_business": _line_of_business,
    "change_summary": _change_summary,
    "licence": lambda v: _tag(v, "license", "licence"),
    "base_model": lambda v: _tag(v, "base_model"),
    "technical_owner": _owner,
    "team": _team,
    "risk_tier": lambda v: _text(v.model.risk_tier, ON_MODEL_PAGE),
    "tier_rationale": lambda v: _text(v.model.tier_reason, ON_MODEL_PAGE),
    "training_data": lambda v: _datasets(v, evaluation=False),
    "evaluation_data": lambda v: _datasets(v, evaluation=True),
    "features": _features,
    "feature_views": _feature_views,
    "serving_source": lambda v: _tag(v, "signet.serving_source"),
    "task": _task,
    "library": _library,
    "flavors": _flavors,
    "architecture": lambda v: _first(
        _param(v, "estimator", "model_class", "model_type"),
        _tag(v, "estimator_class", "estimator_name"),
    ),
    "objective": lambda v: _param(v, "objective", "loss", "criterion", "loss_function"),
    "hyperparameters": _hyperparameters,
    "input_signature": lambda v: _rows(_signature(v, "inputs"), "MLflow model signature"),
    "output_signature": lambda v: _rows(_signature(v, "outputs"), "MLflow model signature"),
    "metrics": _metrics,
    "git_commit": lambda v: _text(v.git_commit, f"{_run(v)}, git commit"),
    "image": lambda v: _tag(v, "mlflow.docker.image.uri", "mlflow.docker.image.name"),
    "seed": lambda v: _param(v, "seed", "random_state", "random_seed"),
    "command": lambda v: _tag(v, "mlflow.source.name"),
    "energy": _energy,
}
# Values that come through a relation, and the column that says whether there is one.
JOINED = {"technical_owner": "owner_id", "team": "team_id", "line_of_business": "team_id"}
