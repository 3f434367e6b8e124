"""Change plans: inside the signed envelope a retrain is approved by the plan, outside it is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.checks.signals import checks_finished
from governance.plans.envelope import MetricLimit
from governance.plans.models import ChangePlan
from governance.plans.queries import left_of
from governance.plans.services import plan_end, plan_propose, plan_try
from governance.reasons import Reason
from governance.requests.services import request_revoke, request_submit
from governance.requests.standing import approval_for
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.jobs.models import Job
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion
from tests.governance.scenes import (
    another_version,
    make_scene,
    read_artifact,
    run_checks,
    sign_all,
    write_card,
)

pytestmark = pytest.mark.django_db
GOVERNANCE = service("governance")
MADE = {
    "run_tags": {"signet.pipeline": "weekly-demand", "signet.data_to": "2026-08-30"},
    "signature": {
        "inputs": [{"name": "price", "type": "double"}],
        "outputs": [{"type": "double"}],
    },
    "datasets": [{"name": "sales", "digest": "a1"}],
    "metrics": {"roc_auc": 0.91},
}
LIMITS = [MetricLimit("roc_auc", least=0.85, most_move=0.04)]


def propose(scene, **fields):
    return plan_propose(
        **{
            "actor": scene.author,
            "version_id": scene.version.pk,
            "environment": "production",
            "limits": LIMITS,
            "quota": 2,
            "expires_on": timezone.now().date() + timedelta(days=60),
            "purpose": "Retrained each Monday on the last two years.",
            "most_days": 14,
            **fields,
        }
    )


def planned(tier="T3"):
    scene = make_scene(tier, **MADE)
    read_artifact(scene.version)
    run_checks(scene.version)
    request = propose(scene)
    request = request_submit(actor=scene.author, request_id=request.pk)
    return scene, sign_all(scene, request)


def retrained(scene, **changes):
    newer = another_version(scene, **{**MADE, **changes})
    read_artifact(newer.version, f"retrain {newer.version.pk}")
    run_checks(newer.version)
    return newer


def tried(scene):
    return plan_try(actor=GOVERNANCE, version_id=scene.version.pk, environment="production")


def standing(scene, **after):
    version = ModelVersion.objects.get(pk=scene.version.pk)
    return approval_for(version, "production", at=timezone.now() + timedelta(**after))


def test_a_signed_plan_approves_retrains_until_its_quota_is_used():
    scene, plan_request = planned()
    assert plan_request.state == "approved"
    assert standing(scene).codes == [Reason.NO_REQUEST]
    plan = ChangePlan.objects.get()
    first = retrained(scene, metrics={"roc_auc": 0.9})
    request = tried(first)
    assert (request.kind, request.state, request.plan) == ("under_plan", "approved", plan)
    assert request.expires_at.date() == plan.expires_on
    assert standing(first).holds, standing(first).causes
    assert tried(first) is None
    assert tried(retrained(scene)).state == "approved"
    assert left_of(plan) == 0
    third = retrained(scene)
    assert tried(third) is None
    assert standing(third).codes == [Reason.NO_REQUEST]
    assert "has approved its 2 versions" in TrailEvent.objects.get(verb="plan.outside").body


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metrics": {"roc_auc": 0.84}}, "0.85 at least"),
        ({"metrics": {"roc_auc": 0.96}}, "a move of 0.04"),
        ({"metrics": {}}, "no roc_auc"),
        ({"run_tags": {**MADE["run_tags"], "signet.pipeline": "my notebook"}}, "my notebook"),
        ({"run_tags": {**MADE["run_tags"], "signet.data_to": "2026-01-01"}}, "14 days"),
        ({"run_tags": {"signet.pipeline": "weekly-demand"}}, "signet.data_to"),
        (
            {"signature": {**MADE["signature"], "inputs": [{"name": "price", "type": "long"}]}},
            "schema differs: input price",
        ),
        ({"datasets": [{"name": "sales"}, {"name": "weather"}]}, "data sets differ: weather"),
    ],
)
def test_outside_the_envelope_it_needs_a_full_request(changes, told):
    scene, _ = planned()
    newer = retrained(scene, **changes)
    assert tried(newer) is None
    assert tried(newer) is None
    event = TrailEvent.objects.get(verb="plan.outside")
    assert told in event.body
    assert standing(newer).codes == [Reason.NO_REQUEST]


def test_a_required_check_that_fails_keeps_a_retrain_out():
    scene, _ = planned()
    newer = retrained(scene)
    run_checks(newer.version, failing=("artifact_scan",))
    assert tried(newer) is None


def test_what_a_plan_approved_ends_with_the_plan():
    scene, plan_request = planned()
    newer = retrained(scene)
    tried(newer)
    assert Reason.EXPIRED in standing(newer, days=62).codes
    request_revoke(
        actor=scene.actor("governance_lead"), request_id=plan_request.pk, reason="Drifts"
    )
    assert standing(newer).codes == [Reason.REVOKED]
    assert tried(retrained(scene)) is None


def test_a_plan_can_be_ended():
    scene, _ = planned()
    newer = retrained(scene)
    tried(newer)
    plan = ChangePlan.objects.get()
    with pytest.raises(Denied):
        plan_end(actor=scene.actor("validator"), plan_id=plan.pk, reason="x")
    for _ in range(2):
        plan_end(actor=scene.author, plan_id=plan.pk, reason="The pipeline is rewritten.")
    assert standing(newer).codes == [Reason.REVOKED]


def test_a_retrain_whose_card_or_artifact_changes_afterwards_is_stale():
    scene, _ = planned()
    newer = retrained(scene)
    tried(newer)
    write_card(scene.author, newer.version, intended_uses="Also prices.")
    assert standing(newer).codes == [Reason.STALE_CARD]
    read_artifact(newer.version, "something else")
    assert standing(newer).codes == [Reason.STALE_DIGEST, Reason.STALE_CARD]


def test_what_a_tier_allows_is_kept_to():
    with pytest.raises(Conflict, match="no change plan"):
        propose(make_scene("T1", **MADE))
    scene = make_scene("T3", **MADE)
    too_long = timezone.now().date() + timedelta(days=200)
    for bad in (
        {"quota": 27},
        {"quota": 0},
        {"expires_on": too_long},
        {"limits": []},
        {"limits": [MetricLimit("roc_auc", least=0.95)]},
        {"limits": [MetricLimit("unknown", least=0.5)]},
        {"purpose": ""},
    ):
        with pytest.raises(Invalid):
            propose(scene, **bad)
    with pytest.raises(Invalid, match="names no pipeline"):
        propose(make_scene("T3", **{**MADE, "run_tags": {}}))


def test_only_its_team_proposes_a_plan_and_only_one_at_a_time():
    scene, other = make_scene(**MADE), make_scene()
    with pytest.raises(Denied):
        propose(scene, actor=other.author)
    propose(scene)
    with pytest.raises(Conflict, match="already"):
        propose(scene)


def test_a_version_is_tried_once_its_checks_are_there():
    scene, _ = planned()
    newer = retrained(scene)
    run = newer.version.check_runs.get()
    checks_finished.send(sender=type(run), run=run, actor=GOVERNANCE)
    job = Job.objects.get(kind="governance.plan_try")
    assert job.args == {"version_id": newer.version.pk, "environment": "production"}
