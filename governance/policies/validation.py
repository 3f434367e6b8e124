"""Whether a draft's rules hold together: every problem with its place, in words for its author."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.checks.registry import all_checks
from governance.gate.models import GateMode
from governance.policies.rules import TIERS
from portal.accounts.permissions import SIGN_OFF_ROLES
from registry.deployments.models import Environment
from registry.inventory.models import Task

Problem = tuple[str, str]
ROLES = [str(role.value) for role in SIGN_OFF_ROLES]
PARTS = {"environments", "tiers", "flags", "thresholds", "emergency", "reattestation"}
TIER_PARTS = {"seats", "valid_days", "clock_working_days", "plan", "required", "advised"}
EMERGENCY = {
    "hours": (1, 72),
    "renewals": (0, 2),
    "review_working_days": (1, 10),
    "changes_in_90_days": (0, 50),
}
MOST_DAYS = 1_830


def rules_problems(rules: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the rules, as (place, sentence); nothing when they can be published."""
    if not isinstance(rules, Mapping):
        return [("rules", "The rules are not a table.")]
    found = [(name, "There is no such part of a policy.") for name in sorted(set(rules) - PARTS)]
    found += [
        (name, "This part is missing.")
        for name in sorted(PARTS - {"flags", "thresholds"} - set(rules))
    ]
    for part, check in (
        ("environments", _environments),
        ("tiers", _tiers),
        ("flags", _flags),
        ("thresholds", _thresholds),
        ("emergency", _emergency),
        ("reattestation", _reattestation),
    ):
        value = rules.get(part)
        if part in rules and not isinstance(value, Mapping):
            found.append((part, "This must be a table."))
        elif value is not None:
            found += check(value)
    return found


def _environments(value: Mapping[str, Any]) -> Iterator[Problem]:
    for name in Environment.values:
        if name not in value:
            yield f"environments.{name}", "This environment is missing."
    for name, item in value.items():
        place = f"environments.{name}"
        if name not in Environment.values:
            yield place, f"There is no such environment; there are {', '.join(Environment.values)}."
        elif not isinstance(item, Mapping) or set(item) != {"approval", "gate"}:
            yield place, "It has exactly two keys: approval and gate."
        elif not isinstance(item["approval"], bool):
            yield f"{place}.approval", "Write true or false."
        elif item["gate"] not in GateMode.values:
            yield f"{place}.gate", f"Choose one of {', '.join(GateMode.values)}."


