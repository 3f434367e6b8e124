"""Whether an approval holds at a moment, and if not, why: computed from facts, never stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from governance.checks.models import CheckResult, CheckRun, Verdict
from governance.gate.statements import public_keys
from governance.policies.queries import policy_in_force
from governance.policies.rules import required_checks
from governance.reasons import Reason
from governance.requests.fitting import unsigned_facts
from governance.requests.models import (
    GRANTED_STATES,
    ApprovalRequest,
    Condition,
    RequestKind,
    RequestState,
    SignOff,
    Suspension,
)
from governance.requests.needs import flags_of, seats_needed
from governance.requests.parts import LABELS, reason_of
from governance.requests.seats import SeatState, holders_of, seat_states
from governance.requests.statements import broken
from governance.requests.subjects import Subject, changed_fields, part_digests, subject_of
from portal.accounts.permissions import Role
from registry.cards.schema import schema_of
from registry.inventory.models import ModelVersion

ENDED = {
    RequestState.REJECTED: Reason.REJECTED,
    RequestState.WITHDRAWN: Reason.WITHDRAWN,
    RequestState.REVOKED: Reason.REVOKED,
    RequestState.EXPIRED: Reason.EXPIRED,
    RequestState.SUPERSEDED: Reason.SUPERSEDED,
    RequestState.SUSPENDED: Reason.SUSPENDED,
    RequestState.CHANGES_REQUESTED: Reason.CHANGES_REQUESTED,
    RequestState.SUBMITTED: Reason.IN_REVIEW,
    RequestState.IN_REVIEW: Reason.IN_REVIEW,
    RequestState.DRAFT: Reason.NO_REQUEST,
}


@dataclass(frozen=True)
class Cause:
    """One reason why an approval does not hold, with the seats that must sign again."""

    code: Reason
    text: str
    seats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """Whether an approval holds, its causes if not, and its open conditions."""

    holds: bool
    state: str
    causes: list[Cause]
    conditions: list[Condition] = field(default_factory=list)
    request: ApprovalRequest | None = None
    seats: list[SeatState] = field(default_factory=list)
    subject: Subject | None = None

    @property
    def codes(self) -> list[str]:
        """The machine codes of the causes, each once."""
        return list(dict.fromkeys(str(cause.code) for cause in self.causes))


def with_facts(requests: QuerySet[ApprovalRequest]) -> QuerySet[ApprovalRequest]:
    """The requests with what their standing reads."""
    return requests.select_related(
        "version__model__owner",
        "version__model__team__business_unit",
        "policy",
        "check_run",
        "plan",
        "card_revision__version",
    )


def approval_for(version: ModelVersion, environment: str, *, at: datetime) -> Standing:
    """The standing of the approval under which this version may run there, or why there is none.

    A request in review does not disturb an approval that holds.
    """
    asked = with_facts(ApprovalRequest.objects.filter(version=version))
    here = list(
        asked.filter(environment=environment).exclude(kind=RequestKind.PLAN).order_by("-id")[:20]
    )
    live = (*GRANTED_STATES, RequestState.SUSPENDED)
    granted = [one for one in here if one.state in live]
    told = [one for one in here if one.state not in (RequestState.DRAFT, RequestState.WITHDRAWN)]
    best: Standing | None = None
    for request in sorted(granted[:4], key=lambda one: one.state not in GRANTED_STATES):
        found = standing_of(request, at=at)
        if found.holds:
            return found
        best = best or found
    if best:
        return best
    if told or here:
        return standing_of((told or here)[0], at=at)
    elsewhere = asked.filter(state__in=GRANTED_STATES).exclude(environment=environment)
    if elsewhere.exclude(kind=RequestKind.PLAN).exists():
        return _none(Reason.WRONG_ENVIRONMENT)
    return _none(Reason.NO_REQUEST)


def _none(code: Reason) -> Standing:
    return Standing(False, "", [Cause(code, f"{code.label}.")])


def standing_of(request: ApprovalRequest, *, at: datetime) -> Standing:
    """Whether this request's approval holds at that moment; a pure read of a bounded size."""
    if request.state == RequestState.DRAFT:
        return Standing(False, request.state, [_ended(request)], request=request)
    subject = subject_of(request.version, request.environment, request)
    seats = seat_states(request, subject.parts)
    conditions = list(request.conditions.filter(met_at=None).select_related("owner"))
    causes = [_ended(request)] if request.state not in GRANTED_STATES else []
    if request.state in GRANTED_STATES or request.state == RequestState.SUSPENDED:
        causes = [*_suspended(request, causes), *_granted(request, subject, seats, at)]
        causes += _overdue(conditions, at)
    return Standing(not causes, request.state, causes, conditions, request, seats, subject)


