"""Rows that prove something are never changed, not even with the application's own rights."""

import pytest
from django.db import DatabaseError, transaction

from governance.gate.models import GateDecision
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force, rules_digest
from governance.tiers.models import TierAssessment
from registry.inventory.models import RegisteredModel
from tests.factories import make_model, make_user, make_version
from tests.governance.gate.answers import write_answer

pytestmark = pytest.mark.django_db


def test_the_shipped_policy_is_in_force_before_anybody_publishes_one():
    policy = policy_in_force()
    assert policy.number == 1
    assert policy.digest == rules_digest(policy.rules)
    assert [seat["role"] for seat in policy.rules["tiers"]["T4"]["seats"]] == ["model_owner"]


def test_a_published_policy_is_never_changed_or_removed():
    policy = policy_in_force()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        PolicyRevision.objects.filter(pk=policy.pk).update(note="softer")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        PolicyRevision.objects.filter(pk=policy.pk).delete()


def test_an_assessment_keeps_its_answers_when_its_author_leaves():
    author = make_user()
    made = TierAssessment.objects.create(
        model=make_model(),
        questionnaire="1",
        answers={},
        score=3,
        computed_tier="T3",
        tier="T3",
        rationale="x",
        by=author,
        by_name="A",
    )
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        TierAssessment.objects.filter(pk=made.pk).update(tier="T4")
    TierAssessment.objects.filter(pk=made.pk).update(by=None)
    made.refresh_from_db()
    assert made.by is None


def test_an_answer_of_the_gate_is_never_removed_outside_the_demo():
    model = make_model()
    answer = write_answer(version=make_version(model))
    nameless = write_answer()
    for row in (answer, nameless):
        with pytest.raises(DatabaseError, match="never removed"), transaction.atomic():
            GateDecision.objects.filter(pk=row.pk).delete()
    RegisteredModel.objects.filter(pk=model.pk).update(is_demo=True)
    GateDecision.objects.filter(pk=answer.pk).delete()
    assert list(GateDecision.objects.all()) == [nameless]
