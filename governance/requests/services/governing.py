"""Holding an approval back, letting it stand again, and ending it for good."""

from django.db import transaction
from django.db.models.functions import Now

from governance.reasons import Reason
from governance.requests.models import ApprovalRequest, RequestState, Suspension
from governance.requests.services.signing import granted_state
from governance.requests.services.states import end, locked, refuse_unless, text_of, told
from governance.requests.signals import request_granted
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Invalid
from portal.trail.services import record
from registry.inventory.lifecycle import refresh_models


def request_suspend(*, actor: Actor, request_id: int, code: str, text: str) -> Suspension:
    """Hold an approval back until it is reviewed; the same reason is noted once."""
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.govern", request)
        refuse_unless("suspend", request)
        if code not in Reason.values:
            raise Invalid.at("code", "Name one of the reason codes, such as SUSPENDED.")
        why = text_of("text", text, "Say why the approval is held back.")
        known = request.suspensions.filter(code=code, lifted_at=None).first()
        if known:
            return known
        before = told(request)
        row = Suspension.objects.create(
            request=request, code=code, text=why, by_name=actor.name[:120]
        )
        end(request, RequestState.SUSPENDED, code)
        record(
            actor,
            "approval.suspend",
            request,
            before=before,
            after={**told(request), "code": code},
            reason=why,
        )
    return row


def request_reinstate(*, actor: Actor, request_id: int, reason: str) -> ApprovalRequest:
    """Let a suspended approval stand again; what else stands against it still does."""
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.govern", request)
        if request.state in (RequestState.APPROVED, RequestState.CONDITIONAL):
            return request
        refuse_unless("reinstate", request)
        why = text_of("reason", reason, "Say what was reviewed and why the approval stands again.")
        before = told(request)
        lift(request, actor, why)
        record(actor, "approval.reinstate", request, before=before, after=told(request), reason=why)
    return request


def request_revoke(*, actor: Actor, request_id: int, reason: str) -> ApprovalRequest:
    """End an approval for good; what serves is flagged, new deployments are denied."""
    with transaction.atomic():
        request = locked(actor, request_id)
        require(actor, "approval.govern", request)
        if request.state == RequestState.REVOKED:
            return request
        refuse_unless("revoke", request)
        why = text_of("reason", reason, "Say why the approval is taken back.")
        before = told(request)
        end(request, RequestState.REVOKED, Reason.REVOKED, why)
        record(actor, "approval.revoke", request, before=before, after=told(request), reason=why)
    return request


def lift(request: ApprovalRequest, actor: Actor, reason: str, *, code: str = "") -> None:
    """Lift the open suspensions, or those of one code; without any left the approval stands."""
    rows = request.suspensions.filter(lifted_at=None)
    chosen = rows.filter(code=code) if code else rows
    chosen.update(lifted_at=Now(), lifted_by=actor.user_id, lifted_reason=reason)
    if request.state != RequestState.SUSPENDED or rows.exists():
        return
    request.state = granted_state(request)
    request.save(update_fields=["state"])
    refresh_models([request.version.model_id])
    request_granted.send(sender=ApprovalRequest, request=request)
