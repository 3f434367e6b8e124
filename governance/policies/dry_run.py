"""What a draft would do: today's portfolio and the last requests, judged by both policies.

Nothing is stored about a model and nothing changes: the checks read what is known now.
"""

from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone

from governance.checks.facts import Facts
from governance.checks.running import LOADED, blocking, outcomes_of
from governance.policies.comparison import role_words, title_of
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.policies.rules import approval_needed, gate_mode, seats_for
from governance.requests.models import ApprovalRequest, RequestKind
from registry.deployments.models import Deployment, Environment
from registry.inventory.models import ModelVersion

REQUESTS = 100
MOST_MODELS = 500


@dataclass(frozen=True)
class Line:
    """One version or request: why the draft stops it, and why the policy in force does."""

    what: str
    link: str
    reasons: list[str]
    before: list[str]


def dry_run(draft: PolicyRevision) -> dict[str, Any]:
    """What the draft would block, of what serves in production and of the last requests."""
    current = policy_in_force()
    versions = [_served(version, draft, current) for version in _serving()]
    requests = [_requested(request, draft, current) for request in _requests()]
    everything = [*versions, *requests]
    return {
        "digest": draft.digest,
        "against": current.number,
        "at": timezone.now().isoformat(timespec="seconds"),
        "versions": len(versions),
        "requests": len(requests),
        "blocked_versions": [asdict(line) for line in versions if line.reasons],
        "blocked_requests": [asdict(line) for line in requests if line.reasons],
        "blocked": sum(1 for line in everything if line.reasons),
        "newly": sum(1 for line in everything if line.reasons and not line.before),
        "freed": [asdict(line) for line in everything if line.before and not line.reasons],
    }


def _serving() -> list[ModelVersion]:
    live = Deployment.objects.filter(
        environment=Environment.PRODUCTION, ended_at__isnull=True, version__gone_at__isnull=True
    )
    ids = live.exclude(version=None).values("version_id")
    versions = ModelVersion.objects.filter(pk__in=ids).select_related(*LOADED)
    return list(versions.order_by("model__name", "-ordinal")[:MOST_MODELS])


def _requests() -> list[ApprovalRequest]:
    asked = ApprovalRequest.objects.exclude(state__in=("draft", "withdrawn"))
    related = [f"version__{name}" for name in LOADED]
    newest = asked.exclude(kind=RequestKind.EMERGENCY).select_related("version", *related)
    return list(newest.prefetch_related("sign_offs")[:REQUESTS])


def _served(version: ModelVersion, draft: PolicyRevision, current: PolicyRevision) -> Line:
    """A version that serves: which required checks would stop its next deployment."""
    facts = Facts(version, str(Environment.PRODUCTION), draft)
    return Line(
        what=str(version),
        link=f"/models/{version.model_id}/versions/{version.version}/checks/",
        reasons=_failing(facts),
        before=_failing(facts.under(current)),
    )


def _requested(request: ApprovalRequest, draft: PolicyRevision, current: PolicyRevision) -> Line:
    """A request: which seats it would still need, and which required checks would stop it."""
    facts = Facts(request.version, request.environment, draft)
    return Line(
        what=f"Request {request.pk}: {request.version}",
        link=f"/approvals/{request.pk}/",
        reasons=_reasons(request, facts),
        before=_reasons(request, facts.under(current)),
    )


def _reasons(request: ApprovalRequest, facts: Facts) -> list[str]:
    if not approval_needed(facts.policy, request.environment):
        return []
    if not request.decided_at:
        return _failing(facts)
    given = ("approve", "conditional")
    signed = {s.role for s in request.sign_offs.all() if s.decision in given}
    seats = seats_for(facts.policy, request.tier, request.subject.get("flags", []))
    missing = [role_words(seat.role) for seat in seats if seat.role not in signed]
    return [f"{role} has not signed" for role in missing] + _failing(facts)


def _failing(facts: Facts) -> list[str]:
    if gate_mode(facts.policy, facts.environment) != "enforce":
        return []
    failing = blocking(outcomes_of(facts))
    return [f"Check “{title_of(check_id)}” does not pass" for check_id in failing]
