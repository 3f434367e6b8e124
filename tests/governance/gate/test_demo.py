"""The demo shows what the gate answers, once, and takes it away again."""

import pytest

from governance import demo
from governance.gate.models import GateDecision
from portal.actors import service
from registry.demo.removal import demo_remove
from tests.governance.test_demo import load

pytestmark = pytest.mark.django_db


def test_the_demo_asks_the_gate_once_and_leaves_nothing():
    load()
    demo.approvals_walk()
    for _ in range(2):
        demo.gate_asked()
    answers = GateDecision.objects.filter(environment="production")
    told = dict(answers.values_list("asked_model", "answer").distinct())
    assert {"allow", "deny"} <= set(answers.values_list("answer", flat=True)), told
    assert answers.count() == GateDecision.objects.filter(environment="staging").count()
    assert answers.values("version").distinct().count() == answers.count()
    demo_remove(actor=service("demo"))
    assert not GateDecision.objects.exists()
