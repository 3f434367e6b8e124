"""What requests take up from the other subjects, and what follows from their own events."""

from datetime import timedelta
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from governance.checks.models import CheckRun
from governance.checks.signals import checks_finished
from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open
from governance.policies.rules import emergency_rule
from governance.requests.lifecycle import approval_states
from governance.requests.models import ApprovalRequest, RequestKind, RequestState
from governance.requests.notices import answerable, governance, notice_enqueue, turn_takers
from governance.requests.services.filing import checks_pin
from governance.requests.signals import request_ended, request_granted, request_moved
from portal.actors import Actor
from registry.inventory.lifecycle import approval_states_from

QUARTER = timedelta(days=90)

approval_states_from(approval_states)


@receiver(checks_finished, dispatch_uid="requests.checks_finished")
def checks_done(sender: Any, run: CheckRun, actor: Actor, **kwargs: Any) -> None:
    """Let people sign the request that waited for these checks."""
    checks_pin(actor=actor, run=run)


@receiver(request_moved, dispatch_uid="requests.moved")
def moved(sender: Any, request: ApprovalRequest, **kwargs: Any) -> None:
    """Tell whoever's turn it is now, or what became of the request."""
    at = timezone.now()
    if request.state == RequestState.IN_REVIEW:
        signed = request.sign_offs.filter(round=request.round).count()
        people = [user.pk for user in turn_takers(request, at=at)]
        text, event = "It is your turn to look at this request.", f"turn:{signed}"
    elif request.state in (RequestState.CHANGES_REQUESTED, RequestState.REJECTED):
        people = [pk for pk in answerable(request) if pk]
        text = f"{request.get_state_display()}: {request.closing_reason}"
        event = request.state
    else:
        return
    notice_enqueue(actor=governance(), request=request, event=event, to=people, text=text)


@receiver(request_granted, dispatch_uid="requests.granted")
def granted(sender: Any, request: ApprovalRequest, **kwargs: Any) -> None:
    """Tell who filed it; too many emergencies ask for the tier to be looked at."""
    until = f" It holds until {request.expires_at:%d %B %Y}." if request.expires_at else ""
    notice_enqueue(
        actor=governance(),
        request=request,
        event=f"granted:{request.expires_at}",
        to=answerable(request),
        text=f"{request.get_state_display()}.{until}",
    )
    if request.kind == RequestKind.EMERGENCY:
        _count_emergencies(request)


@receiver(request_ended, dispatch_uid="requests.ended")
def ended(sender: Any, request: ApprovalRequest, code: str, **kwargs: Any) -> None:
    """Tell who filed it that the approval does not hold any more."""
    notice_enqueue(
        actor=governance(),
        request=request,
        event=f"ended:{code}:{timezone.now():%Y%m%d%H%M%S}",
        to=answerable(request),
        text=f"{request.get_state_display()}: {request.closing_reason or code}",
    )


def _count_emergencies(request: ApprovalRequest) -> None:
    if request.policy is None:
        return
    model = request.version.model
    most = emergency_rule(request.policy).changes_in_90_days
    since = timezone.now() - QUARTER
    recent = ApprovalRequest.objects.filter(
        version__model=model, kind=RequestKind.EMERGENCY, decided_at__gte=since
    ).count()
    if recent > most:
        finding_open(
            actor=governance(),
            model=model,
            version=request.version,
            kind=FindingKind.REVIEW,
            severity=Severity.HIGH,
            key=f"emergencies:{model.pk}",
            text=f"{recent} emergency changes in 90 days; the policy expects {most} at most. "
            "Assess the model's risk anew.",
            facts={"request": request.pk, "count": recent},
        )
