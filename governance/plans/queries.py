"""Reads of change plans: which stand, how often each was used."""

from datetime import datetime

from django.db.models import QuerySet

from governance.plans.models import ChangePlan
from governance.reasons import Reason
from governance.requests.models import (
    GRANTED_STATES,
    ApprovalRequest,
    RequestKind,
    RequestState,
)
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import ModelVersion

# What of the plan's own approval reaches the versions approved under it: its base version may be
# deleted, and its checks are not theirs.
OF_THE_PLAN = frozenset(
    {
        Reason.NO_REQUEST,
        Reason.IN_REVIEW,
        Reason.CHANGES_REQUESTED,
        Reason.REJECTED,
        Reason.WITHDRAWN,
        Reason.SUSPENDED,
        Reason.REVOKED,
        Reason.SUPERSEDED,
        Reason.EXPIRED,
        Reason.CONDITION_OVERDUE,
        Reason.STALE_CARD,
        Reason.STALE_POLICY,
        Reason.STALE_TIER,
        Reason.TIER_SEAT_MISSING,
        Reason.SIGNER_LEFT,
        Reason.OWNER_LEFT,
        Reason.SIGNATURE_BROKEN,
    }
)


def visible_plans(actor: Actor) -> QuerySet[ChangePlan]:
    """The change plans that `actor` may read."""
    plans = ChangePlan.objects.all()
    return plans if allowed(actor, "approval.view") else plans.none()


def plan_request(plan: ChangePlan) -> ApprovalRequest | None:
    """The request by which the plan itself was asked for."""
    from governance.requests.standing import with_facts

    asked = with_facts(ApprovalRequest.objects.filter(plan=plan, kind=RequestKind.PLAN))
    return asked.order_by("-id").first()


def uses_of(plan: ChangePlan) -> QuerySet[ApprovalRequest]:
    """The versions that were approved under a plan."""
    return ApprovalRequest.objects.filter(plan=plan, kind=RequestKind.UNDER_PLAN)


def left_of(plan: ChangePlan) -> int:
    """How many versions the plan may still approve."""
    return max(0, plan.quota - uses_of(plan).count())


def plan_causes(plan: ChangePlan, at: datetime) -> list[tuple[Reason, str]]:
    """Why the plan does not stand at that moment; empty when it does."""
    from governance.requests.standing import standing_of

    if plan.ended_at and plan.ended_at <= at:
        return [(Reason.REVOKED, f"Change plan {plan.pk} was ended.")]
    if plan.expires_on < at.date():
        ended = f"Change plan {plan.pk} ended on {plan.expires_on:%d %B %Y}."
        return [(Reason.EXPIRED, ended)]
    request = plan_request(plan)
    if request is None:
        return [(Reason.NO_REQUEST, f"Change plan {plan.pk} was never filed.")]
    if request.state == RequestState.DRAFT:
        return [(Reason.NO_REQUEST, f"Request {request.pk} for change plan {plan.pk} is a draft.")]
    causes = standing_of(request, at=at).causes
    return [
        (cause.code, f"Change plan {plan.pk}: {cause.text}")
        for cause in causes
        if cause.code in OF_THE_PLAN
    ]


def plans_for(version: ModelVersion) -> QuerySet[ChangePlan]:
    """Plans of the version's model that it is newer than and that may still approve something."""
    return ChangePlan.objects.filter(
        model=version.model_id,
        ended_at=None,
        requests__kind=RequestKind.PLAN,
        requests__state__in=GRANTED_STATES,
        requests__version__ordinal__lt=version.ordinal,
    ).distinct()


def is_judged(version: ModelVersion, environment: str) -> bool:
    """Whether somebody has asked for this version's approval already, whatever came of it."""
    asked = ApprovalRequest.objects.filter(version=version, environment=environment)
    return asked.exclude(kind=RequestKind.PLAN).exclude(state="withdrawn").exists()
