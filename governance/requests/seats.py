"""Who may fill a seat of a request, and which of its signatures stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, QuerySet

from governance.requests.conflicts import ConflictList, conflict_list
from governance.requests.models import ApprovalRequest, Delegation, Seat, SignOff
from governance.requests.parts import parts_of_seat
from governance.requests.subjects import changed_parts, part_digests
from portal.accounts.models import RoleGrant, User
from portal.accounts.permissions import Place, Role, place_of
from registry.inventory.models import RegisteredModel


@dataclass(frozen=True)
class SeatState:
    """One seat as it is now: its newest signature, whether that stands, and what it waits for."""

    seat: Seat
    sign_off: SignOff | None = None
    stands: bool = False
    stale_parts: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The role's name."""
        return str(Role(self.seat.role).label)

    @property
    def is_open(self) -> bool:
        """Whether it can be signed now: it does not stand, and whoever comes first has signed."""
        return not self.stands and not self.waits_for


@dataclass(frozen=True)
class Candidate:
    """Somebody who holds the role of a seat, and what stands against their signing."""

    user: User
    against: list[str] = field(default_factory=list)
    delegates: list[User] = field(default_factory=list)


def seat_states(request: ApprovalRequest, parts: Mapping[str, str]) -> list[SeatState]:
    """Every seat in order, judged against the digests of the parts as they are now."""
    signed = request.sign_offs.select_related("signer", "on_behalf_of").order_by("id")
    return judged_seats(list(request.seats.order_by("id")), signed, parts)


def judged_seats(
    seats: list[Seat], signed: Iterable[SignOff], parts: Mapping[str, str]
) -> list[SeatState]:
    """What `seat_states` says, from rows that were read already, oldest signature first."""
    newest = {row.seat_id: row for row in signed}
    standing: dict[str, SignOff] = {}
    stale: dict[str, tuple[str, ...]] = {}
    people: set[int] = set()
    for seat in seats:
        row = newest.get(seat.pk)
        if row is None or row.decision not in ("approve", "conditional"):
            continue
        stale[seat.role] = stale_parts(row, parts)
        if not stale[seat.role] and not people & persons_of(row):
            standing[seat.role] = row
            people |= persons_of(row)
    return [
        SeatState(
            seat,
            newest.get(seat.pk),
            seat.role in standing,
            stale.get(seat.role, ()),
            tuple(role for role in seat.after if role not in standing),
        )
        for seat in seats
    ]


def stale_parts(row: SignOff, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The parts this signature answers for that have changed since it was given."""
    cared = parts_of_seat(row.role)
    return tuple(p for p in changed_parts(part_digests(row.subject), parts) if p in cared)


def persons_of(row: SignOff) -> set[int]:
    """The people behind a signature: who gave it, and for whom."""
    return {pk for pk in (row.signer_id, row.on_behalf_of_id) if pk}


def holders_of(role: str, model: RegisteredModel) -> QuerySet[User]:
    """The active people who hold a role for this model's team or unit, or everywhere."""
    here = Q(pk__in=[])
    if model.team_id:
        here |= Q(team=model.team_id) | Q(business_unit=model.business_unit_id)
    if place_of(Role(role)) is not Place.TEAM_OR_UNIT:
        here |= Q(team=None, business_unit=None)
    if role == Role.MODEL_OWNER and model.owner_id:
        here |= Q(user=model.owner_id)
    grants = RoleGrant.objects.filter(here, role=role)
    return User.objects.filter(is_active=True, pk__in=grants.values("user"))


def never_sign() -> QuerySet[User]:
    """Platform admins, who give out roles, and so never sign."""
    admins = RoleGrant.objects.filter(role=Role.PLATFORM_ADMIN)
    return User.objects.filter(pk__in=admins.values("user"))


def delegations_in_force(at: datetime) -> QuerySet[Delegation]:
    """The delegations that have begun and not ended at that moment."""
    begun = Delegation.objects.filter(starts_at__lte=at, ends_at__gt=at, ended_at=None)
    return begun.filter(delegate__is_active=True)


def seat_candidates(request: ApprovalRequest, role: str, *, at: datetime) -> list[Candidate]:
    """Everybody who holds the role here, with what stands against each; free ones first."""
    conflicts = conflict_list(request.version, request)
    admins = set(never_sign().values_list("pk", flat=True))
    taken = _other_seats(request, role)
    delegates: dict[int, list[User]] = {}
    for row in delegations_in_force(at).filter(role=role).select_related("delegate"):
        delegates.setdefault(row.delegator_id, []).append(row.delegate)
    found = [
        Candidate(
            user,
            _against(user.pk, role, conflicts, admins, taken),
            delegates.get(user.pk, []),
        )
        for user in holders_of(role, request.version.model).order_by("username")
    ]
    return sorted(found, key=lambda one: bool(one.against))


def _against(
    user_id: int, role: str, conflicts: ConflictList, admins: set[int], taken: Mapping[int, str]
) -> list[str]:
    found = conflicts.against(user_id, role)
    if user_id in admins:
        found.append("is a platform admin")
    if user_id in taken:
        found.append(f"signs as {Role(taken[user_id]).label}")
    return found


def _other_seats(request: ApprovalRequest, role: str) -> dict[int, str]:
    """Who signed another seat of this request with a signature that may still stand."""
    rows = request.sign_offs.exclude(role=role).filter(decision__in=("approve", "conditional"))
    return {person: row.role for row in rows for person in persons_of(row)}