def _ended(request: ApprovalRequest) -> Cause:
    code = ENDED[RequestState(request.state)]
    if request.kind == RequestKind.EMERGENCY and code is Reason.EXPIRED:
        code = Reason.EMERGENCY_LAPSED
    said = f" {request.closing_reason}" if request.closing_reason else ""
    return Cause(code, f"{code.label}.{said}")


def _suspended(request: ApprovalRequest, otherwise: list[Cause]) -> list[Cause]:
    rows = Suspension.objects.filter(request=request, lifted_at=None).order_by("id")
    found = [Cause(_code(row.code), row.text) for row in rows]
    return found or otherwise


def _code(value: str) -> Reason:
    return Reason(value) if value in Reason.values else Reason.SUSPENDED


def _granted(
    request: ApprovalRequest, subject: Subject, seats: list[SeatState], at: datetime
) -> list[Cause]:
    """Everything that a decision once made depends on, read anew."""
    return [
        *_time(request, at),
        *_gone(request.version),
        *_stale(request, subject, seats),
        *_missing(request, seats),
        *_signers(request, seats),
        *_policy(request),
        *_checks(request),
        *_plan(request, at),
    ]


def _time(request: ApprovalRequest, at: datetime) -> list[Cause]:
    found = []
    if request.expires_at and request.expires_at <= at:
        emergency = request.kind == RequestKind.EMERGENCY
        code = Reason.EMERGENCY_LAPSED if emergency else Reason.EXPIRED
        found.append(Cause(code, f"{code.label}: it ended on {request.expires_at:%d %B %Y}."))
    if request.review_due_at and request.review_due_at <= at and not hasattr(request, "review"):
        found.append(
            Cause(
                Reason.EMERGENCY_LAPSED,
                "The emergency change was not reviewed in time by a third person.",
            )
        )
    return found


def _gone(version: ModelVersion) -> list[Cause]:
    if version.gone_at or version.model.gone_at:
        return [Cause(Reason.GONE, f"{Reason.GONE.label}.")]
    return []


def _stale(request: ApprovalRequest, subject: Subject, seats: list[SeatState]) -> list[Cause]:
    """Each changed part once, with the seats that must sign again for it."""
    if request.kind == RequestKind.UNDER_PLAN:
        frozen = part_digests(request.subject)
        changed = {part: () for part in LABELS if frozen.get(part) != subject.parts.get(part)}
        return [_changed(request, subject, part, ()) for part in changed]
    by_part: dict[str, list[str]] = {}
    for seat in seats:
        for part in seat.stale_parts:
            by_part.setdefault(part, []).append(seat.seat.role)
    return [
        _changed(request, subject, part, tuple(by_part[part])) for part in LABELS if part in by_part
    ]


def _changed(
    request: ApprovalRequest, subject: Subject, part: str, seats: tuple[str, ...]
) -> Cause:
    code = reason_of(part)
    keys = changed_fields(request.subject, subject.facts, part)
    fields = schema_of().by_key
    named = ", ".join(fields[key].label if key in fields else key for key in keys)
    again = ", ".join(str(Role(role).label) for role in seats)
    what = f"{LABELS[part]} changed after approval{f': {named}' if named else ''}."
    return Cause(code, f"{what} To sign again: {again}." if again else what, seats)


def _missing(request: ApprovalRequest, seats: list[SeatState]) -> list[Cause]:
    unsigned = tuple(s.seat.role for s in seats if not s.stands and not s.stale_parts)
    if request.kind in (RequestKind.UNDER_PLAN, RequestKind.EMERGENCY):
        return [_lacking(unsigned)] if unsigned else []
    found = [_lacking(unsigned)] if unsigned or not seats else []
    return found + _tier(request, {seat.seat.role for seat in seats})


def _tier(request: ApprovalRequest, known: set[str]) -> list[Cause]:
    """A tier that went up, or a new flag, asks for seats that nobody has signed."""
    model, policy = request.version.model, request.policy
    found: list[Cause] = []
    tier = model.risk_tier or request.tier
    flags = flags_of(model)
    if policy is None or (tier == request.tier and flags == request.subject.get("flags", [])):
        return found
    added = tuple(n.role for n in seats_needed(policy, tier, flags) if n.role not in known)
    if added:
        names = ", ".join(str(Role(role).label) for role in added)
        text = f"The risk is now {tier} with {', '.join(flags) or 'no flags'}; also to sign: "
        found.append(Cause(Reason.STALE_TIER, f"{text}{names}.", added))
        found.append(_lacking(added))
    elif tier < request.tier:
        found.append(Cause(Reason.STALE_TIER, f"The risk tier is now {tier}, not {request.tier}."))
    return found


