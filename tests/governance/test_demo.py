"""The demo's approvals: walked through the real services once, and taken away whole."""

import pytest

from governance import demo
from governance.packs.services import KIND
from governance.promotion.models import DeploymentApproval
from governance.requests.models import ApprovalRequest, SignOff
from governance.requests.verification import signatures_verify
from portal.accounts.models import Team
from portal.actors import service
from portal.jobs.models import Job
from registry.cards.gaps import required_fields
from registry.cards.schema import schema_of
from registry.demo import people, walk
from registry.demo.recipes import CHALLENGERS, CHAMPIONS
from registry.demo.removal import demo_remove
from registry.demo.walk import TIERS
from registry.deployments.models import Deployment
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


def test_what_is_approved_serves_under_its_approval_and_has_a_pack_built():
    load()
    walk.deployments_record()
    for _ in range(2):
        demo.approvals_walk()
        demo.gate_asked()
        demo.approved_deploy()
    kept = DeploymentApproval.objects.get(deployment__name="welcome-back-offers")
    assert kept.request.version.model.name == "basket-value"
    assert kept.decision.answer == "allow"
    version = kept.deployment.version
    assert Job.objects.filter(kind=KIND, args__version_id=version.pk).count() == 1
    assert Deployment.objects.filter(name="welcome-back-offers").count() == 1


def test_the_card_of_the_approved_version_answers_what_its_tier_asks_of_people():
    card = next(card for card in walk.card_texts() if card["model"] == "basket-value")
    said = walk.card_answers(card)
    asked = required_fields(
        schema_of(),
        TIERS["basket-value"][0],
        {key: {"state": answer.state, "value": answer.value} for key, answer in said.items()},
    )
    # The technical owner comes from the model's owner; the rest is read from the run.
    missing = [one.key for one in asked if one.source == "human" and one.key not in said]
    assert missing == []
