"""What differs between two revisions of the policy, in words, rule by rule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.checks.registry import all_checks
from portal.accounts.permissions import Role

WORDS = {
    "environments": "",
    "tiers": "",
    "approval": "asks for approval",
    "gate": "gate",
    "seats": "seats",
    "valid_days": "valid for days",
    "clock_working_days": "review within working days",
    "plan": "change plan",
    "allowed": "allowed",
    "days": "days",
    "quota": "versions at most",
    "required": "required checks",
    "advised": "advised checks",
    "flags": "if flagged",
    "thresholds": "least and most of metrics",
    "emergency": "emergency",
    "reattestation": "notices",
}


@dataclass(frozen=True)
class Difference:
    """One rule that two revisions put differently; an empty side does not have it."""

    place: str
    before: str
    after: str

    @property
    def words(self) -> str:
        """The rule's place in words."""
        parts = [WORDS.get(part, part.replace("_", " ")) for part in self.place.split(".")]
        return ": ".join(part for part in parts if part)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every rule that differs, in the order of the rules."""
    old, new = dict(_leaves("", before)), dict(_leaves("", after))
    places = [*new, *(place for place in old if place not in new)]
    return [
        Difference(place, old.get(place, ""), new.get(place, ""))
        for place in places
        if old.get(place, "") != new.get(place, "")
    ]


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(f"{place}.{name}" if place else str(name), part)
    else:
        yield place, said(place.rpartition(".")[2], value)


def said(key: str, value: Any) -> str:
    """One rule's value in words."""
    if key == "seats" and isinstance(value, list):
        return "; ".join(seat_words(seat) for seat in value) or "none"
    if key in ("required", "advised") and isinstance(value, list):
        return "; ".join(title_of(item) for item in sorted(map(str, value))) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def title_of(check_id: str) -> str:
    """A check's title; its id when this version of Signet has no such check."""
    check = all_checks().get(check_id)
    return check.title if check else check_id


def role_words(role: str) -> str:
    """A role's name as people know it."""
    return str(Role(role).label) if role in Role.values else role


def seat_words(seat: Mapping[str, Any]) -> str:
    """A seat with what it waits for."""
    name = role_words(str(seat.get("role", "")))
    after = ", ".join(role_words(str(role)) for role in seat.get("after", []))
    return f"{name} (after {after})" if after else name
