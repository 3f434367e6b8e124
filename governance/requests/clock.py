"""Going through what is due: each row in its own transaction, each notice once."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.checks.services import checks_enqueue
from governance.policies.queries import policy_in_force
from governance.policies.rules import reattestation_rule
from governance.reasons import Reason
from governance.requests.models import (
    GRANTED_STATES,
    ApprovalRequest,
    Condition,
    RequestKind,
    RequestState,
)
from governance.requests.notices import answerable, deputies, leads, notice_enqueue, turn_takers
from governance.requests.services.governing import request_suspend
from governance.requests.services.states import LIVE, end, locked, told
from governance.requests.standing import with_facts
from portal.actors import Actor
from portal.errors import SignetError
from portal.trail.services import record

MOST_AT_ONCE = 500
CHECKS_LATE = timedelta(minutes=15)
Say = Callable[[str], None]
STEPS = ("half", "full", "head")


def clock_look(actor: Actor, say: Say) -> dict[str, int]:
    """Do everything that is due at this moment; what came of it, by kind."""
    at = timezone.now()
    looks: dict[str, Callable[[Actor, datetime], Iterable[Callable[[], None]]]] = {
        "ended": _ends,
        "suspended": _suspensions,
        "reminded": _reminders,
        "told of an end": _end_notices,
        "told of a condition": _condition_notices,
        "asked for checks": _late_checks,
    }
    return {name: _do(list(look(actor, at)), say) for name, look in looks.items()}


def _do(acts: list[Callable[[], None]], say: Say) -> int:
    """Each act by itself: one that is refused does not hold the others up."""
    done = 0
    for act in acts[:MOST_AT_ONCE]:
        try:
            with transaction.atomic():
                act()
            done += 1
        except SignetError as refusal:
            say(refusal.message)
    return done


def _ends(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    over = ApprovalRequest.objects.filter(state__in=LIVE, expires_at__lte=at)
    return [partial(_expire, actor, pk, at) for pk in over.values_list("pk", flat=True)]


def _expire(actor: Actor, request_id: int, at: datetime) -> None:
    request = locked(actor, request_id)
    if request.state not in LIVE or not request.expires_at or request.expires_at > at:
        return
    before = told(request)
    lapsed = request.kind == RequestKind.EMERGENCY
    code = Reason.EMERGENCY_LAPSED if lapsed else Reason.EXPIRED
    end(request, RequestState.EXPIRED, code, f"It ended on {request.expires_at:%d %B %Y}.")
    record(
        actor,
        "approval.expire",
        request,
        before=before,
        after=told(request),
        reason=request.closing_reason,
    )


def _suspensions(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    """Overdue conditions, emergencies nobody reviewed, models nobody has owned for too long."""
    late = Condition.objects.filter(
        met_at=None, due_on__lt=at.date(), request__state__in=GRANTED_STATES
    ).select_related("request", "owner")
    acts = [
        partial(
            request_suspend,
            actor=actor,
            request_id=one.request_id,
            code=Reason.CONDITION_OVERDUE,
            text=f"Due on {one.due_on:%d %B %Y} from {one.owner}: {one.text}"[:4000],
        )
        for one in late
    ]
    return [*acts, *_unreviewed(actor, at), *_ownerless(actor, at)]


def _unreviewed(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    """Emergency changes that no third person looked at in time, those that have ended too."""
    late = ApprovalRequest.objects.filter(
        kind=RequestKind.EMERGENCY,
        state__in=(*LIVE, RequestState.EXPIRED, RequestState.SUPERSEDED),
        review_due_at__lte=at,
        review__isnull=True,
    )
    rows = with_facts(late).order_by("pk")
    return [partial(_lapse, actor, row, at) for row in rows if "lapsed" not in row.notices]


def _lapse(actor: Actor, request: ApprovalRequest, at: datetime) -> None:
    """Close the gate where it is still open, and tell whoever has to see to the review."""
    if request.state in LIVE:
        request_suspend(
            actor=actor,
            request_id=request.pk,
            code=Reason.EMERGENCY_LAPSED,
            text="No third person reviewed the emergency change in time.",
        )
    _note(request, "lapsed", at)
    notice_enqueue(
        actor=actor,
        request=request,
        event="lapsed",
        to=[*answerable(request), *(user.pk for user in leads())],
        text="An emergency change was not reviewed in time; the gate is closed for it.",
    )


def _ownerless(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    """An owner who left: told at once, suspended when nobody took over within the days given."""
    days = reattestation_rule(policy_in_force()).owner_days
    lost = Q(version__model__owner__is_active=False)
    rows = with_facts(ApprovalRequest.objects.filter(lost, state__in=GRANTED_STATES))
    acts: list[Callable[[], None]] = []
    for request in rows.order_by("pk"):
        noted = request.notices.get("owner_left")
        if noted is None:
            acts.append(partial(_note_owner_left, actor, request, at))
        elif datetime.fromisoformat(noted) + timedelta(days=days) <= at:
            acts.append(
                partial(
                    request_suspend,
                    actor=actor,
                    request_id=request.pk,
                    code=Reason.OWNER_LEFT,
                    text=f"{request.version.model.owner} left and nobody took over the model "
                    f"within {days} days.",
                )
            )
    return acts


def _note_owner_left(actor: Actor, request: ApprovalRequest, at: datetime) -> None:
    _note(request, "owner_left", at)
    notice_enqueue(
        actor=actor,
        request=request,
        event="owner-left",
        to=[request.requester_id, *(user.pk for user in leads())],
        text=f"{request.version.model.owner} left. Name another owner, or the approval is "
        "suspended.",
    )


def _note(request: ApprovalRequest, name: str, at: datetime) -> None:
    request.notices = {**request.notices, name: at.isoformat()}
    request.save(update_fields=["notices"])


def _reminders(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    """At half the clock whose turn it is, at the full clock deputies, at 1.5 governance leads."""
    waiting = ApprovalRequest.objects.filter(
        state=RequestState.IN_REVIEW, submitted_at__isnull=False, due_at__isnull=False
    )
    acts = []
    for request in with_facts(waiting).order_by("pk"):
        step = step_at(request, at)
        if step and (
            request.escalated_to not in STEPS
            or STEPS.index(step) > STEPS.index(request.escalated_to)
        ):
            acts.append(partial(_remind, actor, request.pk, step, at))
    return acts


def step_at(request: ApprovalRequest, at: datetime) -> str:
    """How far a review has run over its clock: half, full, head (1.5 times); empty before half."""
    if request.submitted_at is None or request.due_at is None:
        return ""
    length = request.due_at - request.submitted_at
    if at >= request.due_at + length / 2:
        return "head"
    if at >= request.due_at:
        return "full"
    return "half" if at >= request.submitted_at + length / 2 else ""


def _remind(actor: Actor, request_id: int, step: str, at: datetime) -> None:
    request = locked(actor, request_id)
    if request.state != RequestState.IN_REVIEW:
        return
    people = {
        "half": lambda: turn_takers(request, at=at),
        "full": lambda: deputies(request, at=at),
        "head": lambda: [*turn_takers(request, at=at), *leads()],
    }[step]()
    request.escalated_to, request.reminded_at = step, at
    request.save(update_fields=["escalated_to", "reminded_at"])
    after = {"step": step, "told": sorted({user.pk for user in people})}
    record(actor, "approval.remind", request, after=after)
    notice_enqueue(
        actor=actor,
        request=request,
        event=f"remind:{step}",
        to=[user.pk for user in people],
        text={
            "half": "Half the time for this review has passed, and it waits for you.",
            "full": "This review is due now and waits for a signature.",
            "head": "This review is well past its due date. Nothing is approved by silence.",
        }[step],
    )


def _end_notices(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    days = reattestation_rule(policy_in_force()).notice_days
    soon = ApprovalRequest.objects.filter(
        state__in=GRANTED_STATES,
        expires_at__gt=at,
        expires_at__lte=at + timedelta(days=days),
    ).exclude(kind=RequestKind.EMERGENCY)
    rows = with_facts(soon).order_by("pk")
    return [
        partial(_tell_end, actor, request, at) for request in rows if "end" not in request.notices
    ]


def _tell_end(actor: Actor, request: ApprovalRequest, at: datetime) -> None:
    _note(request, "end", at)
    notice_enqueue(
        actor=actor,
        request=request,
        event="end",
        to=answerable(request),
        text=f"This approval ends on {request.expires_at:%d %B %Y}. File a new request to confirm "
        "it; the approval holds until then.",
    )


def _condition_notices(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    days = sorted(reattestation_rule(policy_in_force()).condition_notice_days, reverse=True)
    if not days:
        return []
    soon = at.date() + timedelta(days=days[0])
    rows = Condition.objects.filter(
        met_at=None, due_on__lte=soon, due_on__gte=at.date(), request__state__in=LIVE
    )
    acts = []
    for row in rows.select_related("request__version__model", "owner").order_by("pk"):
        left = (row.due_on - at.date()).days
        reached = min(day for day in days if left <= day)
        if reached not in row.told:
            acts.append(partial(_tell_condition, actor, row, reached))
    return acts


def _tell_condition(actor: Actor, row: Condition, days: int) -> None:
    row.told = sorted({*row.told, days})
    row.save(update_fields=["told"])
    notice_enqueue(
        actor=actor,
        request=row.request,
        event=f"condition:{row.pk}:{days}",
        to=[row.owner_id, *(user.pk for user in leads())],
        text=f"A condition is due on {row.due_on:%d %B %Y} from {row.owner}: {row.text}",
    )


def _late_checks(actor: Actor, at: datetime) -> Iterable[Callable[[], None]]:
    """Requests whose checks have not come back: they are asked for again."""
    late = ApprovalRequest.objects.filter(
        state=RequestState.SUBMITTED, submitted_at__lte=at - CHECKS_LATE
    )
    return [
        partial(
            checks_enqueue,
            actor=actor,
            version_id=version_id,
            environment=environment,
            why="a request waits for its checks",
        )
        for version_id, environment in late.values_list("version_id", "environment")
    ]
