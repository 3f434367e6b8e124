"""The metadata at the top of a Hugging Face model card, through `huggingface_hub`."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from registry.cards.answers import Answer, State
from registry.cards.exchange.documents import NO_PLACE, BadDocument, Reading
from registry.cards.exchange.yaml_text import yaml_of
from registry.cards.pulled import LIBRARIES

PIPELINES = {
    "classification": "tabular-classification",
    "regression": "tabular-regression",
    "forecasting": "time-series-forecasting",
}
LICENCES = {
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "gpl-2.0", "gpl-3.0", "lgpl-3.0",
    "agpl-3.0", "mpl-2.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0", "openrail",
    "unlicense",
}  # fmt: skip
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
NO_DATASET = "unspecified"
# What `huggingface_hub` calls its results in Python; in a file they stand as `model-index`.
OBJECTS = "eval_results"


def written(name: str, answers: Mapping[str, Answer]) -> Any:
    """The metadata that the answers give."""
    from huggingface_hub import ModelCardData

    said = {key: a.value for key, a in answers.items() if a.state is State.WRITTEN}
    results = [_result(said, row) for row in said.get("metrics", [])]
    return ModelCardData(
        license=_licence(said.get("licence")),
        base_model=said.get("base_model"),
        library_name=_library(said.get("library")),
        pipeline_tag=PIPELINES.get(said.get("task", "")),
        datasets=_names(said.get("training_data"), "name"),
        metrics=_names(said.get("metrics"), "metric"),
        model_name=name,
        eval_results=[result for result in results if result] or None,
    )


def _licence(text: str | None) -> str | None:
    if text is None:
        return None
    return text.lower() if text.lower() in LICENCES else "other"


def _library(text: str | None) -> str | None:
    first = (text or "").split(",")[0].strip()
    names = {shown: name for name, shown in LIBRARIES.items()}
    return names.get(first, first) or None


def _names(rows: list[dict[str, Any]] | None, column: str) -> list[str] | None:
    found = dict.fromkeys(str(row.get(column, "")) for row in rows or [])
    return [name for name in found if name.strip()] or None


def _result(said: Mapping[str, Any], row: Mapping[str, Any]) -> Any:
    from huggingface_hub import EvalResult

    text = str(row.get("value", ""))
    if not NUMBER.fullmatch(text) or not row.get("metric"):
        return None
    dataset = str(row.get("dataset") or NO_DATASET)
    task = PIPELINES.get(said.get("task", ""), said.get("task") or "other")
    return EvalResult(task, dataset, dataset, str(row["metric"]), float(text))


def parsed(block: str) -> Any:
    """The metadata of a README; BadDocument for what is no YAML or not meant to be read."""
    from huggingface_hub import ModelCardData

    if not block:
        return ModelCardData()
    # Aliases, tags and depth are refused before anything builds the data.
    said = yaml_of(block, first_line=2).value
    if not isinstance(said, dict):
        raise BadDocument("The metadata between the two lines `---` has to be names and values.")
    if OBJECTS in said:
        raise BadDocument(
            f"Line {said[OBJECTS].line}: `{OBJECTS}` is no name of the metadata. Write results as "
            "`model-index`."
        )
    try:
        found = ModelCardData(**yaml.safe_load(block), ignore_metadata_errors=True)
        # Some faults show only when it is written again, as it is for the list of what is left.
        found.to_yaml()
        return found
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadDocument(
            f"The metadata cannot be read: {' '.join(str(error).split())[:200]}."
        ) from None


def dropped(reading: Reading, block: str, found: Any) -> None:
    """Leave over results that `huggingface_hub` does not read because something is missing."""
    if not block or getattr(found, "eval_results", None):
        return
    said = yaml_of(block, first_line=2).value.get("model-index")
    if said is not None and said.plain and "model-index" not in found.to_dict():
        why = "It names no task, data set or metric for a result, so it cannot be read."
        reading.leave(f"line {said.line}, model-index", _plain(said.plain), why)


def compare(reading: Reading, found: Any) -> None:
    """Name what was changed in the metadata of our own export: the text below it counts."""
    ours, theirs = written(found.get("model_name", ""), reading.answers).to_dict(), found.to_dict()
    for name, value in theirs.items():
        if ours.get(name) != value:
            why = "The answers below the metadata count and say something else; change it there."
            reading.leave(f"metadata, {name}", _plain(value), why)


def place(reading: Reading, found: Any) -> None:
    """Put the metadata of a card by others where the card has a field for it."""
    results = getattr(found, "eval_results", None) or []
    for name, value in found.to_dict().items():
        answer = None if name == "metrics" and results else PLACES.get(name, _nowhere)(value)
        if name == "model-index" and results:
            answer = "metrics", [_row(result) for result in results]
            _leave_details(reading, results)
        if answer:
            reading.answer(answer[0], Answer(State.WRITTEN, answer[1]), f"metadata, {name}")
        elif name != "model_name" and not (name == "metrics" and results):
            reading.leave(f"metadata, {name}", _plain(value), NO_PLACE)


Placed = tuple[str, Any] | None


def _nowhere(value: Any) -> Placed:
    return None


def _text_for(key: str, value: Any) -> Placed:
    return (key, ", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _task(value: Any) -> Placed:
    known = {tag: task for task, tag in PIPELINES.items()}
    text = str(value)
    ends = next((task for task in ("classification", "regression") if text.endswith(task)), None)
    task = known.get(text, ends)
    return ("task", task) if task else None


def _datasets(value: Any) -> Placed:
    names = value if isinstance(value, list) else [value]
    rows = [{"name": str(name), "role": "training"} for name in names if name]
    return ("training_data", rows) if rows else None


PLACES = {
    "license": lambda value: _text_for("licence", value) if value != "other" else None,
    "license_name": lambda value: _text_for("licence", value),
    "base_model": lambda value: _text_for("base_model", value),
    "library_name": lambda value: _text_for("library", LIBRARIES.get(str(value), value)),
    "pipeline_tag": _task,
    "datasets": _datasets,
}


def _row(result: Any) -> dict[str, str]:
    name = result.dataset_name or result.dataset_type or ""
    return {
        "metric": str(result.metric_name or result.metric_type),
        "value": str(result.metric_value),
        "dataset": "" if name == NO_DATASET else str(name),
    }


def _leave_details(reading: Reading, results: list[Any]) -> None:
    """Leave over what a result says beyond metric, value and data set."""
    for result in results:
        row = _row(result)
        told = {*row.values(), NO_DATASET}
        more = {
            name: value
            for name, value in vars(result).items()
            if value not in (None, {}, []) and name != "metric_value" and str(value) not in told
        }
        if more:
            reading.leave(f"metadata, model-index, {row['metric']}", _plain(more), NO_PLACE)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else yaml.safe_dump(value, allow_unicode=True).strip()
