"""The state machine: which verb leads from where to where, and the rows it locks."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.reasons import Reason
from governance.requests.models import (
    GRANTED_STATES,
    OPEN_STATES,
    ApprovalRequest,
    RequestKind,
    RequestState,
    Seat,
)
from governance.requests.queries import visible_requests
from governance.requests.seats import SeatState
from governance.requests.signals import request_ended, request_granted
from governance.requests.standing import with_facts
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel

LONGEST = 4000
REVIEWED = ("submitted", "in_review")
LIVE = (*GRANTED_STATES, "suspended")

# verb -> the states it may start from; the target is the verb's own matter.
MAY: dict[str, tuple[str, ...]] = {
    "submit": (*OPEN_STATES, *GRANTED_STATES),
    "sign": ("in_review",),
    "withdraw": OPEN_STATES,
    "revoke": LIVE,
    "suspend": LIVE,
    "reinstate": ("suspended",),
    "expire": LIVE,
    "supersede": LIVE,
}


def locked(actor: Actor, request_id: int) -> ApprovalRequest:
    """The request under lock, after its model: every verb takes the locks in this order."""
    found = visible_requests(actor).values_list("version__model_id", flat=True)
    model_id = get_object_or_404(found, pk=request_id)
    RegisteredModel.objects.select_for_update().get(pk=model_id)
    rows = with_facts(ApprovalRequest.objects.select_for_update(of=("self",)))
    request = rows.get(pk=request_id)
    list(Seat.objects.select_for_update().filter(request=request).order_by("pk"))
    return request


def refuse_unless(verb: str, request: ApprovalRequest) -> None:
    """Conflict unless the verb may start from the state the request is in."""
    if request.state not in MAY[verb]:
        raise Conflict(
            f"The request is {request.get_state_display().lower()} by now, so nothing was "
            "changed. Reload the page to see where it stands.",
            code="wrong-state",
        )


def text_of(field: str, text: str, missing: str) -> str:
    """A reason that a person gave, without spaces around it; Invalid when there is none."""
    found = text.replace("\x00", "").strip()
    if not found:
        raise Invalid.at(field, missing)
    if len(found) > LONGEST:
        raise Invalid.at(field, f"This takes at most {LONGEST:,} characters.")
    return found


def told(request: ApprovalRequest) -> dict[str, Any]:
    """What the trail keeps of a request before and after a change."""
    return {
        "state": request.state,
        "round": request.round,
        "digest": request.digest,
        "expires_at": request.expires_at,
    }


def open_seats(states: list[SeatState], at: datetime) -> None:
    """Note since when each seat can be signed, so that its clock starts when its turn comes."""
    for state in states:
        if state.is_open and state.seat.opened_at is None:
            state.seat.opened_at = at
            state.seat.save(update_fields=["opened_at"])


def grant(request: ApprovalRequest, state: str, *, at: datetime, until: datetime) -> None:
    """Let the approval hold from now on; what it replaces is superseded."""
    request.state, request.decided_at, request.expires_at = state, at, until
    request.save(update_fields=["state", "decided_at", "expires_at"])
    _supersede(request)
    refresh_models([request.version.model_id])
    request_granted.send(sender=ApprovalRequest, request=request)


def end(request: ApprovalRequest, state: str, code: Reason | str, reason: str = "") -> None:
    """Move a request to a state in which it does not hold, and tell who listens."""
    held = request.state in LIVE
    request.state, request.closing_reason = state, reason or request.closing_reason
    request.save(update_fields=["state", "closing_reason"])
    refresh_models([request.version.model_id])
    if held:
        request_ended.send(sender=ApprovalRequest, request=request, code=str(code))


def _supersede(request: ApprovalRequest) -> None:
    """The approval of a version in an environment is one: an earlier one makes place for this.

    A plan approves other versions, and an emergency holds for a day only: they replace nothing.
    """
    if request.kind in (RequestKind.PLAN, RequestKind.EMERGENCY):
        return
    earlier = with_facts(
        ApprovalRequest.objects.select_for_update(of=("self",))
        .filter(version=request.version, environment=request.environment, state__in=LIVE)
        .exclude(kind=RequestKind.PLAN)
        .exclude(pk=request.pk)
        .order_by("pk")
    )
    for old in earlier:
        old.state = RequestState.SUPERSEDED
        old.closing_reason = f"Request {request.pk} took its place."
        old.save(update_fields=["state", "closing_reason"])


def now() -> datetime:
    """The moment of a verb, the same for everything it writes."""
    return timezone.now()
