"""Metrics of versions: which to show, and how each stands against the champion's."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 5
HIGHER = re.compile(
    r"auc|accuracy|f1|precision|recall|r2|ndcg|hit_rate|map_at|qini|coverage|kappa|mcc"
)
LOWER = re.compile(r"rmse|mae|mse|mape|wape|smape|mase|loss|error|brier|latency|pinball")
SIGNED = re.compile(r"bias")
HELD_OUT = re.compile(r"^(test|val|validation|eval|holdout|oos)[_\-./]")


@dataclass(frozen=True)
class Measure:
    """One metric of one version, with its distance from the champion's when there is one."""

    name: str
    value: float | None
    delta: float | None = None

    @property
    def verdict(self) -> str:
        """`better` or `worse` than the champion, or nothing where the name does not say."""
        if not self.delta or self.value is None:
            return ""
        if SIGNED.search(self.name.lower()):
            closer = abs(self.value) - abs(self.value - self.delta)
            return "" if not closer else "better" if closer < 0 else "worse"
        lower, higher = LOWER.search(self.name.lower()), HIGHER.search(self.name.lower())
        if bool(lower) == bool(higher):
            return ""
        return "better" if (self.delta > 0) == bool(higher) else "worse"

    @property
    def change(self) -> str:
        """The distance with its sign; a true minus, as people read it."""
        if self.delta is None:
            return ""
        if not self.delta:
            return "±0"
        text = f"{self.delta:+,.0f}" if abs(self.delta) >= 1000 else f"{self.delta:+.3g}"
        return text.replace("-", "−")


def number(value: Any) -> float | None:
    """A finite number, or None for anything else a source may have sent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def names(all_metrics: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every metric, those that most versions have and those on held-out data first."""
    counts = Counter(name for metrics in all_metrics for name in metrics)
    return sorted(counts, key=lambda name: (-counts[name], _rank(name), name))


def _rank(name: str) -> tuple[bool, bool, bool]:
    """Metrics on held-out data first, then scores, then errors, then what is no quality."""
    low = name.lower()
    return not HELD_OUT.match(low), not HIGHER.search(low), not LOWER.search(low)


def measures(
    metrics: Mapping[str, Any], wanted: Iterable[str], champion: Mapping[str, Any] | None
) -> list[Measure]:
    """The wanted metrics of one version, each against the champion's."""
    found = []
    for name in wanted:
        value = number(metrics.get(name))
        base = number(champion.get(name)) if champion else None
        delta = value - base if value is not None and base is not None else None
        found.append(Measure(name, value, delta))
    return found
