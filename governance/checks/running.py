"""Running the checks: what they find now, in a fixed order, with a digest over it."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from governance.checks.facts import Facts
from governance.checks.models import Verdict
from governance.checks.registry import Check, Found, all_checks
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.policies.rules import required_checks
from portal.trail.services import canonical
from registry.inventory.models import ModelVersion

logger = logging.getLogger(__name__)
HOLDS = frozenset({Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE})
LOADED = ("model__owner", "model__team__business_unit", "model__source")


@dataclass(frozen=True)
class Outcome:
    """What one check found, and whether the policy requires it of the tier."""

    check: Check
    found: Found
    is_required: bool

    @property
    def check_id(self) -> str:
        """The check's id."""
        return self.check.id

    @property
    def title(self) -> str:
        """The check's title."""
        return self.check.title

    @property
    def verdict(self) -> str:
        """What it found."""
        return self.found.verdict.value


@dataclass(frozen=True)
class Findings:
    """What all checks find at one moment; `digest` names no time."""

    facts: Facts
    outcomes: list[Outcome]

    @property
    def digest(self) -> str:
        """SHA-256 over tier, policy and what each check found."""
        said = {
            "tier": self.facts.tier,
            "policy": self.facts.policy.digest,
            "checks": [
                {
                    "id": outcome.check_id,
                    "verdict": outcome.verdict,
                    "required": outcome.is_required,
                    "facts": outcome.found.facts,
                }
                for outcome in self.outcomes
            ],
        }
        return hashlib.sha256(canonical(said).encode()).hexdigest()


class Judged(Protocol):
    """A check's verdict, stored or fresh."""

    @property
    def check_id(self) -> str:
        """The check's id."""
        ...

    @property
    def verdict(self) -> str:
        """What it found."""
        ...

    @property
    def is_required(self) -> bool:
        """Whether the policy requires it."""
        ...


def checks_find(
    version: ModelVersion, environment: str, *, policy: PolicyRevision | None = None
) -> Findings:
    """What every check finds now; reads only, stores nothing.

    `version` has `running.LOADED` loaded. A check that breaks could not run; the rest still do.
    """
    facts = Facts(version, environment, policy or policy_in_force())
    return Findings(facts, outcomes_of(facts))


def outcomes_of(facts: Facts) -> list[Outcome]:
    """What each check finds, with whether the facts' policy requires it of their tier.

    Checks that the policy does not name run as well: an approval that was given under an earlier
    revision is still judged by what that one required.
    """
    required = set(required_checks(facts.policy, facts.tier))
    return [
        Outcome(check, _guarded(check, facts), check.id in required)
        for check in all_checks().values()
    ]


def _guarded(check: Check, facts: Facts) -> Found:
    """A check's answer; odd facts from outside must not keep the others from running."""
    try:
        return check.run(facts)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        logger.exception("check %s broke on version %s", check.id, facts.version.pk)
        detail = f"This check broke on odd facts ({type(error).__name__}). Tell a platform admin."
        return Found(Verdict.COULD_NOT_RUN, "Nothing", detail)


def blocking(results: Iterable[Judged]) -> list[str]:
    """The ids of required checks that close the gate: they fail, or could not run."""
    return [r.check_id for r in results if r.is_required and r.verdict not in HOLDS]


def worsened(before: Iterable[Judged], now: Iterable[Judged]) -> list[str]:
    """The ids of required checks that held before and do not now."""
    held = {r.check_id for r in before if r.verdict in HOLDS}
    return [check_id for check_id in blocking(now) if check_id in held]
