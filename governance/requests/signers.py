"""Whether a person may sign a seat: one set of questions for the page and for the service."""

from dataclasses import dataclass
from datetime import datetime

from governance.requests.conflicts import conflict_list
from governance.requests.models import ApprovalRequest
from governance.requests.seats import (
    SeatState,
    delegations_in_force,
    holders_of,
    never_sign,
    persons_of,
)
from portal.accounts.permissions import Role, allowed
from portal.actors import Actor
from portal.errors import Conflict, Denied, SignetError

NO_SIGNER = "Platform admins, and people without a role that signs, cannot sign approvals."
WHY_CONFLICT = "Whoever took part in making a version cannot judge it; ask a colleague."


@dataclass(frozen=True)
class Signer:
    """Who signs, and for whom when by delegation."""

    user_id: int
    on_behalf_of: int | None = None


def signer_of(
    actor: Actor, request: ApprovalRequest, state: SeatState, others: list[SeatState], at: datetime
) -> Signer:
    """The signer that this actor would be in that seat; Denied or Conflict with the reason."""
    if actor.kind != "person" or actor.user_id is None:
        raise Denied(
            "A token or a service can never sign. Sign in to Signet and sign there.",
            code="machine",
        )
    if not allowed(actor, "approval.sign"):
        raise Denied(NO_SIGNER, code="role")
    refuse_admin(actor)
    signer = _in_role(actor.user_id, request, state.seat.role, at)
    _refuse_conflicts(request, state, signer)
    _refuse_second_seat(state, others, signer)
    if state.waits_for:
        first = ", ".join(str(Role(role).label) for role in state.waits_for)
        raise Conflict(f"This seat is signed after: {first}.", code="not-your-turn")
    return signer


def refuse_admin(actor: Actor) -> None:
    """Denied for a platform admin, who gives out roles and so never signs, not even in need."""
    if never_sign().filter(pk=actor.user_id).exists():
        raise Denied(NO_SIGNER, code="role")


def why_not(
    actor: Actor, request: ApprovalRequest, state: SeatState, others: list[SeatState], at: datetime
) -> str:
    """Why this actor cannot sign that seat now, in words; empty when they can."""
    if state.stands:
        return "This seat is signed."
    try:
        signer_of(actor, request, state, others, at)
    except SignetError as refusal:
        return refusal.message
    return ""


def _in_role(user_id: int, request: ApprovalRequest, role: str, at: datetime) -> Signer:
    """Signing in one's own role, else for somebody who holds it and has delegated it."""
    model = request.version.model
    holders = holders_of(role, model)
    if holders.filter(pk=user_id).exists():
        return Signer(user_id)
    given = delegations_in_force(at).filter(delegate=user_id, role=role)
    delegators = sorted(set(given.values_list("delegator", flat=True)))
    # Nobody signs for a platform admin either, who could not sign themselves.
    able = holders.filter(pk__in=delegators).exclude(pk__in=never_sign())
    held = able.values_list("pk", flat=True)
    conflicts = conflict_list(request.version, request)
    for delegator in sorted(held, key=lambda pk: bool(conflicts.against(pk, role))):
        return Signer(user_id, delegator)
    raise Denied(
        f"To sign this seat you need the role {Role(role).label} for this model, or somebody who "
        "holds it must have delegated it to you.",
        code="seat",
    )


def _refuse_conflicts(request: ApprovalRequest, state: SeatState, signer: Signer) -> None:
    conflicts = conflict_list(request.version, request)
    role = state.seat.role
    own = conflicts.against(signer.user_id, role)
    if own:
        raise Denied(f"You {own[0]}. {WHY_CONFLICT}", code="conflict-of-interest")
    theirs = conflicts.against(signer.on_behalf_of, role)
    if theirs:
        raise Denied(
            f"The person you sign for {theirs[0]}, and a delegate inherits that. {WHY_CONFLICT}",
            code="conflict-of-interest",
        )


def _refuse_second_seat(state: SeatState, others: list[SeatState], signer: Signer) -> None:
    people = {pk for pk in (signer.user_id, signer.on_behalf_of) if pk}
    for other in others:
        if other.seat.pk == state.seat.pk or not other.stands or other.sign_off is None:
            continue
        if people & persons_of(other.sign_off):
            raise Denied(
                f"One person fills one seat of a request; the seat {other.label} is signed by "
                "you or by the person you sign for.",
                code="second-seat",
            )
