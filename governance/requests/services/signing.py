"""Signing: one person's decision in one seat, on exactly what they have read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from governance.policies.queries import policy_in_force
from governance.policies.rules import emergency_rule, working_days_after
from governance.reasons import Reason
from governance.requests.models import (
    ApprovalRequest,
    Condition,
    Decision,
    EvidenceOpening,
    RequestKind,
    RequestState,
    SignOff,
)
from governance.requests.needs import flags_of, seats_needed, valid_until
from governance.requests.parts import LABELS, reason_of
from governance.requests.seats import SeatState, seat_states
from governance.requests.services.refusals import refusals_recorded
from governance.requests.services.states import (
    end,
    grant,
    locked,
    now,
    open_seats,
    refuse_unless,
    text_of,
    told,
)
from governance.requests.signals import request_moved
from governance.requests.signers import Signer, signer_of
from governance.requests.statements import meaning_of, seal
from governance.requests.subjects import changed_parts, part_digests, subject_of
from portal.accounts.models import User
from portal.accounts.permissions import Role, require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid
from portal.trail.services import ask_for_anchor, record

FRESH = timedelta(minutes=5)
APPROVING = (Decision.APPROVE, Decision.CONDITIONAL)
MOST_CONDITIONS = 20


@dataclass(frozen=True)
class Promise:
    """A condition as somebody asks for it: what, by whom, until when."""

    text: str
    owner_id: int
    due_on: date


@refusals_recorded
def request_sign(
    *,
    actor: Actor,
    request_id: int,
    role: str,
    decision: str,
    reason: str,
    digest: str,
    conditions: Iterable[Promise] = (),
    reauthenticated_at: datetime | None,
    evidence_opened: Iterable[str] = (),
) -> SignOff:
    """Sign a seat with a decision on the digest that the signer has read.

    Asked for a second time by the same person, it gives back what they signed. Refused, with a
    code and an event in the trail: a token (`machine`), no fresh password (`reauthenticate`), a
    maker (`conflict-of-interest`), a second seat (`second-seat`), the wrong role (`seat`), out of
    turn (`not-your-turn`), a seat that is signed (`seat-signed`), and anything that has changed
    since it was read (the reason codes STALE_CARD, STALE_DIGEST, STALE_POLICY, STALE_TIER).
    """
    at = now()
    with transaction.atomic():
        require_person(actor)
        request = locked(actor, request_id)
        require(actor, "approval.sign", request)
        again = _signed_already(actor, request, role, decision, digest)
        if again:
            return again
        require_fresh(reauthenticated_at, at)
        wanted = _wanted(decision, reason, conditions, at)
        refuse_unless("sign", request)
        states = _unchanged(request, digest)
        state = _seat(states, role)
        signer = signer_of(actor, request, state, states, at)
        before = told(request)
        row = _sign(actor, request, state, signer, wanted, at, reauthenticated_at, evidence_opened)
        _decide(request, row, at)
        record(
            actor,
            "approval.sign",
            request,
            before=before,
            after={**told(request), **_event(row, wanted)},
            reason=row.reason,
        )
        request_moved.send(sender=ApprovalRequest, request=request)
        if request.decided_at:
            transaction.on_commit(ask_for_anchor, robust=True)
    return row


def require_person(actor: Actor) -> None:
    """Denied for a token or a service, on every path that can sign."""
    if actor.kind != "person" or actor.user_id is None:
        raise Denied(
            "A token or a service can never sign. Sign in to Signet and sign there.",
            code="machine",
        )


def require_fresh(reauthenticated_at: datetime | None, at: datetime) -> None:
    """Denied unless the signer gave a password or second factor within the last five minutes."""
    if reauthenticated_at is None or not at - FRESH <= reauthenticated_at <= at + FRESH / 60:
        raise Denied(
            "Signing asks for your password or second factor again, not older than five minutes. "
            "Confirm it and sign once more; what you wrote is kept.",
            code="reauthenticate",
        )


@dataclass(frozen=True)
class Wanted:
    """A decision that was checked."""

    decision: str
    reason: str
    conditions: tuple[Promise, ...]


def _wanted(decision: str, reason: str, conditions: Iterable[Promise], at: datetime) -> Wanted:
    if decision not in Decision.values:
        raise Invalid.at("decision", f"Choose one of: {', '.join(Decision.values)}.")
    why = text_of("reason", reason, "Say why: what you looked at and what decided it.")
    promised = tuple(conditions)
    if (decision == Decision.CONDITIONAL) != bool(promised):
        raise Invalid.at(
            "conditions",
            "An approval with conditions names at least one; the other decisions name none.",
        )
    if len(promised) > MOST_CONDITIONS:
        raise Invalid.at("conditions", f"Name at most {MOST_CONDITIONS} conditions.")
    for one in promised:
        text_of("conditions", one.text, "Say what each condition asks for.")
        if one.due_on <= at.date():
            raise Invalid.at("conditions", "Each condition is due on a day that is still to come.")
    owners = {one.owner_id for one in promised}
    if User.objects.filter(pk__in=owners, is_active=True).count() != len(owners):
        raise Invalid.at("conditions", "Each condition has an owner who can still sign in.")
    return Wanted(decision, why, promised)


def _signed_already(
    actor: Actor, request: ApprovalRequest, role: str, decision: str, digest: str
) -> SignOff | None:
    """What the same person has signed already with the same answer: pressed twice, signed once."""
    rows = request.sign_offs.filter(signer=actor.user_id, round=request.round, role=role)
    return rows.filter(decision=decision, digest=digest).first()


def _unchanged(request: ApprovalRequest, digest: str) -> list[SeatState]:
    """The seats, once sure that what the signer read is what stands now; Conflict otherwise."""
    live = subject_of(request.version, request.environment, request)
    if live.digest != request.digest:
        changed = changed_parts(part_digests(request.subject), live.parts)
        named = ", ".join(LABELS[part] for part in changed)
        raise Conflict(
            f"{named} changed after the request was filed, so it cannot be signed. Ask "
            f"{request.requester_name} to submit it again; signatures that this does not touch "
            "stay.",
            code=str(reason_of(changed[0])) if changed else str(Reason.STALE_CARD),
        )
    _rules_unchanged(request)
    if digest != request.digest:
        raise Conflict(
            "The request was filed anew since you read it. Reload the page and read what changed "
            "before you sign.",
            code=str(Reason.STALE_DIGEST),
        )
    return seat_states(request, live.parts)


def _rules_unchanged(request: ApprovalRequest) -> None:
    policy, model = policy_in_force(), request.version.model
    if request.policy and policy.number > request.policy.number and policy.applies_at_once:
        raise Conflict(
            f"Policy revision {policy.number} came into force at once after this was filed. Ask "
            f"{request.requester_name} to submit it again under the new policy.",
            code=str(Reason.STALE_POLICY),
        )
    if request.policy is None or request.kind == RequestKind.EMERGENCY:
        return
    needed = seats_needed(request.policy, model.risk_tier, flags_of(model), request.kind)
    missing = {seat.role for seat in needed} - set(request.seats.values_list("role", flat=True))
    if model.risk_tier < request.tier or missing:
        raise Conflict(
            f"The risk of {model.name} was assessed anew after this was filed and asks for more "
            f"signatures. Ask {request.requester_name} to submit it again.",
            code=str(Reason.STALE_TIER),
        )


def _seat(states: list[SeatState], role: str) -> SeatState:
    state = next((one for one in states if one.seat.role == role), None)
    if state is None:
        named = ", ".join(one.label for one in states)
        raise Invalid.at("role", f"This request has no such seat; it has {named}.")
    if state.stands and state.sign_off:
        raise Conflict(
            f"{state.sign_off.signer_name} has signed this seat already. Reload the page.",
            code="seat-signed",
        )
    return state


def _sign(
    actor: Actor,
    request: ApprovalRequest,
    state: SeatState,
    signer: Signer,
    wanted: Wanted,
    at: datetime,
    reauthenticated_at: datetime | None,
    evidence_opened: Iterable[str],
) -> SignOff:
    opened = EvidenceOpening.objects.filter(request=request, person=signer.user_id)
    seen = {*opened.values_list("what", flat=True), *(str(what)[:120] for what in evidence_opened)}
    row = SignOff(
        request=request,
        seat=state.seat,
        round=request.round,
        signer_id=signer.user_id,
        signer_name=actor.name[:120],
        role=state.seat.role,
        on_behalf_of_id=signer.on_behalf_of,
        decision=wanted.decision,
        reason=wanted.reason,
        digest=request.digest,
        subject=request.subject,
        evidence_opened=sorted(seen)[:200],
        reauthenticated_at=reauthenticated_at,
        at=at,
    )
    sealed(row, wanted.conditions).save()
    Condition.objects.bulk_create(
        Condition(
            request=request,
            sign_off=row,
            text=one.text.strip(),
            owner_id=one.owner_id,
            due_on=one.due_on,
        )
        for one in wanted.conditions
    )
    return row


def sealed(row: SignOff, conditions: Iterable[Promise] = ()) -> SignOff:
    """The sign-off with what it means in words, its statement and Signet's signature."""
    label = str(Role(row.role).label)
    row.meaning = meaning_of(row.decision, label, row.request.environment)
    seal(row, [vars(one) for one in conditions])
    return row


