"""Approvals held back, promised conditions, emergencies, and what time does to them."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from governance.reasons import Reason
from governance.requests.clock import clock_look
from governance.requests.models import ApprovalRequest, Condition
from governance.requests.notices import notice_send
from governance.requests.services import (
    Promise,
    condition_close,
    emergency_call,
    emergency_renew,
    emergency_review,
    request_comment,
    request_nudge,
    request_reinstate,
    request_revoke,
    request_suspend,
)
from governance.requests.standing import approval_for
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.jobs.models import Job
from registry.inventory.models import Lifecycle, ModelVersion
from tests.factories import make_user
from tests.governance.scenes import filed, make_scene, next_role, sign, sign_all

pytestmark = pytest.mark.django_db
GOVERNANCE = service("governance")


def standing(scene, at=None):
    version = ModelVersion.objects.get(pk=scene.version.pk)
    return approval_for(version, "production", at=at or timezone.now())


def look():
    said = []
    counts = clock_look(GOVERNANCE, said.append)
    assert said == []
    return {name: count for name, count in counts.items() if count}


def promise(scene, days=10):
    due = timezone.now().date() + timedelta(days=days)
    return [Promise("Add the slice of small shops", scene.scientist.pk, due)]


def approved_with_condition(scene):
    request = filed(scene)
    sign(scene, request, "model_owner")
    sign(scene, request, "validator", decision="conditional", conditions=promise(scene))
    request.refresh_from_db()
    return request


def told(event):
    return Job.objects.filter(kind="governance.notice", key__contains=event)


def test_suspended_it_does_not_hold_until_it_is_reinstated():
    scene = make_scene()
    request = filed(scene, state="approved")
    for _ in range(2):
        request_suspend(
            actor=GOVERNANCE, request_id=request.pk, code="SUSPENDED", text="The error doubled."
        )
    found = standing(scene)
    assert (found.state, found.codes) == ("suspended", [Reason.SUSPENDED])
    assert found.causes[0].text == "The error doubled."
    request_reinstate(
        actor=scene.actor("data_governance"), request_id=request.pk, reason="It was the feed."
    )
    assert standing(scene).holds


def test_revoked_it_is_over():
    scene = make_scene()
    request = filed(scene, state="approved")
    with pytest.raises(Denied):
        request_revoke(actor=scene.author, request_id=request.pk, reason="No.")
    request_revoke(actor=scene.actor("governance_lead"), request_id=request.pk, reason="Wrong data")
    assert standing(scene).codes == [Reason.REVOKED]
    with pytest.raises(Conflict):
        request_reinstate(
            actor=scene.actor("governance_lead"), request_id=request.pk, reason="Back"
        )


def test_a_condition_has_an_owner_and_a_day_to_come():
    scene = make_scene()
    request = filed(scene)
    for bad in ([], promise(scene, days=0), [Promise("x", 10**9, promise(scene)[0].due_on)]):
        with pytest.raises(Invalid):
            sign(scene, request, "validator", decision="conditional", conditions=bad)
    with pytest.raises(Invalid):
        sign(scene, request, "validator", conditions=promise(scene))


def test_conditions_are_closed_by_somebody_else():
    scene = make_scene()
    request = approved_with_condition(scene)
    assert request.state == "conditional"
    found = standing(scene)
    assert found.holds
    assert len(found.conditions) == 1
    condition = Condition.objects.get()
    with pytest.raises(Denied):
        condition_close(actor=scene.author, condition_id=condition.pk, evidence="Done.")
    condition.owner = scene.people["validator"]
    condition.save()
    with pytest.raises(Denied, match="owe"):
        condition_close(actor=scene.actor("validator"), condition_id=condition.pk, evidence="Done")
    condition_close(
        actor=scene.actor("model_owner"), condition_id=condition.pk, evidence="Report 7"
    )
    request.refresh_from_db()
    assert request.state == "approved"


def test_an_overdue_condition_suspends_and_meeting_it_lifts_that():
    scene = make_scene()
    request = approved_with_condition(scene)
    assert look() == {}
    late = timezone.now() + timedelta(days=11)
    assert standing(scene, at=late).codes == [Reason.CONDITION_OVERDUE]
    Condition.objects.update(due_on=timezone.now().date() - timedelta(days=1))
    assert look() == {"suspended": 1}
    assert look() == {}
    request.refresh_from_db()
    assert request.state == "suspended"
    condition_close(
        actor=scene.actor("model_owner"), condition_id=Condition.objects.get().pk, evidence="Done"
    )
    request.refresh_from_db()
    assert request.state == "approved"
    assert standing(scene).holds


@pytest.mark.parametrize(("left", "step"), [(7, 7), (5, 7), (1, 1), (0, 1)])
def test_a_condition_is_announced_seven_days_and_one_day_before(left, step):
    scene = make_scene()
    approved_with_condition(scene)
    condition = Condition.objects.get()
    condition.due_on = timezone.now().date() + timedelta(days=left)
    condition.save()
    assert look() == {"told of a condition": 1}
    assert look() == {}
    condition.refresh_from_db()
    assert condition.told == [step]
    assert scene.scientist.pk in told("condition").get().args["people"]


def test_an_approval_that_runs_out_is_announced_and_then_ends():
    scene = make_scene()
    request = filed(scene, state="approved")
    ApprovalRequest.objects.update(expires_at=timezone.now() + timedelta(days=13))
    assert look() == {"told of an end": 1}
    assert look() == {}
    ApprovalRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert look() == {"ended": 1}
    request.refresh_from_db()
    assert request.state == "expired"
    assert standing(scene).codes == [Reason.EXPIRED]


def test_silence_escalates_and_never_approves():
    scene = make_scene()
    request = filed(scene)
    people = set()
    for passed, step in ((0.55, "half"), (1.1, "full"), (1.6, "head"), (50, "")):
        now = timezone.now()
        length = timedelta(days=3)
        ApprovalRequest.objects.update(
            submitted_at=now - length * passed, due_at=now - length * passed + length
        )
        assert look() == ({"reminded": 1} if step else {})
        assert look() == {}
        request.refresh_from_db()
        assert request.state == "in_review"
        if step:
            assert request.escalated_to == step
            people = set(told(f"remind:{step}").get().args["people"])
    assert scene.people["governance_lead"].pk in people


def test_an_owner_who_leaves_gives_ten_days():
    scene = make_scene()
    owner = scene.people["model_owner"]
    scene.version.model.owner = make_user()
    scene.version.model.save()
    request = filed(scene, state="approved")
    scene.version.model.owner.is_active = False
    scene.version.model.owner.save()
    assert look() == {"suspended": 1}
    assert look() == {}
    request.refresh_from_db()
    assert request.state == "approved"
    request.notices["owner_left"] = (timezone.now() - timedelta(days=11)).isoformat()
    request.save()
    look()
    assert standing(scene).codes == [Reason.OWNER_LEFT]
    assert owner.is_active


def called(scene):
    return emergency_call(
        actor=scene.actor("ml_ops"),
        version_id=scene.version.pk,
        environment="production",
        incident_ref="INC-7",
        reason="The champion prices everything at zero.",
        reauthenticated_at=timezone.now(),
    )


def review(scene, role, request, verdict="ratify"):
    return emergency_review(
        actor=scene.actor(role),
        request_id=request.pk,
        verdict=verdict,
        reason="Read the incident.",
        reauthenticated_at=timezone.now(),
    )


def test_an_emergency_takes_two_people_and_a_third_afterwards():
    scene = make_scene("T1")
    filed(scene)
    request = called(scene)
    assert called(scene) == request
    assert standing(scene).codes == [Reason.IN_REVIEW]
    assert next_role(request) == "data_governance"
    sign(scene, request, "data_governance")
    request.refresh_from_db()
    assert request.expires_at - request.decided_at == timedelta(hours=24)
    assert standing(scene).holds
    with pytest.raises(Denied, match="third person"):
        review(scene, "data_governance", request)
    review(scene, "governance_lead", request)
    assert standing(scene).holds
    late = request.expires_at + timedelta(seconds=1)
    assert Reason.EMERGENCY_LAPSED in standing(scene, at=late).codes


def test_whoever_calls_an_emergency_cannot_be_on_duty_as_well():
    scene = make_scene()
    request = emergency_call(
        actor=scene.actor("model_owner"),
        version_id=scene.version.pk,
        environment="production",
        incident_ref="INC-8",
        reason="Prices are zero.",
        reauthenticated_at=timezone.now(),
    )
    owner = scene.people["model_owner"]
    owner.role_grants.create(role="data_governance")
    with pytest.raises(Denied) as refusal:
        sign(scene, request, "data_governance", user=owner)
    assert refusal.value.code == "conflict-of-interest"


def test_an_emergency_is_renewed_up_to_three_days():
    scene = make_scene()
    request = sign_all(scene, called(scene))
    renew = {
        "actor": scene.actor("governance_lead"),
        "request_id": request.pk,
        "reason": "Still broken.",
        "reauthenticated_at": timezone.now(),
    }
    emergency_renew(**renew)
    request = emergency_renew(**renew)
    assert request.expires_at - request.decided_at == timedelta(hours=72)
    with pytest.raises(Conflict, match="72 hours"):
        emergency_renew(**renew)


def test_an_emergency_that_nobody_reviews_lapses():
    scene = make_scene()
    request = sign_all(scene, called(scene))
    ApprovalRequest.objects.filter(pk=request.pk).update(
        review_due_at=timezone.now() - timedelta(seconds=1)
    )
    assert standing(scene).codes == [Reason.EMERGENCY_LAPSED]
    assert look() == {"suspended": 1}
    assert look() == {}
    assert scene.people["governance_lead"].pk in told("lapsed").get().args["people"]


def test_an_emergency_replaces_no_approval_and_is_replaced_by_one():
    scene = make_scene()
    usual = filed(scene, state="approved")
    request = sign_all(scene, called(scene))
    usual.refresh_from_db()
    assert usual.state == "approved"
    later = filed(scene, state="approved")
    request.refresh_from_db()
    assert request.state == "superseded"
    assert standing(scene).request == later
    review(scene, "governance_lead", request)


def test_an_emergency_that_ended_is_still_to_be_reviewed():
    scene = make_scene()
    request = sign_all(scene, called(scene))
    past = timezone.now() - timedelta(seconds=1)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=past, review_due_at=past)
    assert look() == {"ended": 1, "suspended": 1}
    assert scene.people["governance_lead"].pk in told("lapsed").get().args["people"]
    review(scene, "governance_lead", request)
    assert ApprovalRequest.objects.get(pk=request.pk).state == "expired"


def test_an_emergency_can_be_reverted_by_its_review():
    scene = make_scene()
    request = sign_all(scene, called(scene))
    review(scene, "governance_lead", request, "revert")
    assert standing(scene).codes == [Reason.REVOKED]


def test_the_third_emergency_in_a_quarter_asks_for_the_tier_to_be_looked_at():
    scene = make_scene()
    for _ in range(3):
        sign_all(scene, called(scene))
    finding = scene.version.model.findings.get()
    assert "3 emergency changes in 90 days" in finding.text


def test_remarks_and_nudges():
    scene = make_scene()
    request = filed(scene)
    request_comment(
        actor=scene.actor("validator"), request_id=request.pk, text="Why?", field_key="threshold"
    )
    with pytest.raises(Invalid):
        request_comment(
            actor=scene.actor("validator"), request_id=request.pk, text="x", field_key="nothing"
        )
    request_nudge(actor=scene.author, request_id=request.pk)
    with pytest.raises(Conflict, match="once a day"):
        request_nudge(actor=scene.author, request_id=request.pk)
    job = told("nudge").get()
    assert scene.people["validator"].pk in job.args["people"]


def test_whoever_has_the_turn_is_mailed():

    scene = make_scene()
    scene.people["validator"].email = "val@shop.example"
    scene.people["validator"].save()
    request = filed(scene)
    job = told("turn").get()
    notice_send(request, job.args["people"], job.args["text"])
    (sent,) = mail.outbox
    assert sent.to == ["val@shop.example"]
    assert f"/approvals/{request.pk}/" in sent.body


def test_the_inventory_shows_where_approval_has_brought_a_version():
    scene = make_scene()

    def life():
        scene.version.refresh_from_db()
        scene.version.model.refresh_from_db()
        assert scene.version.lifecycle == scene.version.model.lifecycle
        return scene.version.lifecycle

    request = filed(scene)
    assert life() == Lifecycle.IN_REVIEW
    sign(scene, request, "validator", decision="return")
    assert life() == Lifecycle.CHANGES_REQUESTED
    filed_again = filed_again_and_signed(scene, request)
    assert life() == Lifecycle.APPROVED
    ApprovalRequest.objects.filter(pk=filed_again.pk).update(expires_at=timezone.now())
    look()
    assert life() == Lifecycle.APPROVAL_EXPIRED


def filed_again_and_signed(scene, request):
    from governance.requests.services import request_submit

    request_submit(actor=scene.author, request_id=request.pk)
    return sign_all(scene, request)
