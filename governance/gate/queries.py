"""Reads of the gate's answers."""

from django.db.models import QuerySet

from governance.gate.models import GateDecision
from portal.accounts.permissions import allowed
from portal.actors import Actor


def visible_answers(actor: Actor) -> QuerySet[GateDecision]:
    """Every answer that `actor` may read, the newest first."""
    answers = GateDecision.objects.all()
    return answers if allowed(actor, "gate.view") else answers.none()
