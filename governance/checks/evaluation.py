"""What a pipeline logs about an evaluation, read from tags of the version or its run.

    signet.evaluation   {"rows": [{"metric", "value", "ci_low", "ci_high", "n", "slice", ...}],
                         "comparison": [{"metric", "champion", "difference", "ci_low", "ci_high",
                                         "margin", "verdict"}]}
                        where a verdict is better, not_worse, worse or inconclusive
    signet.thresholds   {"roc_auc": {"min": 0.8}}
    signet.slices       ["small shops", "large shops"]: the slices that must have been evaluated

Tags are texts from outside: what does not fit is named in `problems` and taken for nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.connectors import untrusted
from registry.inventory.models import ModelVersion

EVALUATION, THRESHOLDS, SLICES = "signet.evaluation", "signet.thresholds", "signet.slices"
VERDICTS = ("better", "not_worse", "worse", "inconclusive")
MOST_ROWS = 200
NAME = 120


@dataclass(frozen=True)
class Row:
    """One measured value, for everything or for one slice."""

    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    slice: str = ""


@dataclass(frozen=True)
class Comparison:
    """A paired comparison with another version; `verdict` is one of VERDICTS."""

    metric: str
    champion: str
    verdict: str
    difference: float | None
    low: float | None
    high: float | None

    @property
    def words(self) -> str:
        """The difference with its interval."""
        shown = f"{self.metric} {number(self.difference, sign=True)}"
        if self.low is None or self.high is None:
            return shown
        return f"{shown} ({number(self.low, sign=True)} to {number(self.high, sign=True)})"


@dataclass(frozen=True)
class Evaluation:
    """What was logged, and what of it could not be read."""

    rows: list[Row] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    slices: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def value_of(self, metric: str) -> float | None:
        """The value of a metric over everything that was evaluated."""
        return next((r.value for r in self.rows if r.metric == metric and not r.slice), None)

    @property
    def evaluated_slices(self) -> list[str]:
        """The slices with at least one value."""
        return sorted({row.slice for row in self.rows if row.slice and row.value is not None})


def evaluation_of(version: ModelVersion) -> Evaluation:
    """What a version's tags, or those of its run, say about its evaluation."""
    problems: list[str] = []
    found = untrusted.mapping(_tag(version, EVALUATION, dict, problems))
    return Evaluation(
        rows=[_row(item) for item in list(untrusted.objects(found.get("rows")))[:MOST_ROWS]],
        comparisons=_comparisons(found.get("comparison")),
        thresholds=_thresholds(_tag(version, THRESHOLDS, dict, problems), problems),
        slices=[
            untrusted.text(name, NAME)
            for name in (_tag(version, SLICES, list, problems) or [])[:MOST_ROWS]
        ],
        problems=problems,
    )


def _tag(version: ModelVersion, name: str, kind: type, problems: list[str]) -> Any:
    text = version.tags.get(name) or version.run_tags.get(name)
    if not text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, kind):
        return found
    cut = len(text) >= untrusted.VALUE
    why = f"is longer than {untrusted.VALUE:,} characters" if cut else "is not what it should be"
    problems.append(f"The tag {name} {why}, so it was not read.")
    return None


def _row(item: Mapping[str, Any]) -> Row:
    return Row(
        metric=untrusted.text(item.get("metric"), NAME),
        value=untrusted.number(item.get("value")),
        low=untrusted.number(item.get("ci_low")),
        high=untrusted.number(item.get("ci_high")),
        slice=untrusted.text(item.get("slice"), NAME),
    )


def _comparisons(listed: Any) -> list[Comparison]:
    found = []
    for item in list(untrusted.objects(listed))[:MOST_ROWS]:
        verdict = item.get("verdict")
        if verdict in VERDICTS:
            found.append(
                Comparison(
                    metric=untrusted.text(item.get("metric"), NAME),
                    champion=untrusted.text(item.get("champion"), NAME),
                    verdict=str(verdict),
                    difference=untrusted.number(item.get("difference")),
                    low=untrusted.number(item.get("ci_low")),
                    high=untrusted.number(item.get("ci_high")),
                )
            )
    return found


def _thresholds(found: Any, problems: list[str]) -> dict[str, dict[str, float]]:
    read: dict[str, dict[str, float]] = {}
    for metric, limits in untrusted.mapping(found).items():
        numbers = {
            side: value
            for side in ("min", "max")
            if (value := untrusted.number(untrusted.mapping(limits).get(side))) is not None
        }
        if numbers:
            read[untrusted.text(metric, NAME)] = numbers
        else:
            problems.append(f"The threshold of {untrusted.text(metric, NAME)} names no min or max.")
    return read


def number(value: float | None, *, sign: bool = False) -> str:
    """A value to four significant digits."""
    if value is None:
        return "unknown"
    return f"{value:+.4g}" if sign else f"{value:.4g}"