def _decide(request: ApprovalRequest, row: SignOff, at: datetime) -> None:
    """What the decision does to the request."""
    if row.decision == Decision.REJECT:
        end(request, RequestState.REJECTED, Reason.REJECTED, row.reason)
        return
    if row.decision == Decision.RETURN:
        end(request, RequestState.CHANGES_REQUESTED, Reason.CHANGES_REQUESTED, row.reason)
        return
    states = seat_states(request, part_digests(request.subject))
    if not all(state.stands for state in states):
        open_seats(states, at)
        return
    grant(request, granted_state(request), at=at, until=granted_until(request, at))


def granted_state(request: ApprovalRequest) -> str:
    """Approved, or approved with conditions while any is open."""
    has_open = request.conditions.filter(met_at=None).exists()
    return str(RequestState.CONDITIONAL if has_open else RequestState.APPROVED)


def granted_until(request: ApprovalRequest, at: datetime) -> datetime:
    """When an approval that is given now ends; an emergency's review is due before long too."""
    if request.policy is None:
        raise Conflict("The request carries no policy; submit it again.", code="wrong-state")
    if request.kind == RequestKind.EMERGENCY:
        rule = emergency_rule(request.policy)
        request.review_due_at = working_days_after(at, rule.review_working_days)
        request.save(update_fields=["review_due_at"])
        return at + timedelta(hours=rule.hours)
    return valid_until(request.policy, request.tier, at)


def _event(row: SignOff, wanted: Wanted) -> Mapping[str, Any]:
    return {
        "sign_off": row.pk,
        "role": row.role,
        "decision": row.decision,
        "on_behalf_of": row.on_behalf_of_id,
        "signature": row.signature,
        "conditions": [
            {"text": one.text, "owner": one.owner_id, "due_on": one.due_on}
            for one in wanted.conditions
        ],
    }
