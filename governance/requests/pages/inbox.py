"""What waits for somebody: seats they may sign, for themselves or for others, and promises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.core.cache import cache
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from governance.requests.conflicts import ConflictList
from governance.requests.models import (
    GRANTED_STATES,
    OPEN_STATES,
    ApprovalRequest,
    Condition,
    RequestKind,
    RequestState,
    SignOff,
)
from governance.requests.pages.involvement import conflicts_in
from governance.requests.queries import visible_requests
from governance.requests.seats import SeatState, delegations_in_force, judged_seats, persons_of
from governance.requests.subjects import part_digests
from portal.accounts.models import User
from portal.accounts.permissions import SIGN_OFF_ROLES, Place, Role, allowed, place_of
from portal.actors import Actor, Grant

MOST = 300
COUNT_KEPT = 20


@dataclass(frozen=True)
class Waiting:
    """One open seat of a request that a person could sign, and what stands against it."""

    request: ApprovalRequest
    state: SeatState
    on_behalf_of: User | None = None
    against: list[str] = field(default_factory=list)

    @property
    def since(self) -> datetime | None:
        """Since when it is this seat's turn."""
        return self.state.seat.opened_at or self.request.submitted_at

    @property
    def order(self) -> tuple[bool, float, str, int]:
        """First what can be signed, then by due date and tier."""
        due = self.request.due_at.timestamp() if self.request.due_at else float("inf")
        return bool(self.against), due, self.request.tier, self.request.pk


@dataclass(frozen=True)
class Inbox:
    """Everything that waits for one person."""

    mine: list[Waiting]
    delegated: list[Waiting]

    @property
    def count(self) -> int:
        """How many requests this person can sign now."""
        able = [one for one in (*self.mine, *self.delegated) if not one.against]
        return len({one.request.pk for one in able})


def listed(requests: QuerySet[ApprovalRequest]) -> QuerySet[ApprovalRequest]:
    """The requests with what one line about each shows."""
    signed = SignOff.objects.select_related("signer", "on_behalf_of").order_by("id")
    return requests.select_related(
        "version__model__team__business_unit", "version__model__owner", "requester"
    ).prefetch_related("seats", Prefetch("sign_offs", queryset=signed))


def states_of(request: ApprovalRequest) -> list[SeatState]:
    """The seats of a request that `listed` has read, judged on what was filed."""
    parts = part_digests(request.subject)
    return judged_seats(list(request.seats.all()), list(request.sign_offs.all()), parts)


def inbox_of(actor: Actor, *, at: datetime) -> Inbox:
    """The open seats this person may fill, in a fixed number of queries."""
    if actor.user_id is None or _never_signs(actor.grants):
        return Inbox([], [])
    delegators = _delegators(actor.user_id, at)
    reach = _reach(actor.user_id, actor.grants)
    for user, role, grants in delegators:
        reach |= _role_reach(user.pk, grants, role)
    waiting = visible_requests(actor).filter(reach, state=RequestState.IN_REVIEW)
    rows = ApprovalRequest.objects.filter(pk__in=waiting.values("pk"))
    requests = list(listed(rows).order_by("due_at", "pk")[:MOST])
    people = {actor.user_id, *(user.pk for user, _, _ in delegators)}
    conflicts = conflicts_in(requests, people)
    mine: list[Waiting] = []
    delegated: list[Waiting] = []
    for request in requests:
        states = states_of(request)
        asked = _Asked(request, states, conflicts[request.pk])
        for state in (one for one in states if one.is_open):
            if _holds(actor.user_id, actor.grants, state.seat.role, request):
                mine.append(asked.waiting(state, actor.user_id))
            elif user := _delegator(delegators, state.seat.role, request):
                delegated.append(asked.waiting(state, actor.user_id, user))
    return Inbox(sorted(mine, key=_order), sorted(delegated, key=_order))


@dataclass(frozen=True)
class _Asked:
    """One request with what stands against people there."""

    request: ApprovalRequest
    states: list[SeatState]
    conflicts: ConflictList

    def waiting(self, state: SeatState, user_id: int, behalf: User | None = None) -> Waiting:
        """The seat as it waits for this person."""
        people = [user_id, behalf.pk] if behalf else [user_id]
        why = _against(self.conflicts, self.states, state.seat.role, people)
        return Waiting(self.request, state, behalf, why)


def _delegator(
    delegators: list[tuple[User, str, list[Grant]]], role: str, request: ApprovalRequest
) -> User | None:
    return next(
        (
            user
            for user, held, grants in delegators
            if held == role and _holds(user.pk, grants, role, request)
        ),
        None,
    )


def _order(one: Waiting) -> tuple[bool, float, str, int]:
    return one.order


def inbox_count(actor: Actor) -> int:
    """The number beside the menu's entry; up to twenty seconds old."""
    if not any(grant.role in SIGN_OFF_ROLES for grant in actor.grants):
        return 0
    key = f"inbox:{actor.user_id}:{hash(actor.grants)}"
    found = cache.get(key)
    if found is None:
        found = inbox_of(actor, at=timezone.now()).count
        cache.set(key, found, COUNT_KEPT)
    return int(found)


