"""What a policy's rules mean, typed: seats, checks, periods, clocks, gate modes.

The rules are data of this form (`defaults/1.toml` is the revision that Signet ships with):

    environments.<name>   approval (true or false), gate (enforce, warn or observe)
    tiers.<T1..T4>        seats, valid_days, clock_working_days, plan, required, advised
    flags.<flag>.seats    seats that a flag of the risk assessment adds
    thresholds.<task>     metric = { min, max }: what every model of that task must reach
    emergency, reattestation

A model without a tier is held to the strictest one, T1: nobody has said yet that less will do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.policies.models import PolicyRevision

TIERS = ("T1", "T2", "T3", "T4")
STRICTEST = "T1"
SATURDAY = 5
FLAG_WORDS = {
    "personal_data": "personal data is used",
    "legal_class": "the law may count the use as high-risk",
}


@dataclass(frozen=True)
class SeatRule:
    """A signature that is asked for; `after` names the roles that sign before, `why` what asks."""

    role: str
    after: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class PlanRule:
    """Whether retrains may be approved by a change plan, for how long and how many at most."""

    allowed: bool
    days: int = 0
    quota: int = 0


@dataclass(frozen=True)
class EmergencyRule:
    """The emergency path: life, renewals, days until the review, how many are too many."""

    hours: int
    renewals: int
    review_working_days: int
    changes_in_90_days: int


@dataclass(frozen=True)
class ReattestationRule:
    """When people are told before an approval or a condition runs out, and what an owner gets."""

    notice_days: int
    owner_days: int
    condition_notice_days: tuple[int, ...]


def tier_rules(policy: PolicyRevision, tier: str) -> Mapping[str, Any]:
    """The rules of a tier; those of the strictest for a model that has none."""
    found: Mapping[str, Any] = policy.rules["tiers"][tier or STRICTEST]
    return found


def seats_for(policy: PolicyRevision, tier: str, flags: Iterable[str] = ()) -> list[SeatRule]:
    """The seats of a request in the policy's order, each role once, with what asks for it.

    A role in `after` that has no seat itself is left out, so that nobody waits for it.
    """
    asked = [(seat, f"Tier {tier or STRICTEST}") for seat in tier_rules(policy, tier)["seats"]]
    for flag in sorted(set(flags)):
        words = FLAG_WORDS.get(flag, flag.replace("_", " "))
        added = policy.rules.get("flags", {}).get(flag, {}).get("seats", [])
        asked += [(seat, f"Because {words}") for seat in added]
    roles = {seat["role"] for seat, _ in asked}
    seats: dict[str, SeatRule] = {}
    for seat, why in asked:
        after = tuple(role for role in seat.get("after", ()) if role in roles)
        seats.setdefault(seat["role"], SeatRule(seat["role"], after, why))
    return list(seats.values())


def required_checks(policy: PolicyRevision, tier: str) -> tuple[str, ...]:
    """The checks that close the gate unless they pass."""
    return tuple(tier_rules(policy, tier)["required"])


def advised_checks(policy: PolicyRevision, tier: str) -> tuple[str, ...]:
    """The checks that only warn."""
    return tuple(tier_rules(policy, tier)["advised"])


def valid_days(policy: PolicyRevision, tier: str) -> int:
    """How many calendar days an approval holds."""
    return int(tier_rules(policy, tier)["valid_days"])


def clock_days(policy: PolicyRevision, tier: str) -> int:
    """How many working days a review may take."""
    return int(tier_rules(policy, tier)["clock_working_days"])


def plan_rule(policy: PolicyRevision, tier: str) -> PlanRule:
    """Whether and how far a change plan may approve retrains."""
    return PlanRule(**tier_rules(policy, tier)["plan"])


def approval_needed(policy: PolicyRevision, environment: str) -> bool:
    """Whether an environment asks for an approval; one that the policy does not name does."""
    return bool(policy.rules["environments"].get(environment, {}).get("approval", True))


def gate_mode(policy: PolicyRevision, environment: str) -> str:
    """How the gate answers for an environment; one that the policy does not name is enforced."""
    return str(policy.rules["environments"].get(environment, {}).get("gate", "enforce"))


def thresholds_for(policy: PolicyRevision, task: str) -> dict[str, dict[str, float]]:
    """What the policy asks of the metrics of every model of a task."""
    found = policy.rules.get("thresholds", {}).get(task or "unknown", {})
    return {metric: dict(limits) for metric, limits in found.items()}


def emergency_rule(policy: PolicyRevision) -> EmergencyRule:
    """The rules of the emergency path."""
    return EmergencyRule(**policy.rules["emergency"])


def reattestation_rule(policy: PolicyRevision) -> ReattestationRule:
    """When people are told that something runs out."""
    found = policy.rules["reattestation"]
    return ReattestationRule(
        notice_days=found["notice_days"],
        owner_days=found["owner_days"],
        condition_notice_days=tuple(found["condition_notice_days"]),
    )


def working_days_after(start: datetime, count: float) -> datetime:
    """The moment `count` working days after `start`: weekends do not count, holidays do.

    Works with fractions, so that half a clock can be told: 2.5 days after Monday noon is
    Wednesday midnight.
    """
    moment, left = start, timedelta(days=count)
    while True:
        if moment.weekday() >= SATURDAY:
            moment = _next_midnight(moment)
            continue
        step = min(left, _next_midnight(moment) - moment)
        moment, left = moment + step, left - step
        if not left and moment.weekday() < SATURDAY:
            return moment


def _next_midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
