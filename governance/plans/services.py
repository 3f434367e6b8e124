"""Verbs on change plans: propose one, try a new version against it, end it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.checks.models import CheckRun, Verdict
from governance.plans.envelope import MetricLimit, envelope_of, outside
from governance.plans.models import ChangePlan
from governance.plans.queries import is_judged, left_of, plan_causes, plans_for, visible_plans
from governance.policies.queries import policy_in_force
from governance.policies.rules import plan_rule
from governance.requests.models import (
    OPEN_STATES,
    ApprovalRequest,
    RequestKind,
    RequestState,
)
from governance.requests.needs import flags_of, valid_until
from governance.requests.services.filing import locked_version, request_open
from governance.requests.services.states import grant, text_of, told
from governance.requests.subjects import frozen_subject
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.models import TrailEvent
from portal.trail.services import record
from registry.cards.queries import standing_revision
from registry.inventory.models import DetailState, ModelVersion, RegisteredModel

FAILING = (Verdict.FAIL, Verdict.COULD_NOT_RUN)


def plan_propose(
    *,
    actor: Actor,
    version_id: int,
    environment: str,
    limits: list[MetricLimit],
    quota: int,
    expires_on: date,
    purpose: str,
    most_days: int | None = None,
) -> ApprovalRequest:
    """A draft that asks for a change plan around this version, within what its tier allows."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "plan.propose", version)
        _check(version, quota, expires_on)
        why = text_of("purpose", purpose, "Say what is retrained, how often and why.")
        open_plan = ApprovalRequest.objects.filter(
            version=version,
            environment=environment,
            kind=RequestKind.PLAN,
            state__in=OPEN_STATES,
        ).first()
        if open_plan:
            raise Conflict(
                f"Request {open_plan.pk} asks for a change plan of this version already. Continue "
                "there, or withdraw it first.",
                code="already-open",
            )
        plan = ChangePlan.objects.create(
            model=version.model,
            environment=environment,
            envelope=envelope_of(version, limits, most_days),
            quota=quota,
            expires_on=expires_on,
            author_id=actor.user_id,
            author_name=actor.name[:120],
        )
        record(actor, "plan.propose", plan, after=_told(plan), reason=why)
        return request_open(
            actor=actor,
            version_id=version.pk,
            environment=environment,
            purpose=why,
            kind=RequestKind.PLAN,
            plan_id=plan.pk,
        )


def plan_try(*, actor: Actor, version_id: int, environment: str) -> ApprovalRequest | None:
    """Approve a new version under a plan of its model, when it is inside; None when it is not.

    Tried again, nothing changes: a version that was judged already is left alone, and why a
    version is outside is recorded once.
    """
    at = timezone.now()
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "approval.request", version)
        if is_judged(version, environment) or version.detail_state != DetailState.COMPLETE:
            return None
        refusals: dict[int, list[str]] = {}
        for plan in plans_for(version).filter(environment=environment).order_by("-id"):
            refusals[plan.pk] = _refusals(plan, version, environment, at)
            if not refusals[plan.pk]:
                return _approve(actor, plan, version, at)
        _record_outside(actor, version, refusals)
    return None


def plan_end(*, actor: Actor, plan_id: int, reason: str) -> ChangePlan:
    """End a plan: no more versions, and what it approved is to be approved in full."""
    with transaction.atomic():
        plan = visible_plans(actor).select_related("model__team").get(pk=plan_id)
        RegisteredModel.objects.select_for_update().get(pk=plan.model_id)
        plan = ChangePlan.objects.select_for_update(of=("self",)).get(pk=plan_id)
        require(actor, "plan.propose", plan.model)
        if plan.ended_at:
            return plan
        why = text_of("reason", reason, "Say why the plan ends.")
        plan.ended_at = timezone.now()
        plan.save(update_fields=["ended_at"])
        record(actor, "plan.end", plan, after=_told(plan), reason=why)
    return plan


def _check(version: ModelVersion, quota: int, expires_on: date) -> None:
    tier = version.model.risk_tier
    if not tier:
        raise Conflict(
            f"{version.model.name} has no risk tier yet; answer the risk questionnaire first.",
            code="no-tier",
        )
    rule = plan_rule(policy_in_force(), tier)
    if not rule.allowed:
        raise Conflict(
            f"A {tier} model is approved version by version; its tier allows no change plan.",
            code="no-plan",
        )
    if not 1 <= quota <= rule.quota:
        raise Invalid.at("quota", f"Tier {tier} allows from 1 to {rule.quota} versions.")
    today = timezone.now().date()
    if not today < expires_on <= today + timedelta(days=rule.days):
        raise Invalid.at("expires_on", f"Tier {tier} allows {rule.days} days at most from today.")


def _refusals(plan: ChangePlan, version: ModelVersion, environment: str, at: datetime) -> list[str]:
    found = [text for _, text in plan_causes(plan, at)]
    if left_of(plan) < 1:
        found.append(f"Change plan {plan.pk} has approved its {plan.quota} versions.")
    found += outside(plan.envelope, version)
    runs = CheckRun.objects.filter(version=version, environment=environment)
    run = runs.order_by("-id").first()
    if run is None:
        return [*found, "The checks have not run yet."]
    bad = run.results.filter(is_required=True, verdict__in=FAILING)
    return found + [f"A required check does not pass: {row.title}." for row in bad]


def _approve(
    actor: Actor, plan: ChangePlan, version: ModelVersion, at: datetime
) -> ApprovalRequest:
    policy = policy_in_force()
    request = ApprovalRequest.objects.create(
        version=version,
        environment=plan.environment,
        kind=RequestKind.UNDER_PLAN,
        tier=version.model.risk_tier,
        policy=policy,
        plan=plan,
        card_revision=standing_revision(version),
        check_run=version.check_runs.filter(environment=plan.environment).first(),
        round=1,
        purpose=f"Inside change plan {plan.pk}.",
        requester_id=plan.author_id,
        requester_name=plan.author_name,
        submitted_at=at,
        is_demo=version.model.is_demo,
    )
    subject = frozen_subject(request, flags=flags_of(version.model), seats=[])
    request.subject, request.digest = subject.facts, subject.digest
    request.save(update_fields=["subject", "digest"])
    last = datetime.combine(plan.expires_on, time.max, UTC)
    until = min(valid_until(policy, request.tier, at), last)
    grant(request, RequestState.APPROVED, at=at, until=until)
    after = {**told(request), "plan": plan.pk, "left": left_of(plan)}
    record(actor, "approval.under_plan", request, after=after)
    return request


def _record_outside(actor: Actor, version: ModelVersion, refusals: dict[int, list[str]]) -> None:
    if not refusals:
        return
    told_before = TrailEvent.objects.filter(
        verb="plan.outside",
        subject_kind=version._meta.label_lower,
        subject_id=str(version.pk),
    )
    if not told_before.exists():
        after = {str(plan): texts for plan, texts in refusals.items()}
        record(actor, "plan.outside", version, after=after, reason="It needs a full request.")


def _told(plan: ChangePlan) -> dict[str, Any]:
    return {
        "model": plan.model_id,
        "environment": plan.environment,
        "envelope": plan.envelope,
        "quota": plan.quota,
        "expires_on": plan.expires_on,
        "ended_at": plan.ended_at,
    }