def _tiers(value: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted(set(value) - set(TIERS)):
        yield f"tiers.{name}", f"There is no such tier; there are {', '.join(TIERS)}."
    for tier in TIERS:
        item = value.get(tier)
        if not isinstance(item, Mapping):
            yield f"tiers.{tier}", "This tier is missing."
        elif set(item) != TIER_PARTS:
            yield f"tiers.{tier}", f"It has exactly these keys: {', '.join(sorted(TIER_PARTS))}."
        else:
            yield from _tier(f"tiers.{tier}", item)


def _tier(place: str, item: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _seats(f"{place}.seats", item["seats"])
    if not item["seats"]:
        yield f"{place}.seats", "At least one person must sign."
    yield from _count(f"{place}.valid_days", item["valid_days"], 1, MOST_DAYS)
    yield from _count(f"{place}.clock_working_days", item["clock_working_days"], 1, 60)
    yield from _plan(f"{place}.plan", item["plan"])
    yield from _checks(place, item["required"], item["advised"])


def _seats(place: str, seats: Any) -> Iterator[Problem]:
    if not isinstance(seats, list) or not all(isinstance(seat, Mapping) for seat in seats):
        yield place, "This must be a list of seats, such as { role = “validator” }."
        return
    order = {seat.get("role"): list(_after(seat)) for seat in seats}
    if len(order) != len(seats):
        yield place, "Each role has one seat at most."
    for seat in seats:
        role = seat.get("role")
        if role not in ROLES:
            yield place, f"{role!r} is no role that signs; there are {', '.join(ROLES)}."
        for before in _after(seat):
            if before not in ROLES:
                yield place, f"{role} waits for {before!r}, which is no role that signs."
    if _circular(order):
        yield place, "Seats wait for one another in a circle, so nobody could ever sign."


def _after(seat: Mapping[str, Any]) -> list[Any]:
    after = seat.get("after", [])
    return after if isinstance(after, list) else [after]


def _circular(order: Mapping[Any, list[Any]]) -> bool:
    left = dict(order)
    while True:
        free = [role for role, after in left.items() if not any(name in left for name in after)]
        if not free:
            return bool(left)
        for role in free:
            del left[role]


def _plan(place: str, plan: Any) -> Iterator[Problem]:
    if not isinstance(plan, Mapping) or not isinstance(plan.get("allowed"), bool):
        yield place, "Say whether change plans are allowed: allowed = true or false."
    elif set(plan) - {"allowed", "days", "quota"}:
        yield place, "It has these keys only: allowed, days and quota."
    elif plan["allowed"]:
        yield from _count(f"{place}.days", plan.get("days"), 1, MOST_DAYS)
        yield from _count(f"{place}.quota", plan.get("quota"), 1, 1_000)


def _checks(place: str, required: Any, advised: Any) -> Iterator[Problem]:
    for name, listed in (("required", required), ("advised", advised)):
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            yield f"{place}.{name}", "This must be a list of checks."
            return
        for item in listed:
            if item not in all_checks():
                yield f"{place}.{name}", f"There is no check {item!r}."
    twice = sorted({item for item in required if item in advised or required.count(item) > 1})
    if twice:
        yield f"{place}.required", f"Named more than once: {', '.join(twice)}."


def _flags(value: Mapping[str, Any]) -> Iterator[Problem]:
    for flag, item in value.items():
        if not isinstance(item, Mapping) or set(item) != {"seats"}:
            yield f"flags.{flag}", "It has exactly one key: seats."
        else:
            yield from _seats(f"flags.{flag}.seats", item["seats"])


def _thresholds(value: Mapping[str, Any]) -> Iterator[Problem]:
    tasks = [task.value for task in Task if task.value] + ["unknown"]
    for task, metrics in value.items():
        if task not in tasks or not isinstance(metrics, Mapping):
            yield f"thresholds.{task}", f"Name a task: one of {', '.join(tasks)}."
            continue
        for metric, limits in metrics.items():
            place = f"thresholds.{task}.{metric}"
            if not isinstance(limits, Mapping) or not limits or set(limits) - {"min", "max"}:
                yield place, "Give min, max or both."
            elif not all(_is_number(limit) for limit in limits.values()):
                yield place, "A limit is a number."
            elif limits.get("min", limits.get("max")) > limits.get("max", limits.get("min")):
                yield place, "The least is more than the most."


def _emergency(value: Mapping[str, Any]) -> Iterator[Problem]:
    if set(value) != set(EMERGENCY):
        yield "emergency", f"It has exactly these keys: {', '.join(EMERGENCY)}."
        return
    for name, (least, most) in EMERGENCY.items():
        yield from _count(f"emergency.{name}", value[name], least, most)


def _reattestation(value: Mapping[str, Any]) -> Iterator[Problem]:
    if set(value) != {"notice_days", "owner_days", "condition_notice_days"}:
        yield (
            "reattestation",
            "It has exactly these keys: notice_days, owner_days and condition_notice_days.",
        )
        return
    yield from _count("reattestation.notice_days", value["notice_days"], 1, 90)
    yield from _count("reattestation.owner_days", value["owner_days"], 1, 90)
    days = value["condition_notice_days"]
    if not isinstance(days, list) or not days or not all(_in(day, 1, 90) for day in days):
        yield "reattestation.condition_notice_days", "This must be a list of days from 1 to 90."


def _count(place: str, value: Any, least: int, most: int) -> Iterator[Problem]:
    if not _in(value, least, most):
        yield place, f"Write a whole number from {least} to {most:,}."


def _in(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
