"""Conditions: what was promised at approval, closed by somebody else than who owes it."""

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.reasons import Reason
from governance.requests.models import Condition, RequestState
from governance.requests.queries import visible_requests
from governance.requests.services.governing import lift
from governance.requests.services.signing import granted_state, require_person
from governance.requests.services.states import locked, text_of, told
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Denied
from portal.trail.services import record


def condition_close(*, actor: Actor, condition_id: int, evidence: str) -> Condition:
    """Note that a condition is met, by what evidence; never by the person who owes it.

    The last one that is overdue lifts the suspension that it caused.
    """
    with transaction.atomic():
        visible = Condition.objects.filter(request__in=visible_requests(actor))
        request_id = get_object_or_404(visible.values_list("request"), pk=condition_id)[0]
        request = locked(actor, request_id)
        condition = Condition.objects.select_for_update().get(pk=condition_id)
        require_person(actor)
        require(actor, "approval.condition", request)
        if condition.met_at:
            return condition
        if condition.owner_id == actor.user_id:
            raise Denied(
                "You owe this condition, so somebody else closes it. Ask whoever set it, or "
                "governance.",
                code="own-condition",
            )
        before = {**told(request), "met": False}
        condition.evidence = text_of("evidence", evidence, "Say what shows that it is met.")
        condition.met_at, condition.met_by_id = timezone.now(), actor.user_id
        condition.save(update_fields=["evidence", "met_at", "met_by"])
        _settle(condition, actor)
        request.refresh_from_db(fields=["state"])
        record(
            actor,
            "approval.condition_met",
            request,
            before=before,
            after={**told(request), "met": True, "condition": condition.pk},
            reason=condition.evidence,
        )
    return condition


def _settle(condition: Condition, actor: Actor) -> None:
    request = condition.request
    overdue = request.conditions.filter(met_at=None, due_on__lt=timezone.now().date())
    if not overdue.exists():
        lift(request, actor, "Every overdue condition is met.", code=Reason.CONDITION_OVERDUE)
    if request.state == RequestState.CONDITIONAL and granted_state(request) != request.state:
        request.state = RequestState.APPROVED
        request.save(update_fields=["state"])
