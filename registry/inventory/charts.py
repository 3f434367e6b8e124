"""Figures for the browser, as plain values: the web process never imports plotly."""

from collections.abc import Sequence
from typing import Any

from registry.inventory.metrics import number
from registry.inventory.models import ModelVersion


def metric_figure(versions: Sequence[ModelVersion], metric: str, champion: str) -> dict[str, Any]:
    """One metric over versions, oldest first, with the champion marked."""
    points = [(v.version, number(v.metrics.get(metric))) for v in reversed(versions)]
    marked = [(version, value) for version, value in points if version == champion]
    data: list[dict[str, Any]] = [_trace(metric, points, mode="lines+markers")]
    if marked and marked[0][1] is not None:
        ring = {"size": 15, "symbol": "circle-open", "line": {"width": 3}}
        data.append(_trace("champion", marked, mode="markers", marker=ring, hoverinfo="skip"))
    return {
        "data": data,
        "layout": {
            "xaxis": {"type": "category", "title": {"text": "Version"}},
            "yaxis": {"title": {"text": metric[:60]}},
            "height": 300,
            "showlegend": len(data) > 1,
        },
    }


def _trace(name: str, points: Sequence[tuple[str, float | None]], **style: Any) -> dict[str, Any]:
    return {
        "type": "scatter",
        # Plotly reads some HTML in names and labels; a metric's name is never meant as such.
        "name": name.replace("<", "‹").replace(">", "›")[:60],
        "x": [version for version, _ in points],
        "y": [value for _, value in points],
        "connectgaps": True,
        **style,
    }


def metric_table(
    versions: Sequence[ModelVersion], metric: str, champion: str
) -> dict[str, list[Any]]:
    """The same figures as a table."""
    rows = []
    for version in versions:
        mark = " (champion)" if version.version == champion else ""
        value = number(version.metrics.get(metric))
        rows.append([f"{version.version}{mark}", "–" if value is None else f"{value:.6g}"])
    return {"columns": ["Version", metric], "rows": rows}
