"""Pipelines that ask while somebody takes the approval back: no later answer still allows it."""

import pytest

from governance.gate.models import GateAnswer, GateDecision
from governance.gate.services import gate_ask
from governance.requests.services import request_revoke
from portal.accounts.permissions import Role
from portal.trail.models import TrailEvent
from registry.cards.services import card_save
from tests.cards.facts import scientist_of, written
from tests.factories import make_actor
from tests.governance.amounts import RACES as ALL
from tests.governance.factories import make_approved, make_candidate
from tests.governance.test_races import race

# What the approvals themselves race over is raced there; here it is about the gate alone.
RACES = max(ALL // 4, 10)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]


def asking(version, actor):
    return lambda: gate_ask(
        actor=actor,
        model=version.model.name,
        version=version.version,
        environment="production",
    )


def allowed_after(verb, subject):
    """Answers that let the version through although they stand in the trail after `verb`."""
    ended = TrailEvent.objects.get(verb=verb, subject_id=str(subject.pk)).seq
    later = TrailEvent.objects.filter(verb="gate.answer", seq__gt=ended)
    rows = GateDecision.objects.filter(pk__in=[int(event.subject_id) for event in later])
    return rows.exclude(answer=GateAnswer.DENY).count()


def test_asking_against_taking_back():
    pipeline, lead = make_actor(Role.VIEWER), make_actor(Role.GOVERNANCE_LEAD)
    bad = []
    for _ in range(RACES):
        request = make_approved(make_candidate("T4"))

        def revoke(request=request):
            return request_revoke(actor=lead, request_id=request.pk, reason="A fault was found.")

        ask = asking(request.version, pipeline)
        answers = race(ask, revoke, ask)
        answers = [one for one in answers if isinstance(one, GateDecision)]
        if len(answers) != 2 or allowed_after("approval.revoke", request):
            bad.append((request.pk, answers))
    assert bad == []


def test_asking_against_an_edit_of_the_card():
    pipeline = make_actor(Role.VIEWER)
    bad = []
    for _ in range(RACES):
        request = make_approved(make_candidate("T4"))
        version, author = request.version, scientist_of(request.version)
        number = version.card_revisions.latest("number").number

        def edit(version=version, author=author, number=number):
            return card_save(
                actor=author,
                version_id=version.pk,
                base_revision=number,
                changes={"intended_uses": written("Something else.")},
            )

        race(asking(version, pipeline), edit, asking(version, pipeline))
        if asking(version, pipeline)().reasons != ["STALE_CARD"]:
            bad.append(version.pk)
    assert bad == []
