"""A revision of the policy laid out for people: tiers side by side, seats, checks and clocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.checks.registry import all_checks
from governance.gate.models import GateMode
from governance.policies.comparison import seat_words
from governance.policies.models import PolicyRevision
from governance.policies.rules import FLAG_WORDS, TIERS
from registry.deployments.models import Environment
from registry.inventory.models import RiskTier, Task

REQUIRED, ADVISED = "Required", "Advised"


@dataclass(frozen=True)
class Row:
    """One line of the table of tiers: a name, and what each tier says."""

    name: str
    cells: list[str]
    help: str = ""


class Reading:
    """The rules of one revision in words."""

    def __init__(self, policy: PolicyRevision) -> None:
        self.rules: Mapping[str, Any] = policy.rules

    @property
    def tiers(self) -> list[RiskTier]:
        """The tiers, in the order of the columns."""
        return [RiskTier(tier) for tier in TIERS]

    @property
    def clocks(self) -> list[Row]:
        """How long things take and hold."""
        return [
            Row("Approval holds", self._each(lambda t: f"{t['valid_days']} days")),
            Row("Review takes at most", self._each(lambda t: working(t["clock_working_days"]))),
            Row("Retrains by change plan", self._each(lambda t: plan_words(t["plan"]))),
        ]

    @property
    def seats(self) -> list[list[str]]:
        """The seats of each tier, in order."""
        return [[seat_words(seat) for seat in self.rules["tiers"][tier]["seats"]] for tier in TIERS]

    @property
    def checks(self) -> list[Row]:
        """What each check counts for in each tier."""
        return [
            Row(check.title, self._each(lambda t, id=check.id: counts(t, id)), check.about)
            for check in all_checks().values()
        ]

    @property
    def environments(self) -> list[tuple[str, str, str]]:
        """Each environment, whether it asks for approval, and how its gate answers."""
        return [
            (
                str(Environment(name).label),
                "needs an approval" if item["approval"] else "needs no approval",
                str(GateMode(item["gate"]).label).lower(),
            )
            for name in Environment.values
            if (item := self.rules["environments"].get(name))
        ]

    @property
    def flags(self) -> list[tuple[str, str]]:
        """Which seats each flag of the risk assessment adds."""
        return [
            (FLAG_WORDS.get(flag, flag), "; ".join(seat_words(seat) for seat in item["seats"]))
            for flag, item in self.rules.get("flags", {}).items()
        ]

    @property
    def thresholds(self) -> list[tuple[str, str]]:
        """What every model of a task must reach."""
        labels = dict(Task.choices)
        return [
            (str(labels.get(task, "Unknown task")), f"{metric} {limit_words(limits)}")
            for task, metrics in self.rules.get("thresholds", {}).items()
            for metric, limits in metrics.items()
        ]

    @property
    def others(self) -> list[tuple[str, str]]:
        """The emergency path and the notices."""
        rush, notice = self.rules["emergency"], self.rules["reattestation"]
        days = ", ".join(str(day) for day in notice["condition_notice_days"])
        return [
            (
                "Emergency approval",
                f"{rush['hours']} hours, renewed {rush['renewals']} times at most, reviewed "
                f"within {working(rush['review_working_days'])}",
            ),
            ("Too many emergencies", f"more than {rush['changes_in_90_days']} in 90 days"),
            ("Before an approval expires", f"people are told {notice['notice_days']} days ahead"),
            ("Before a condition is due", f"people are told {days} days ahead"),
            ("When an owner leaves", f"{notice['owner_days']} days to name another"),
        ]

    def _each(self, say: Any) -> list[str]:
        return [say(self.rules["tiers"][tier]) for tier in TIERS]


def working(days: int) -> str:
    """A number of working days."""
    return f"{days} working day{'' if days == 1 else 's'}"


def plan_words(plan: Mapping[str, Any]) -> str:
    """Whether and how far change plans go."""
    if not plan["allowed"]:
        return "no"
    return f"{plan['quota']} within {plan['days']} days"


def counts(tier: Mapping[str, Any], check_id: str) -> str:
    """What a check counts for in a tier."""
    if check_id in tier["required"]:
        return REQUIRED
    return ADVISED if check_id in tier["advised"] else ""


def limit_words(limits: Mapping[str, Any]) -> str:
    """The least and the most of a metric."""
    words = {"min": "at least", "max": "at most"}
    sides = [side for side in words if side in limits]
    return " and ".join(f"{words[side]} {limits[side]:g}" for side in sides)