def inbox_forget(actor: Actor) -> None:
    """Count anew for somebody who has just signed."""
    cache.delete(f"inbox:{actor.user_id}:{hash(actor.grants)}")


def team_requests(actor: Actor) -> QuerySet[ApprovalRequest]:
    """The open requests of this person's teams and units; all of them for roles held everywhere."""
    open_ones = visible_requests(actor).filter(state__in=OPEN_STATES)
    places = [_place(grant) for grant in actor.grants]
    if any(place is None for place in places):
        return open_ones
    here = Q(pk__in=[])
    for place in places:
        here |= place or Q()
    return open_ones.filter(here)


def filed_requests(actor: Actor) -> QuerySet[ApprovalRequest]:
    """What this person has filed."""
    return visible_requests(actor).filter(requester=actor.user_id)


def governance_requests(actor: Actor) -> QuerySet[ApprovalRequest]:
    """Suspended approvals and emergency changes without a verdict, for whoever governs."""
    if not allowed(actor, "approval.govern"):
        return ApprovalRequest.objects.none()
    unreviewed = Q(kind=RequestKind.EMERGENCY, state__in=GRANTED_STATES, review=None)
    rows = visible_requests(actor).filter(unreviewed | Q(state=RequestState.SUSPENDED))
    return rows.select_related("version__model").order_by("review_due_at", "pk")


def owed_conditions(actor: Actor) -> QuerySet[Condition]:
    """The promises that this person has to keep."""
    open_ones = Condition.objects.filter(owner=actor.user_id, met_at=None)
    live = open_ones.filter(request__state__in=("approved", "conditional", "suspended"))
    return live.select_related("request__version__model")


def _never_signs(grants: Iterable[Grant]) -> bool:
    return any(grant.role == Role.PLATFORM_ADMIN for grant in grants)


def _place(grant: Grant) -> Q | None:
    """The requests of a grant's team or unit; None when it is held everywhere."""
    if grant.team_id:
        return Q(version__model__team=grant.team_id)
    if grant.business_unit_id:
        return Q(version__model__team__business_unit=grant.business_unit_id)
    return None


def _reach(user_id: int, grants: Iterable[Grant]) -> Q:
    kept = list(grants)
    found = Q(pk__in=[])
    for role in {grant.role for grant in kept if grant.role in SIGN_OFF_ROLES}:
        found |= _role_reach(user_id, kept, role)
    return found


def _role_reach(user_id: int, grants: Iterable[Grant], role: str) -> Q:
    """The requests with a seat of that role that somebody with these grants may fill."""
    held = [grant for grant in grants if grant.role == role]
    here = Q(pk__in=[])
    for grant in held:
        place = _place(grant)
        if place is None and place_of(Role(role)) is Place.TEAM_OR_UNIT:
            continue
        here |= place if place is not None else Q()
        if place is None:
            here = Q()
            break
    if held and role == Role.MODEL_OWNER:
        here |= Q(version__model__owner=user_id)
    return here & Q(seats__role=role)


def _holds(user_id: int, grants: Iterable[Grant], role: str, request: ApprovalRequest) -> bool:
    """Whether somebody with these grants holds the role for the request's model."""
    model = request.version.model
    for grant in (grant for grant in grants if grant.role == role):
        if role == Role.MODEL_OWNER and model.owner_id == user_id:
            return True
        if grant.team_id:
            here = grant.team_id == model.team_id
        elif grant.business_unit_id:
            here = grant.business_unit_id == model.business_unit_id
        else:
            here = place_of(Role(role)) is not Place.TEAM_OR_UNIT
        if here:
            return True
    return False


def _delegators(user_id: int, at: datetime) -> list[tuple[User, str, list[Grant]]]:
    """Who has delegated which role to this person, with the roles they hold themselves."""
    rows = delegations_in_force(at).filter(delegate=user_id, delegator__is_active=True)
    found = []
    for row in rows.select_related("delegator").prefetch_related("delegator__role_grants"):
        grants = [
            Grant(one.role, one.team_id, one.business_unit_id)
            for one in row.delegator.role_grants.all()
        ]
        if not _never_signs(grants):
            found.append((row.delegator, row.role, grants))
    return found


def _against(
    conflicts: ConflictList, states: list[SeatState], role: str, people: list[int]
) -> list[str]:
    """Why these people, signing together as one, may not fill the seat."""
    own = conflicts.against(people[0], role)
    found = [f"You {words}." for words in own]
    for other in people[1:]:
        found += [f"The person you sign for {words}." for words in conflicts.against(other, role)]
    taken = _taken(states)
    for person in people:
        seat = taken.get(person)
        if seat and seat != role:
            found.append(f"One person fills one seat: {Role(seat).label} is signed already.")
    return found


def _taken(states: Iterable[SeatState]) -> Mapping[int, str]:
    return {
        person: state.seat.role
        for state in states
        if state.stands and state.sign_off
        for person in persons_of(state.sign_off)
    }
