"""Who answers for a model, its tier, and what serves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from registry.deployments.models import Deployment
from registry.deployments.services import deployment_end, deployment_record, shadow_link
from registry.inventory.models import Lifecycle
from registry.inventory.services import assignment_stamp, model_assign, model_set_tier, tier_stamp
from tests.factories import THEN, make_actor, make_deployment, make_model, make_team, make_user
from tests.factories import make_version as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return make_actor(Role.GOVERNANCE_LEAD)


def verbs():
    return list(TrailEvent.objects.order_by("seq").values_list("verb", flat=True))


def test_assign_records_names_before_and_after(lead):
    model, team, owner = make_model(), make_team("Pricing"), make_user(display_name="Ana Silva")
    saved = model_assign(
        actor=lead, model_id=model.pk, owner_id=owner.pk, team_id=team.pk, reason=" moved "
    )
    assert (saved.owner, saved.team) == (owner, team)
    event = TrailEvent.objects.get()
    assert event.verb == "model.assign"
    assert '"owner":"Ana Silva"' in event.body
    assert '"reason":"moved"' in event.body


def test_assigning_the_same_again_leaves_no_event(lead):
    model, team = make_model(), make_team()
    for _ in range(2):
        model_assign(actor=lead, model_id=model.pk, owner_id=None, team_id=team.pk)
    assert verbs() == ["model.assign"]


def test_assign_refuses_a_stale_form(lead):
    model, team = make_model(), make_team()
    seen = assignment_stamp(model)
    model_assign(actor=lead, model_id=model.pk, owner_id=None, team_id=team.pk, seen=seen)
    with pytest.raises(Conflict, match="Reload the page"):
        model_assign(actor=lead, model_id=model.pk, owner_id=None, team_id=None, seen=seen)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"owner_id": 10**9}, "owner"),
        ({"team_id": 10**9}, "team"),
        ({"reason": "x" * 1001}, "reason"),
    ],
)
def test_assign_names_what_is_wrong(lead, changes, field):
    given = {"owner_id": None, "team_id": None, **changes}
    with pytest.raises(Invalid) as caught:
        model_assign(actor=lead, model_id=make_model().pk, **given)
    assert list(caught.value.fields) == [field]


def test_somebody_deactivated_cannot_become_owner(lead):
    gone = make_user(is_active=False)
    with pytest.raises(Invalid):
        model_assign(actor=lead, model_id=make_model().pk, owner_id=gone.pk, team_id=None)


def test_only_the_owner_role_of_the_team_and_the_lead_assign():
    team = make_team()
    model = make_model(team=team)
    other = make_actor(Role.MODEL_OWNER, team=make_team())
    scientist = make_actor(Role.DATA_SCIENTIST, team=team)
    for actor in (other, scientist, make_actor(Role.VIEWER), make_actor(Role.PLATFORM_ADMIN)):
        with pytest.raises(Denied):
            model_assign(actor=actor, model_id=model.pk, owner_id=None, team_id=None)
    own = make_actor(Role.MODEL_OWNER, team=team)
    assert model_assign(actor=own, model_id=model.pk, owner_id=own.user_id, team_id=team.pk).owner


def test_tier_needs_a_reason_and_refuses_a_stale_form(lead):
    model = make_model()
    with pytest.raises(Invalid):
        model_set_tier(actor=lead, model_id=model.pk, tier="T1", reason="  ")
    with pytest.raises(Invalid):
        model_set_tier(actor=lead, model_id=model.pk, tier="T9", reason="because")
    seen = tier_stamp(model)
    saved = model_set_tier(actor=lead, model_id=model.pk, tier="T1", reason="Prices", seen=seen)
    assert (saved.risk_tier, saved.tier_reason) == ("T1", "Prices")
    with pytest.raises(Conflict):
        model_set_tier(actor=lead, model_id=model.pk, tier="T2", reason="Less", seen=seen)
    assert verbs() == ["model.set_tier"]


def record(actor, **changes):
    given = {
        "environment": "production",
        "name": "pricing-api",
        "served_ref": "models:/pricing/1",
        **changes,
    }
    return deployment_record(actor=actor, **given)


def test_a_deployment_replaces_what_served_under_its_name():
    team = make_team()
    owner = make_actor(Role.MODEL_OWNER, team=team)
    model = make_model(team=team)
    first, second = make(model), make(model)
    old = record(owner, version_id=first.pk)
    new = record(owner, version_id=second.pk, served_ref="models:/pricing/2")
    old.refresh_from_db()
    first.refresh_from_db()
    model.refresh_from_db()
    assert old.ended_at == new.started_at
    assert (new.team, first.lifecycle, model.lifecycle) == (team, "retired", "deployed")
    assert verbs() == ["deployment.record", "deployment.end", "deployment.record"]


def test_recording_what_already_serves_changes_nothing():
    owner = make_actor(Role.MODEL_OWNER, team=(team := make_team()))
    version = make(make_model(team=team))
    assert record(owner, version_id=version.pk) == record(owner, version_id=version.pk)
    assert Deployment.objects.count() == 1


def test_nobody_takes_over_another_teams_endpoint():
    make_deployment(make(make_model(team=make_team())), name="pricing-api")
    owner = make_actor(Role.MODEL_OWNER, team=(team := make_team()))
    with pytest.raises(Denied):
        record(owner, version_id=make(make_model(team=team)).pk)


def test_a_shadow_model_belongs_to_a_team_and_can_be_linked():
    team = make_team()
    owner = make_actor(Role.MODEL_OWNER, team=team)
    shadow = record(owner, team_id=team.pk, served_ref="s3://old/model.pkl")
    assert shadow.version is None
    model = make_model(team=team)
    linked = shadow_link(actor=owner, deployment_id=shadow.pk, version_id=make(model).pk)
    model.refresh_from_db()
    assert (linked.version.model, model.lifecycle) == (model, Lifecycle.DEPLOYED)
    with pytest.raises(Conflict):
        shadow_link(actor=owner, deployment_id=shadow.pk, version_id=linked.version_id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"environment": "moon"}, "environment"),
        ({"name": " "}, "name"),
        ({"served_ref": "x" * 501}, "served_ref"),
        ({"version_id": 10**9}, "version"),
        ({"team_id": 10**9}, "team"),
        ({"started_at": THEN + timedelta(days=40_000)}, "started_at"),
    ],
)
def test_a_record_names_what_is_wrong(changes, field):
    with pytest.raises(Invalid) as caught:
        record(service("sync"), **changes)
    assert list(caught.value.fields) == [field]


def test_ending_twice_changes_nothing_and_not_before_the_start():
    live = make_deployment(make(make_model()))
    with pytest.raises(Invalid):
        deployment_end(
            actor=service("sync"), deployment_id=live.pk, ended_at=THEN - timedelta(days=1)
        )
    ended = deployment_end(actor=service("sync"), deployment_id=live.pk, reason="Replaced by rules")
    again = deployment_end(actor=service("sync"), deployment_id=live.pk)
    assert ended.ended_at == again.ended_at <= timezone.now()
    assert verbs() == ["deployment.end"]
