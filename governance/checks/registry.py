"""Declaring checks: `@check("signature", title="Signature present")` over a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from governance.checks.models import Verdict

if TYPE_CHECKING:
    from governance.checks.facts import Facts

MODULES = (
    "card_checks",
    "evaluation_checks",
    "lineage_checks",
    "artifact_checks",
    "operation_checks",
)


@dataclass(frozen=True)
class Found:
    """What a check found: its verdict, what it looked at, why, and where to see or mend it.

    `facts` hold what a program compares; they name no times, so that the same findings give the
    same digest.
    """

    verdict: Verdict
    looked_at: str
    detail: str
    link: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A declared check."""

    id: str
    title: str
    about: str
    run: "Callable[[Facts], Found]"


def counted(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


_CHECKS: dict[str, Check] = {}


def check(
    id: str, *, title: str
) -> "Callable[[Callable[[Facts], Found]], Callable[[Facts], Found]]":
    """Declare a check; the function's first sentence says what it asks."""

    def declare(function: "Callable[[Facts], Found]") -> "Callable[[Facts], Found]":
        about = (function.__doc__ or "").strip().splitlines()[0]
        _CHECKS[id] = Check(id, title, about, function)
        return function

    return declare


@cache
def all_checks() -> Mapping[str, Check]:
    """Every check by its id, in the order in which people read them."""
    for name in MODULES:
        import_module(f"governance.checks.{name}")
    return _CHECKS