def _lacking(roles: tuple[str, ...]) -> Cause:
    names = ", ".join(str(Role(role).label) for role in roles) or "every seat"
    return Cause(Reason.TIER_SEAT_MISSING, f"Not signed: {names}.", roles)


def _signers(request: ApprovalRequest, seats: list[SeatState]) -> list[Cause]:
    """Whoever signed must still hold the role, and each signature must be the one given."""
    rows = [seat.sign_off for seat in seats if seat.sign_off and seat.stands]
    if not rows:
        return []
    left = tuple(row.role for row in rows if not _still_holds(request, row))
    found = []
    if left:
        names = ", ".join(row.signer_name for row in rows if row.role in left)
        text = f"{names} signed and no longer holds the role; the seat is to be confirmed again."
        found.append(Cause(Reason.SIGNER_LEFT, text, left))
    trusted = public_keys()
    damaged = tuple(row.role for row in rows if broken(row, trusted))
    if damaged:
        found.append(Cause(Reason.SIGNATURE_BROKEN, f"{Reason.SIGNATURE_BROKEN.label}.", damaged))
    elif differing := unsigned_facts(request, seats):
        text = f"The request says something else than was signed: {', '.join(differing)}."
        found.append(Cause(Reason.SIGNATURE_BROKEN, text))
    return found


def _still_holds(request: ApprovalRequest, row: SignOff) -> bool:
    if row.signer is None or not row.signer.is_active:
        return False
    if request.kind == RequestKind.EMERGENCY and row.signer_id == request.requester_id:
        return True  # whoever was on call when it was called
    person = row.on_behalf_of_id or row.signer_id
    return holders_of(row.role, request.version.model).filter(pk=person).exists()


def _policy(request: ApprovalRequest) -> list[Cause]:
    now = policy_in_force()
    if request.policy and now.number > request.policy.number and now.applies_at_once:
        text = f"Policy revision {now.number} applies at once; revision {request.policy.number} "
        return [Cause(Reason.STALE_POLICY, f"{text}was in force at approval.")]
    return []


def _checks(request: ApprovalRequest) -> list[Cause]:
    """Required checks that do not pass in the newest run."""
    if request.kind == RequestKind.EMERGENCY:
        return []  # what an emergency skips, its review looks at
    newest = CheckRun.objects.filter(version=request.version, environment=request.environment)
    run = newest.order_by("-id").first()
    if run is None:
        return [Cause(Reason.COULD_NOT_TELL, "The checks have not run for this version yet.")]
    bad = _required_failing(request, run)
    if not bad:
        return []
    then = request.check_run
    passed = set(_passing(then)) if then and then.pk != run.pk else set()
    found = []
    for code, rows in (
        (Reason.STALE_CHECKS, [row for row in bad if row.check_id in passed]),
        (Reason.CHECK_FAILED, [row for row in bad if row.check_id not in passed]),
    ):
        if rows:
            found.append(Cause(code, f"{code.label}: {', '.join(row.title for row in rows)}."))
    return found


FAILING = (Verdict.FAIL, Verdict.COULD_NOT_RUN)


def _required_failing(request: ApprovalRequest, run: CheckRun) -> list[CheckResult]:
    """What fails of the checks that the request's own policy requires.

    A policy that was published later judges new requests only, though new runs follow it.
    """
    failing = run.results.filter(verdict__in=FAILING)
    if request.policy is None or run.policy_id == request.policy_id:
        return list(failing.filter(is_required=True))
    return list(failing.filter(check_id__in=required_checks(request.policy, request.tier)))


def _passing(run: CheckRun) -> Iterable[str]:
    rows = run.results.exclude(verdict__in=FAILING)
    return rows.values_list("check_id", flat=True)


def _plan(request: ApprovalRequest, at: datetime) -> list[Cause]:
    """What is approved under a plan holds as long as the plan itself does."""
    if request.kind != RequestKind.UNDER_PLAN or request.plan is None:
        return []
    from governance.plans.queries import plan_causes

    return [Cause(code, text) for code, text in plan_causes(request.plan, at)]


def _overdue(conditions: list[Condition], at: datetime) -> list[Cause]:
    late = [one for one in conditions if one.due_on < at.date()]
    return [
        Cause(
            Reason.CONDITION_OVERDUE,
            f"Due on {one.due_on:%d %B %Y} from {one.owner}: {one.text}",
        )
        for one in late
    ]
