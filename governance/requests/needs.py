"""What the policy asks of one request: which seats, by when to answer, for how long it is valid."""

from datetime import datetime, timedelta

from governance.policies.models import PolicyRevision
from governance.policies.rules import (
    SeatRule,
    clock_days,
    seats_for,
    valid_days,
    working_days_after,
)
from governance.requests.models import RequestKind
from governance.tiers.models import TierAssessment
from portal.accounts.permissions import Role
from registry.inventory.models import RegisteredModel

ON_CALL, DUTY = Role.ML_OPS.value, Role.DATA_GOVERNANCE.value
EMERGENCY_SEATS = [
    SeatRule(ON_CALL, why="Whoever is on call and makes the change"),
    SeatRule(DUTY, why="Governance on duty"),
]


def seats_needed(
    policy: PolicyRevision, tier: str, flags: list[str], kind: str = RequestKind.STANDARD
) -> list[SeatRule]:
    """The seats of a request of that kind."""
    if kind == RequestKind.EMERGENCY:
        return EMERGENCY_SEATS
    return [] if kind == RequestKind.UNDER_PLAN else seats_for(policy, tier, flags)


def flags_of(model: RegisteredModel) -> list[str]:
    """The flags of the model's newest risk assessment."""
    newest = TierAssessment.objects.filter(model=model).values_list("flags", flat=True).first()
    return sorted(newest or [])


def due_after(policy: PolicyRevision, tier: str, start: datetime) -> datetime:
    """When a request that was filed at `start` is to be answered."""
    return working_days_after(start, clock_days(policy, tier))


def valid_until(policy: PolicyRevision, tier: str, start: datetime) -> datetime:
    """When an approval given at `start` ends."""
    return start + timedelta(days=valid_days(policy, tier))
