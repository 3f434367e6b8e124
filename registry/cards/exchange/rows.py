"""Rows of tables as the objects that two standards have for metrics and for risks."""

from collections.abc import Mapping
from typing import Any

from registry.cards.schema import Field

# A measure over a whole data set and one over a segment share the standards' word "slice".
DATASET = "Data set: "
SEGMENT = "Segment: "
MEASURE = "Measure: "


def metric_of(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """One row of the metrics; `names` gives the standard's names for interval and bounds."""
    dataset = str(row.get("dataset", ""))
    return _measure(row, f"{DATASET}{dataset}" if dataset else "", names)


def slice_of(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """One row of the segments."""
    name = str(row.get("slice", ""))
    is_plain = name and not name.startswith((DATASET, SEGMENT))
    return _measure(row, name if is_plain else f"{SEGMENT}{name}", names)


def _measure(row: Mapping[str, Any], part: str, names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": str(row.get("metric", "")),
        "value": str(row.get("value", "")),
    }
    if part:
        found["slice"] = part
    bounds = {names[key]: str(row[key]) for key in ("low", "high") if row.get(key)}
    if bounds:
        found[names["interval"]] = bounds
    return found


def read_measure(item: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The field and the row that a standard's metric stands for."""
    interval = item.get(names["interval"])
    interval = interval if isinstance(interval, Mapping) else {}
    row = {
        "metric": _text(item.get("type")),
        "value": _text(item.get("value")),
        "low": _text(interval.get(names["low"])),
        "high": _text(interval.get(names["high"])),
    }
    part = _text(item.get("slice"))
    if part.startswith(DATASET) or not part:
        return "metrics", {**row, "dataset": part.removeprefix(DATASET)}
    return "slices", {"slice": part.removeprefix(SEGMENT), **row}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def risk_of(field: Field, row: Mapping[str, Any], name: str) -> dict[str, str]:
    """One risk: its measure first, then what the standards have no place for, a line each."""
    labels = dict(field.columns)
    lines = [f"{MEASURE}{row.get('mitigation', '')}"]
    lines += [f"{labels[key]}: {row[key]}" for key in ("residual", "accepted_by") if row.get(key)]
    measure = str(row.get("mitigation", ""))
    if len(lines) == 1 and not measure.startswith(MEASURE):
        lines = [measure] if measure else []
    found = {"name": str(row.get("risk", ""))}
    return {**found, name: "\n".join(lines)} if lines else found


def read_risk(field: Field, item: Mapping[str, Any], name: str) -> dict[str, str]:
    """The row of the risks that an object stands for; texts by others are the measure."""
    text = _text(item.get(name))
    row = {"risk": _text(item.get("name")), "mitigation": " ".join(text.split("\n"))}
    if not text.startswith(MEASURE):
        return row
    first, *more = text.split("\n")
    row["mitigation"] = first.removeprefix(MEASURE)
    for key in ("residual", "accepted_by"):
        start = f"{dict(field.columns)[key]}: "
        row[key] = next((line.removeprefix(start) for line in more if line.startswith(start)), "")
    return row
