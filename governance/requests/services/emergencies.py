"""The emergency path: two people now, a third within two working days."""

from datetime import datetime, timedelta

from django.db import transaction

from governance.policies.queries import policy_in_force
from governance.policies.rules import EmergencyRule, SeatRule, emergency_rule
from governance.reasons import Reason
from governance.requests.models import (
    ApprovalRequest,
    Decision,
    EmergencyReview,
    RequestKind,
    RequestState,
    Seat,
    SignOff,
)
from governance.requests.needs import DUTY, EMERGENCY_SEATS, ON_CALL, flags_of
from governance.requests.seats import holders_of, persons_of, seat_states
from governance.requests.services.filing import locked_version
from governance.requests.services.signing import require_fresh, require_person, sealed
from governance.requests.services.states import (
    LIVE,
    end,
    locked,
    now,
    open_seats,
    text_of,
    told,
)
from governance.requests.signals import request_granted, request_moved, request_submitted
from governance.requests.signers import refuse_admin
from governance.requests.subjects import frozen_subject, part_digests
from portal.accounts.permissions import Role, require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid
from portal.trail.services import record
from registry.cards.queries import standing_revision
from registry.deployments.models import Environment
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion, RegisteredModel

VERDICTS = ("ratify", "revert", "improve")
REVIEWABLE = (*LIVE, "expired", "superseded")


def emergency_call(
    *,
    actor: Actor,
    version_id: int,
    environment: str,
    incident_ref: str,
    reason: str,
    reauthenticated_at: datetime | None,
) -> ApprovalRequest:
    """Call an emergency change: signed by the caller now, it waits for governance on duty.

    Calling again while it waits gives back the same request.
    """
    at = now()
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require_person(actor)
        require(actor, "approval.emergency", version)
        refuse_admin(actor)
        require_fresh(reauthenticated_at, at)
        waiting = ApprovalRequest.objects.filter(
            version=version,
            environment=environment,
            kind=RequestKind.EMERGENCY,
            state=RequestState.IN_REVIEW,
        ).first()
        if waiting:
            return waiting
        if environment not in Environment.values:
            raise Invalid.at("environment", f"Choose one of: {', '.join(Environment.values)}.")
        incident = text_of("incident_ref", incident_ref, "Name the incident this is for.")[:200]
        why = text_of("reason", reason, "Say what is broken and what this version puts right.")
        request = _called(actor, version, environment, incident, why, at)
        _caller_signs(actor, request, why, at, reauthenticated_at)
        refresh_models([version.model_id])
        request_submitted.send(sender=ApprovalRequest, request=request)
        record(
            actor,
            "approval.emergency",
            request,
            after={**told(request), "incident": incident},
            reason=why,
        )
        request_moved.send(sender=ApprovalRequest, request=request)
    return request


def emergency_renew(
    *, actor: Actor, request_id: int, reason: str, reauthenticated_at: datetime | None
) -> ApprovalRequest:
    """Let an emergency approval hold for one more period, by governance, as often as allowed."""
    at = now()
    with transaction.atomic():
        request = locked(actor, request_id)
        require_person(actor)
        require(actor, "approval.govern", request)
        require_fresh(reauthenticated_at, at)
        rule = _rule(request)
        why = text_of("reason", reason, "Say why the change is needed for longer.")
        _refuse_renewal(actor, request, rule, at)
        before = told(request)
        request.expires_at = (request.expires_at or at) + timedelta(hours=rule.hours)
        request.save(update_fields=["expires_at"])
        request_granted.send(sender=ApprovalRequest, request=request)
        record(
            actor,
            "approval.emergency_renewed",
            request,
            before=before,
            after=told(request),
            reason=why,
        )
    return request


