"""Filing: open a draft, submit it, pin what the checks found, withdraw it."""

from datetime import timedelta

from django.db import transaction
from django.shortcuts import get_object_or_404

from governance.checks.models import CheckRun
from governance.policies.queries import policy_in_force
from governance.reasons import Reason
from governance.requests.models import (
    GRANTED_STATES,
    OPEN_STATES,
    ApprovalRequest,
    RequestKind,
    RequestState,
    Seat,
)
from governance.requests.needs import due_after, flags_of, seats_needed
from governance.requests.seats import seat_states
from governance.requests.services.states import (
    end,
    locked,
    now,
    open_seats,
    refuse_unless,
    told,
)
from governance.requests.signals import request_moved, request_submitted
from governance.requests.standing import standing_of
from governance.requests.subjects import frozen_subject, subject_of
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.cards.models import CardPin
from registry.cards.queries import standing_revision
from registry.deployments.models import Environment
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.queries import visible_versions

RUN_COUNTS_FOR = timedelta(hours=1)
LONGEST_PURPOSE = 4000
DRAFTABLE = (RequestKind.STANDARD, RequestKind.PLAN)


def request_open(
    *,
    actor: Actor,
    version_id: int,
    environment: str,
    purpose: str = "",
    kind: str = RequestKind.STANDARD,
    plan_id: int | None = None,
    incident_ref: str = "",
    copied_from: int | None = None,
) -> ApprovalRequest:
    """A draft that asks for approval; the version's own draft when there is one already."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "approval.request", version)
        _check_draft(version, environment, kind, purpose, plan_id)
        existing = ApprovalRequest.objects.filter(
            version=version, environment=environment, kind=kind, state__in=OPEN_STATES
        ).first()
        if existing:
            return _only_draft(existing, kind)
        request = ApprovalRequest.objects.create(
            version=version,
            environment=environment,
            kind=kind,
            plan_id=plan_id,
            purpose=purpose.strip(),
            incident_ref=incident_ref.strip(),
            requester_id=actor.user_id,
            requester_name=actor.name[:120],
            copied_from=_copied(version, copied_from),
            is_demo=version.model.is_demo,
        )
        refresh_models([version.model_id])
        record(actor, "approval.open", request, after=told(request), reason=request.purpose)
    return request


def request_submit(
    *, actor: Actor, request_id: int, seen: str | None = None, purpose: str | None = None
) -> ApprovalRequest:
    """Freeze what is judged and ask for signatures; again after changes, as a new round.

    Signatures whose parts did not change stay. `seen` is the digest that the asker has read, where
    there is one. Submitting what is filed already and unchanged does nothing.
    """
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.request", request.version)
        refuse_unless("submit", request)
        if request.kind not in DRAFTABLE:
            raise Conflict(
                f"{request.get_kind_display()} is not filed again; ask for an approval instead.",
                code="wrong-state",
            )
        if seen is not None and request.digest and seen != request.digest:
            raise Conflict(
                "The request was filed anew since you read it; reload the page.", code="stale"
            )
        if _is_filed(request):
            return request
        before = told(request)
        if purpose is not None:
            request.purpose = purpose.strip()[:LONGEST_PURPOSE]
        _freeze(actor, request)
        _pin_card(actor, request)
        request_submitted.send(sender=ApprovalRequest, request=request)
        record(actor, "approval.submit", request, before=before, after=told(request))
        request_moved.send(sender=ApprovalRequest, request=request)
        _ask_for_checks(actor, request)
    return request


def checks_pin(*, actor: Actor, run: CheckRun) -> ApprovalRequest | None:
    """Give a request that waits for its checks what they found, so that people may sign it."""
    with transaction.atomic():
        waiting = ApprovalRequest.objects.filter(
            version=run.version_id, environment=run.environment, state=RequestState.SUBMITTED
        ).values_list("pk", flat=True)
        found = waiting.first()
        if found is None:
            return None
        request = locked(actor, found)
        require(actor, "check.run", request.version)
        if request.state != RequestState.SUBMITTED:
            return request
        before = told(request)
        request.check_run = run
        _freeze(actor, request, is_new_round=False)
        _pin_card(actor, request)
        record(actor, "approval.checks_pinned", request, before=before, after=told(request))
        request_moved.send(sender=ApprovalRequest, request=request)
    return request


def request_withdraw(*, actor: Actor, request_id: int, reason: str = "") -> ApprovalRequest:
    """Take a request back; withdrawing it twice does nothing the second time."""
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.request", request.version)
        if request.state == RequestState.WITHDRAWN:
            return request
        refuse_unless("withdraw", request)
        before = told(request)
        end(request, RequestState.WITHDRAWN, Reason.WITHDRAWN, reason.strip()[:LONGEST_PURPOSE])
        record(
            actor, "approval.withdraw", request, before=before, after=told(request), reason=reason
        )
    return request


def locked_version(actor: Actor, version_id: int) -> ModelVersion:
    """The version, after its model was locked: every verb takes the locks in this order."""
    model_id = get_object_or_404(visible_versions(actor).values_list("model_id"), pk=version_id)[0]
    RegisteredModel.objects.select_for_update().get(pk=model_id)
    related = "model__owner", "model__team__business_unit", "model__source"
    return visible_versions(actor).select_related(*related).get(pk=version_id)


def _check_draft(
    version: ModelVersion, environment: str, kind: str, purpose: str, plan_id: int | None
) -> None:
    if environment not in Environment.values:
        raise Invalid.at("environment", f"Choose one of: {', '.join(Environment.values)}.")
    if kind not in DRAFTABLE:
        raise Invalid.at("kind", "Ask for an approval or for a change plan.")
    if (kind == RequestKind.PLAN) != (plan_id is not None):
        raise Invalid.at("plan", "A change plan is asked for with its plan, and only it.")
    if len(purpose) > LONGEST_PURPOSE:
        raise Invalid.at("purpose", f"This takes at most {LONGEST_PURPOSE:,} characters.")
    if version.gone_at or version.model.gone_at:
        raise Conflict(
            "This version was deleted at its source, so nothing can be approved.", code="gone"
        )


def _only_draft(existing: ApprovalRequest, kind: str) -> ApprovalRequest:
    if existing.state == RequestState.DRAFT and existing.kind == kind:
        return existing
    raise Conflict(
        f"Request {existing.pk} about this version in {existing.get_environment_display()} is "
        f"{existing.get_state_display().lower()}. Continue there, or withdraw it first.",
        code="already-open",
    )


def _copied(version: ModelVersion, request_id: int | None) -> ApprovalRequest | None:
    if request_id is None:
        return None
    found = ApprovalRequest.objects.filter(pk=request_id, version__model=version.model_id).first()
    if found is None:
        raise Invalid.at("copied_from", "There is no such earlier request of this model.")
    return found


def _is_filed(request: ApprovalRequest) -> bool:
    """Whether the request is filed as things are now, so that filing it again changes nothing."""
    if request.state in ("draft", "changes_requested"):
        return False
    if request.state in GRANTED_STATES:
        causes = standing_of(request, at=now()).causes
        return not any(cause.seats for cause in causes)
    live = subject_of(request.version, request.environment, request)
    tier, flags = request.version.model.risk_tier, flags_of(request.version.model)
    return (
        live.digest == request.digest
        and tier == request.tier
        and flags == request.subject.get("flags", [])
        and request.policy == policy_in_force()
    )


def _freeze(actor: Actor, request: ApprovalRequest, *, is_new_round: bool = True) -> None:
    """Pin the rows that are judged, work out the seats, and write the subject with its digest."""
    model, at = request.version.model, now()
    if not model.risk_tier:
        raise Conflict(
            f"{model.name} has no risk tier yet, so nobody can say who must sign. Answer the "
            "risk questionnaire on the model's page first.",
            code="no-tier",
        )
    policy, flags = policy_in_force(), flags_of(model)
    seats = seats_needed(policy, model.risk_tier, flags, request.kind)
    request.policy, request.tier = policy, model.risk_tier
    request.card_revision = standing_revision(request.version)
    request.check_run = request.check_run if not is_new_round else _fresh_run(request)
    subject = frozen_subject(request, flags=flags, seats=seats, filer_id=actor.user_id)
    request.subject, request.digest = subject.facts, subject.digest
    request.state = RequestState.IN_REVIEW if request.check_run else RequestState.SUBMITTED
    if is_new_round:
        request.round += 1
        request.submitted_at, request.reminded_at, request.escalated_to = at, None, ""
        request.due_at = due_after(policy, request.tier, at)
        request.decided_at = request.expires_at = None
        request.closing_reason = ""
    request.save()
    for seat in seats:
        Seat.objects.update_or_create(
            request=request,
            role=seat.role,
            defaults={"after": list(seat.after), "why": seat.why[:200]},
        )
    unneeded = request.seats.exclude(role__in=[seat.role for seat in seats])
    unneeded.filter(sign_offs=None).delete()
    if request.state == RequestState.IN_REVIEW:
        open_seats(seat_states(request, subject.parts), at)
    refresh_models([request.version.model_id])


def _fresh_run(request: ApprovalRequest) -> CheckRun | None:
    """A run of the checks that looked at what is filed now; else they run first."""
    runs = CheckRun.objects.filter(version=request.version, environment=request.environment)
    run = runs.order_by("-id").first()
    if run is None or run.ran_at < now() - RUN_COUNTS_FOR or run.tier != request.tier:
        return None
    revision = request.card_revision
    if revision and revision.created_at > run.ran_at:
        return None
    newest = request.version.manifests.order_by("-id").values_list("pk", flat=True).first()
    return run if run.policy_id == request.policy.pk and run.manifest_id == newest else None


def _pin_card(actor: Actor, request: ApprovalRequest) -> None:
    """Keep the revision that people read: the first reason to pin it stays."""
    if request.card_revision:
        CardPin.objects.get_or_create(
            revision=request.card_revision,
            defaults={
                "reason": f"Submitted with approval request {request.pk}",
                "by_id": actor.user_id,
                "by_name": actor.name[:120],
            },
        )


def _ask_for_checks(actor: Actor, request: ApprovalRequest) -> None:
    if request.state != RequestState.SUBMITTED:
        return
    from governance.checks.services import checks_enqueue  # it tells us when they are done

    checks_enqueue(
        actor=actor,
        version_id=request.version_id,
        environment=request.environment,
        why=f"for approval request {request.pk}",
    )
