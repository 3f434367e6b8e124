"""Going back: only to what is still approved, unchanged and callable; the bad one is suspended."""

import pytest
from django.utils import timezone

from governance.checks.models import ArtifactManifest
from governance.promotion.compatibility import incompatible
from governance.promotion.models import DeploymentApproval
from governance.promotion.rollback import rollback, rollback_plan
from governance.promotion.services import deployment_take
from governance.requests.models import Suspension
from governance.requests.services.states import end, locked
from governance.writeback.models import WriteBack
from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion
from tests.factories import (
    make_actor,
    make_deployment,
    make_model,
    make_source,
    make_team,
    make_user,
    make_version,
)
from tests.governance.promotion.approved import approved

pytestmark = pytest.mark.django_db
SIGNET = service("governance")
PRICE = {"inputs": [{"name": "price", "type": "double", "required": True}]}


@pytest.fixture
def served() -> tuple[ModelVersion, ModelVersion, Deployment]:
    """Version 1 served and was replaced by version 2, both approved."""
    source = make_source("MLflow", last_complete_at=timezone.now())
    model = make_model("price", source=source, team=make_team(), risk_tier="T4")
    versions = [make_version(model, signature=PRICE) for _ in range(2)]
    owner = person(make_user(Role.MODEL_OWNER, team=model.team))
    for version in versions:
        approved(version)
        made = deployment_take(
            actor=owner,
            environment="production",
            name="price-api",
            served_ref=f"s3://served/{version.version}",
            version_id=version.pk,
        )
    return versions[0], versions[1], made


def test_one_click_with_a_reason_goes_back_and_suspends_the_approval_of_the_bad_one(served):
    good, bad, live = served
    plan = rollback_plan(live)
    assert plan.best.version == good
    assert [point.ok for point in plan.best.points] == [True] * 4
    assert plan.suspends.version == bad
    oncall = make_user(Role.ML_OPS)
    made = rollback(actor=person(oncall), deployment_id=live.pk, reason="Prices doubled")
    live.refresh_from_db()
    assert (made.version, made.served_ref, made.name) == (good, "s3://served/1", "price-api")
    assert live.ended_at
    suspension = Suspension.objects.get()
    assert suspension.request.version == bad
    assert "Prices doubled" in suspension.text
    kept = DeploymentApproval.objects.get(deployment=made)
    assert (kept.rolled_back_from, kept.by, kept.reason) == (live, oncall, "Prices doubled")
    assert kept.decision.answer == "allow"
    alias = WriteBack.objects.filter(wanted__has_key="alias").first()
    assert alias.wanted["alias"]["to"] == "1"
    assert TrailEvent.objects.order_by("seq").last().verb == "deployment.rollback"
    with pytest.raises(Conflict, match="has ended"):
        rollback(actor=person(oncall), deployment_id=live.pk, reason="Again")
    assert Deployment.objects.filter(ended_at=None).count() == 1


def test_a_version_whose_approval_ended_is_no_target(served):
    good, _, live = served
    end(locked(SIGNET, good.approval_requests.get().pk), "revoked", "REVOKED", "Wrong data")
    assert rollback_plan(live).best is None
    lead = make_actor(Role.GOVERNANCE_LEAD)
    with pytest.raises(Conflict, match="none has an approval that holds"):
        rollback(actor=lead, deployment_id=live.pk, reason="x")
    with pytest.raises(Conflict, match="revoked"):
        rollback(actor=lead, deployment_id=live.pk, reason="x", version_id=good.pk)
    assert not Suspension.objects.exists()


def test_a_changed_artifact_is_no_target(served):
    good, _, live = served
    ArtifactManifest.objects.create(version=good, state="complete", digest="f" * 64)
    point = next(p for p in rollback_plan(live).candidates[0].points if "Artifact" in p.title)
    assert not point.ok
    assert "not the approved one" in point.text


def test_a_version_that_was_deleted_or_takes_other_input_is_no_target(served):
    good, _, live = served
    ModelVersion.objects.filter(pk=good.pk).update(
        signature={"inputs": [*PRICE["inputs"], {"name": "shop", "type": "string"}]}
    )
    lead = make_actor(Role.GOVERNANCE_LEAD)
    with pytest.raises(Conflict, match="needs the input shop"):
        rollback(actor=lead, deployment_id=live.pk, reason="x", version_id=good.pk)
    ModelVersion.objects.filter(pk=good.pk).update(signature=PRICE, gone_at=timezone.now())
    with pytest.raises(Conflict, match="deleted"):
        rollback(actor=lead, deployment_id=live.pk, reason="x", version_id=good.pk)


def test_who_may_not_and_what_cannot_be_rolled_back(served):
    _, _, live = served
    for role in (Role.VALIDATOR, Role.AUDITOR, Role.PLATFORM_ADMIN):
        with pytest.raises(Denied):
            rollback(actor=make_actor(role), deployment_id=live.pk, reason="x")
    other = make_actor(Role.MODEL_OWNER, team=make_team())
    with pytest.raises(Denied):
        rollback(actor=other, deployment_id=live.pk, reason="x")
    lead = make_actor(Role.GOVERNANCE_LEAD)
    with pytest.raises(Invalid, match="Say why"):
        rollback(actor=lead, deployment_id=live.pk, reason="  ")
    shadow = make_deployment(None)
    with pytest.raises(Conflict, match="shadow"):
        rollback(actor=lead, deployment_id=shadow.pk, reason="x")


@pytest.mark.parametrize(
    ("now", "other", "against"),
    [
        ({}, PRICE, []),
        (PRICE, {}, []),
        (PRICE, PRICE, []),
        (PRICE, {"inputs": [{"name": "price", "type": "float"}]}, ["It takes price as float"]),
        (PRICE, {"inputs": [{"name": "shop", "type": "string", "required": False}]}, []),
        (PRICE, {"inputs": '[{"name": "shop", "type": "string"}]'}, ["It needs the input shop"]),
        (
            {**PRICE, "outputs": [{"type": "long"}]},
            {**PRICE, "outputs": [{"type": "double"}]},
            ["It answers in another form"],
        ),
        (PRICE, {"inputs": "not json"}, []),
    ],
)
def test_signatures_are_compared_as_a_caller_would_meet_them(now, other, against):
    found = incompatible(now, other)
    assert len(found) == len(against)
    for text, start in zip(found, against, strict=True):
        assert text.startswith(start)