def emergency_review(
    *,
    actor: Actor,
    request_id: int,
    verdict: str,
    reason: str,
    reauthenticated_at: datetime | None,
) -> EmergencyReview:
    """A third person's verdict on an emergency change; `revert` ends its approval at once."""
    at = now()
    with transaction.atomic():
        request = locked(actor, request_id)
        require_person(actor)
        require(actor, "approval.govern", request)
        require_fresh(reauthenticated_at, at)
        _rule(request)
        known = EmergencyReview.objects.filter(request=request).first()
        if known:
            return known
        if request.state not in REVIEWABLE:
            raise Conflict("Only an emergency change that was approved is reviewed.")
        if verdict not in VERDICTS:
            raise Invalid.at("verdict", f"Choose one of: {', '.join(VERDICTS)}.")
        why = text_of("reason", reason, "Say what you looked at and what follows from it.")
        _refuse_involved(actor, request)
        before = told(request)
        review = EmergencyReview.objects.create(
            request=request, verdict=verdict, reason=why, reviewer_id=actor.user_id
        )
        if verdict == "revert" and request.state in LIVE:
            end(request, RequestState.REVOKED, Reason.REVOKED, why)
        record(
            actor,
            "approval.emergency_reviewed",
            request,
            before=before,
            after={**told(request), "verdict": verdict},
            reason=why,
        )
    return review


def _called(
    actor: Actor, version: ModelVersion, environment: str, incident: str, why: str, at: datetime
) -> ApprovalRequest:
    policy = policy_in_force()
    request = ApprovalRequest.objects.create(
        version=version,
        environment=environment,
        kind=RequestKind.EMERGENCY,
        tier=version.model.risk_tier,
        policy=policy,
        card_revision=standing_revision(version),
        check_run=version.check_runs.filter(environment=environment).first(),
        round=1,
        purpose=why,
        incident_ref=incident,
        requester_id=actor.user_id,
        requester_name=actor.name[:120],
        submitted_at=at,
        due_at=at + timedelta(hours=1),
        is_demo=version.model.is_demo,
    )
    seats = [
        SeatRule(_role_of(actor, version.model), why=EMERGENCY_SEATS[0].why),
        EMERGENCY_SEATS[1],
    ]
    for seat in seats:
        Seat.objects.create(request=request, role=seat.role, why=seat.why)
    subject = frozen_subject(request, flags=flags_of(version.model), seats=seats)
    request.subject, request.digest = subject.facts, subject.digest
    request.state = RequestState.IN_REVIEW
    request.save()
    return request


def _role_of(actor: Actor, model: RegisteredModel) -> str:
    """In which role somebody calls an emergency: on call, as the owner, or leading governance."""
    for role in (ON_CALL, Role.MODEL_OWNER.value):
        if holders_of(role, model).filter(pk=actor.user_id).exists():
            return role
    return Role.GOVERNANCE_LEAD.value


def _caller_signs(
    actor: Actor,
    request: ApprovalRequest,
    why: str,
    at: datetime,
    reauthenticated_at: datetime | None,
) -> None:
    seat = request.seats.exclude(role=DUTY).get()
    row = SignOff(
        request=request,
        seat=seat,
        round=request.round,
        signer_id=actor.user_id,
        signer_name=actor.name[:120],
        role=seat.role,
        decision=Decision.APPROVE,
        reason=why,
        digest=request.digest,
        subject=request.subject,
        reauthenticated_at=reauthenticated_at,
        at=at,
    )
    sealed(row).save()
    open_seats(seat_states(request, part_digests(request.subject)), at)


def _rule(request: ApprovalRequest) -> EmergencyRule:
    if request.kind != RequestKind.EMERGENCY or request.policy is None:
        raise Conflict("This request is no emergency change.", code="no-emergency")
    return emergency_rule(request.policy)


def _refuse_renewal(
    actor: Actor, request: ApprovalRequest, rule: EmergencyRule, at: datetime
) -> None:
    if request.state not in ("approved", "conditional") or not request.decided_at:
        raise Conflict("Only an emergency approval that holds is renewed.", code="wrong-state")
    if not request.expires_at or request.expires_at <= at:
        raise Conflict(
            "The emergency approval has ended. File a request, or call a new emergency.",
            code="wrong-state",
        )
    longest = timedelta(hours=rule.hours * (1 + rule.renewals))
    if request.expires_at + timedelta(hours=rule.hours) > request.decided_at + longest:
        raise Conflict(
            f"An emergency approval holds for {longest.total_seconds() / 3600:.0f} hours at most. "
            "File a request for this version.",
            code="longest",
        )
    if actor.user_id == request.requester_id:
        raise Denied("Whoever called the emergency does not renew it.", code="second-seat")


def _refuse_involved(actor: Actor, request: ApprovalRequest) -> None:
    involved = {request.requester_id}
    for row in request.sign_offs.all():
        involved |= persons_of(row)
    if actor.user_id in involved:
        raise Denied(
            "You called or approved this emergency change, so a third person reviews it.",
            code="involved",
        )
