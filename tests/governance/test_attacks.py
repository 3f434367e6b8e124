"""Ways around approval that are not in the list of others' mistakes, each closed."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.gate.services import gate_ask
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.reasons import Reason
from governance.requests.models import ApprovalRequest, RequestKind
from governance.requests.services import (
    delegation_give,
    emergency_call,
    request_open,
    request_submit,
)
from governance.requests.standing import standing_of, with_facts
from governance.requests.verification import signatures_verify
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Denied
from tests.factories import make_user
from tests.governance.scenes import (
    PURPOSE,
    actor_for,
    filed,
    make_scene,
    read_artifact,
    run_checks,
    sign,
    write_card,
)
from tests.governance.test_separation import also, refused

pytestmark = pytest.mark.django_db


def codes(request):
    fresh = with_facts(ApprovalRequest.objects.all()).get(pk=request.pk)
    return standing_of(fresh, at=timezone.now()).codes


def test_whoever_submits_what_a_colleague_opened_cannot_judge_it():
    scene = make_scene()
    read_artifact(scene.version)
    run_checks(scene.version)
    request = request_open(
        actor=scene.author, version_id=scene.version.pk, environment="production", purpose=PURPOSE
    )
    colleague = also(make_user(Role.DATA_SCIENTIST, team=scene.team), Role.VALIDATOR)
    request_submit(actor=actor_for(colleague), request_id=request.pk)
    refused(scene, request, "validator", "conflict-of-interest", user=colleague)
    sign(scene, request, "model_owner", decision="return")
    request_submit(actor=scene.author, request_id=request.pk)
    refused(scene, request, "validator", "conflict-of-interest", user=colleague)
    sign(scene, request, "validator")


def test_an_emergency_does_not_clear_who_wrote_the_card():
    scene = make_scene()
    read_artifact(scene.version)
    run_checks(scene.version)
    editor = also(make_user(Role.DATA_SCIENTIST, team=scene.team), Role.VALIDATOR)
    write_card(actor_for(editor), scene.version, overview="Plans demand.")
    called(scene, scene.people["ml_ops"])
    emergency = ApprovalRequest.objects.get(kind=RequestKind.EMERGENCY)
    sign(scene, emergency, "data_governance")
    request = filed(scene)
    refused(scene, request, "validator", "conflict-of-interest", user=editor)


def called(scene, user):
    return emergency_call(
        actor=actor_for(user),
        version_id=scene.version.pk,
        environment="production",
        incident_ref="INC-7",
        reason="Prices are wrong.",
        reauthenticated_at=timezone.now(),
    )


def test_a_platform_admin_signs_no_emergency_and_nobody_signs_for_one():
    scene = make_scene()
    read_artifact(scene.version)
    admin = also(make_user(Role.ML_OPS), Role.PLATFORM_ADMIN)
    with pytest.raises(Denied) as refusal:
        called(scene, admin)
    assert (refusal.value.code, ApprovalRequest.objects.count()) == ("role", 0)
    validator, stand_in = make_user(Role.VALIDATOR), make_user(Role.PRIVACY)
    now = timezone.now()
    delegation_give(
        actor=actor_for(validator),
        delegate_id=stand_in.pk,
        role="validator",
        starts_at=now,
        ends_at=now + timedelta(days=1),
        reason="On holiday.",
    )
    request = filed(scene)
    also(validator, Role.PLATFORM_ADMIN)
    refused(scene, request, "validator", "seat", user=stand_in)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"environment": "staging"}, "the environment"),
        ({"expires_at": timezone.now() + timedelta(days=4000)}, "its last day"),
        ({"tier": "T4"}, "the risk tier"),
        ({"kind": "emergency"}, "the kind of request"),
    ],
)
def test_an_approval_whose_row_was_edited_in_the_database_does_not_hold(change, named):
    request = filed(make_scene("T2"), state="approved")
    if "environment" in change:
        run_checks(request.version, change["environment"])
    assert codes(request) == []
    ApprovalRequest.objects.filter(pk=request.pk).update(**change)
    assert Reason.SIGNATURE_BROKEN in codes(request)
    fresh = with_facts(ApprovalRequest.objects.all()).get(pk=request.pk)
    texts = [cause.text for cause in standing_of(fresh, at=timezone.now()).causes]
    assert any(named in text for text in texts)


def test_an_approval_whose_artifact_was_exchanged_in_its_row_does_not_hold():
    request = filed(make_scene(), state="approved")
    request.subject["parts"]["artifact"]["digest"] = "0" * 64
    request.save()
    assert Reason.SIGNATURE_BROKEN in codes(request)


def test_a_seat_that_is_taken_away_in_the_database_is_missed():
    scene = make_scene("T2")
    request = filed(scene)
    for role in ("model_owner", "validator", "ml_ops"):
        sign(scene, request, role)
    request.seats.filter(role="data_governance").delete()
    ends = timezone.now() + timedelta(days=30)
    rows = ApprovalRequest.objects.filter(pk=request.pk)
    rows.update(state="approved", decided_at=timezone.now(), expires_at=ends)
    assert Reason.SIGNATURE_BROKEN in codes(request)


def test_a_later_change_does_not_accuse_older_signatures():
    scene = make_scene()
    request = filed(scene)
    sign(scene, request, "model_owner")
    write_card(scene.actor("model_owner"), scene.version, logging_retention="Two years.")
    request_submit(actor=scene.author, request_id=request.pk)
    while role := next((s.role for s in request.seats.all() if not stands(request, s.role)), ""):
        sign(scene, request, role)
    assert codes(request) == []
    write_card(scene.actor("model_owner"), scene.version, intended_uses="Another purpose.")
    assert codes(request) == [Reason.STALE_CARD]


def stands(request, role):
    fresh = with_facts(ApprovalRequest.objects.all()).get(pk=request.pk)
    return next(s.stands for s in standing_seats(fresh) if s.seat.role == role)


def standing_seats(request):
    return standing_of(request, at=timezone.now()).seats


def test_a_policy_that_was_edited_in_the_database_closes_the_gate_and_is_told():
    request = filed(make_scene(), state="approved")
    assert signatures_verify().holds
    rules = json.loads(json.dumps(policy_in_force().rules))
    rules["environments"]["production"]["gate"] = "observe"
    PolicyRevision.objects.create(
        number=2,
        state="published",
        rules=rules,
        digest=policy_in_force().digest,
        edited_by_name="Ana",
        published_by_name="Ben",
        published_at=timezone.now(),
    )
    answer = gate_ask(
        actor=service("governance"),
        model=request.version.model.name,
        version=request.version.version,
        environment="production",
    )
    assert (answer.answer, answer.reasons) == ("deny", [Reason.COULD_NOT_TELL])
    report = signatures_verify()
    assert (report.holds, report.policies) == (
        False,
        [(2, "its rules are not those that were published")],
    )
    ApprovalRequest.objects.filter(pk=request.pk).update(
        policy=PolicyRevision.objects.get(number=2)
    )
    assert Reason.SIGNATURE_BROKEN in codes(request)
