"""The charts of a card, as plain values with the same figures as a table.

An evaluation hands on a calibration or a back-test as a tag of its run (or of the version):
`signet.calibration` is a JSON list of `{"predicted", "observed"}`, `signet.backtest` one of
`{"window", "value"}`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.cards.view import CardView
from registry.inventory.charts import metric_figure, metric_table
from registry.inventory.metrics import names
from registry.inventory.models import ModelVersion

CALIBRATION, BACKTEST = "signet.calibration", "signet.backtest"
POINTS = 200
CHARTS_OF_SLICES = 3


@dataclass(frozen=True)
class Chart:
    """One chart with its table, or why there is none."""

    id: str
    title: str
    figure: dict[str, Any] = field(default_factory=dict)
    table: dict[str, list[Any]] = field(default_factory=dict)
    why_not: str = ""

    @property
    def data_id(self) -> str:
        """The id of the block that carries the figure."""
        return f"{self.id}-figure"


def charts_of(card: CardView, versions: Sequence[ModelVersion]) -> list[Chart]:
    """The charts of a card; `versions` are the model's newest, newest first."""
    return [
        *_over_versions(card, versions),
        *_slices(card),
        _calibration(card.version),
        _backtest(card.version),
    ]


def _over_versions(card: CardView, versions: Sequence[ModelVersion]) -> list[Chart]:
    title = "Metric over versions"
    own = {n: v for n, v in card.version.metrics.items() if _number(v) is not None}
    if not own:
        return [Chart("over-versions", title, why_not="The run of this version logged no metric.")]
    champion = str(card.version.model.aliases.get("champion", ""))
    best = next(name for name in [*names(v.metrics for v in versions), *own] if name in own)
    figure = metric_figure(versions, best, champion)
    title = f"{best[:60]} over versions"
    return [Chart("over-versions", title, figure, metric_table(versions, best, champion))]


def _slices(card: CardView) -> list[Chart]:
    item = next((f for f in card.fields if f.field.key == "slices"), None)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in item.value if item and isinstance(item.value, list) else []:
        if _number(row.get("value")) is not None:
            groups.setdefault(str(row.get("metric", "")), []).append(row)
    if not groups:
        why = "The card has no figures by segment; they belong in its field Segments."
        return [Chart("slices", "Segments", why_not=why)]
    shown = list(groups.items())[:CHARTS_OF_SLICES]
    return [_slice_chart(index, name, rows) for index, (name, rows) in enumerate(shown)]


def _slice_chart(index: int, metric: str, rows: list[dict[str, Any]]) -> Chart:
    values = [_number(row["value"]) or 0.0 for row in rows]
    lows = [_number(row.get("low")) for row in rows]
    highs = [_number(row.get("high")) for row in rows]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [
            max((h if h is not None else v) - v, 0) for h, v in zip(highs, values, strict=True)
        ],
        "arrayminus": [
            max(v - (w if w is not None else v), 0) for w, v in zip(lows, values, strict=True)
        ],
    }
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": [_label(f"{n}. {row.get('slice', '')}") for n, row in enumerate(rows, start=1)],
        "error_x": bars,
        "name": _label(metric),
    }
    layout = {
        "xaxis": {"title": {"text": _label(metric)}},
        "yaxis": {"type": "category", "autorange": "reversed"},
        "height": min(160 + 26 * len(rows), 900),
        "showlegend": False,
        "hovermode": "closest",
    }
    table = {
        "columns": ["Segment", metric or "Value", "From", "To"],
        "rows": [[row.get(k, "") for k in ("slice", "value", "low", "high")] for row in rows],
    }
    title = f"{metric[:60] or 'Value'} by segment, with intervals where the card gives them"
    return Chart(f"slices-{index}", title, {"data": [trace], "layout": layout}, table)


def _calibration(version: ModelVersion) -> Chart:
    title = "Calibration: what was predicted and what happened"
    points = _logged(version, CALIBRATION, ("predicted", "observed"))
    if not points:
        return Chart("calibration", title, why_not=_nothing("calibration", CALIBRATION))
    x, y = [p[0] for p in points], [p[1] for p in points]
    ends = [min(*x, *y), max(*x, *y)]
    data = [
        {"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": "this version"},
        {"type": "scatter", "mode": "lines", "x": ends, "y": ends, "name": "perfect",
         "line": {"dash": "dot"}},
    ]  # fmt: skip
    layout = _axes("Predicted", "Observed")
    return Chart("calibration", title, {"data": data, "layout": layout}, _pairs(layout, points))


def _backtest(version: ModelVersion) -> Chart:
    title = "Back-test: the metric in each past window"
    points = _logged(version, BACKTEST, ("window", "value"))
    if not points:
        return Chart("backtest", title, why_not=_nothing("back-test", BACKTEST))
    trace = {"type": "scatter", "mode": "lines+markers", "name": "value",
             "x": [p[0] for p in points], "y": [p[1] for p in points]}  # fmt: skip
    layout = _axes("Window", "Value")
    layout["xaxis"]["type"] = "category"
    return Chart("backtest", title, {"data": [trace], "layout": layout}, _pairs(layout, points))


def _axes(x: str, y: str) -> dict[str, Any]:
    return {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}, "height": 300}


def _pairs(layout: dict[str, Any], points: list[tuple[Any, float]]) -> dict[str, list[Any]]:
    names = [layout[axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    return {"columns": names, "rows": [list(point) for point in points]}


def _nothing(what: str, tag: str) -> str:
    return f"The evaluation logged no {what}. A run hands one on as its tag {tag}."


def _logged(version: ModelVersion, tag: str, keys: tuple[str, str]) -> list[tuple[Any, float]]:
    """The points of a tag; none when the tag is missing or is not what it should be."""
    text = version.run_tags.get(tag) or version.tags.get(tag) or "[]"
    try:
        rows = json.loads(str(text))
    except (ValueError, RecursionError):
        return []
    points: list[tuple[Any, float]] = []
    for row in rows[:POINTS] if isinstance(rows, list) else []:
        first, second = (row.get(key) for key in keys) if isinstance(row, dict) else (None, None)
        x = _label(str(first)) if keys[0] == "window" and first else _number(first)
        y = _number(second)
        if x is not None and y is not None:
            points.append((x, y))
    return points


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _label(text: str) -> str:
    """Text for a chart, where Plotly would read some HTML."""
    return text.replace("<", "‹").replace(">", "›")[:60]
