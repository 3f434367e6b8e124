"""The demo's approvals: walked through the real services once, and taken away whole."""

import pytest

from governance import demo
from governance.requests.models import ApprovalRequest, SignOff
from governance.requests.verification import signatures_verify
from portal.accounts.models import Team
from portal.actors import service
from registry.demo import people
from registry.demo.recipes import CHALLENGERS, CHAMPIONS
from registry.demo.removal import demo_remove
from registry.demo.walk import TIERS
from registry.inventory.models import RegisteredModel
from tests.factories import make_model, make_version
from tests.governance.scenes import read_artifact, run_checks

pytestmark = pytest.mark.django_db
TEAMS = {"basket-value": "Personalisation", "coupon-redemption": "Personalisation"}


def load() -> None:
    people.people_load("a long enough password")
    for name, (tier, _) in TIERS.items():
        team = Team.objects.get(name=TEAMS.get(name, "Demand planning"))
        model = make_model(name, team=team, is_demo=True, risk_tier=tier)
        for number in sorted({CHAMPIONS[name], CHALLENGERS.get(name, CHAMPIONS[name])}):
            version = make_version(model, number, run_user=f"trainer of {name}")
            read_artifact(version)
            run_checks(version)


def test_requests_in_several_states_are_shown_and_go_with_the_demo():
    load()
    for _ in range(2):
        demo.approvals_walk()
    found = ApprovalRequest.objects.values_list("version__model__name", "state")
    assert sorted(found) == [
        ("basket-value", "approved"),
        ("basket-value", "draft"),
        ("coupon-redemption", "in_review"),
        ("grocery-demand-forecast", "conditional"),
        ("juice-brand-choice", "approved"),
        ("produce-demand-forecast", "changes_requested"),
    ]
    assert signatures_verify().holds
    counts = demo_remove(actor=service("demo"))
    assert counts["approval requests"] == 6
    assert not SignOff.objects.exists()
    assert not RegisteredModel.objects.filter(is_demo=True).exists()
