"""Whether a request's row still says what its signers signed; the row itself carries no signature.

Whoever holds the database can give it another environment, a later last day, or fewer seats.
"""

from datetime import datetime, timedelta
from typing import Any

from governance.policies.queries import rules_digest
from governance.policies.rules import emergency_rule
from governance.requests.models import ApprovalRequest, RequestKind
from governance.requests.needs import valid_until
from governance.requests.seats import SeatState

WORDS = {
    "environment": "the environment",
    "version_id": "the version",
    "kind": "the kind of request",
    "tier": "the risk tier",
    "policy": "the policy revision",
}


def unsigned_facts(request: ApprovalRequest, seats: list[SeatState]) -> list[str]:
    """What the request says otherwise than its newest signature, in words; empty when nothing."""
    newest = max((one.sign_off for one in seats if one.sign_off), key=lambda row: row.pk)
    signed = newest.subject
    now = {
        "environment": request.environment,
        "version_id": request.version_id,
        "kind": request.kind,
        "tier": request.tier,
        "policy": request.policy.number if request.policy else None,
    }
    policy = signed.get("policy") or {}
    then = {**signed, "policy": policy.get("revision")}
    found = [WORDS[name] for name, value in now.items() if value != then.get(name)]
    if request.policy and rules_digest(request.policy.rules) != policy.get("digest"):
        found.append("the policy's rules")
    if request.subject != signed:
        found.append("what is judged")
    if _roles(signed) - {one.seat.role for one in seats}:
        found.append("the seats")
    last = _last_moment(request, newest.at)
    if last and request.expires_at and request.expires_at > last:
        found.append("its last day")
    return found


def _roles(subject: dict[str, Any]) -> set[str]:
    return {str(seat["role"]) for seat in subject.get("seats", [])}


def _last_moment(request: ApprovalRequest, decided_at: datetime) -> datetime | None:
    """The latest end that the policy gives an approval that was decided then."""
    if request.policy is None:
        return None
    if request.kind == RequestKind.EMERGENCY:
        rule = emergency_rule(request.policy)
        return decided_at + timedelta(hours=rule.hours * (1 + rule.renewals))
    return valid_until(request.policy, request.tier, decided_at)
