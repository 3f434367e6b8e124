"""Filing and signing: the path from a draft to an approval, and what each verb refuses."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.reasons import Reason
from governance.requests.models import ApprovalRequest
from governance.requests.services import (
    checks_pin,
    request_open,
    request_submit,
    request_withdraw,
)
from governance.requests.standing import approval_for
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from tests.factories import make_version
from tests.governance.scenes import (
    filed,
    make_scene,
    read_artifact,
    run_checks,
    sign,
    sign_all,
    write_card,
)

pytestmark = pytest.mark.django_db


def standing(scene, environment="production", at=None):
    version = type(scene.version).objects.get(pk=scene.version.pk)
    return approval_for(version, environment, at=at or timezone.now())


def test_a_request_goes_from_draft_to_approval():
    scene = make_scene("T2")
    request = filed(scene)
    assert request.state == "in_review"
    assert [seat.role for seat in request.seats.all()] == [
        "model_owner",
        "validator",
        "ml_ops",
        "data_governance",
    ]
    assert request.card_revision is None
    assert standing(scene).codes == [Reason.IN_REVIEW]
    sign_all(scene, request)
    assert request.state == "approved"
    assert request.expires_at - request.decided_at == timedelta(days=365)
    found = standing(scene)
    assert found.holds, found.causes
    verbs = TrailEvent.objects.filter(subject_id=str(request.pk)).values_list("verb", flat=True)
    assert sorted(verbs) == sorted(["approval.open", "approval.submit", *["approval.sign"] * 4])


def test_signatures_wait_for_those_before_them():
    scene = make_scene("T2")
    request = filed(scene)
    with pytest.raises(Conflict) as refused:
        sign(scene, request, "data_governance")
    assert refused.value.code == "not-your-turn"
    sign(scene, request, "validator")
    sign(scene, request, "data_governance")


def test_opening_and_submitting_twice_has_one_effect():
    scene = make_scene()
    run_checks(scene.version)
    one = request_open(
        actor=scene.author, version_id=scene.version.pk, environment="production", purpose="a"
    )
    two = request_open(actor=scene.author, version_id=scene.version.pk, environment="production")
    assert one == two
    first = request_submit(actor=scene.author, request_id=one.pk)
    again = request_submit(actor=scene.author, request_id=one.pk)
    assert (first.round, again.round) == (1, 1)
    with pytest.raises(Conflict, match="in review"):
        request_open(actor=scene.author, version_id=scene.version.pk, environment="production")


def test_a_model_without_a_tier_cannot_be_filed():
    scene = make_scene("")
    request = filed(scene, state="draft")
    with pytest.raises(Conflict, match="no risk tier"):
        request_submit(actor=scene.author, request_id=request.pk)


def test_people_of_another_team_cannot_file():
    scene, other = make_scene(), make_scene()
    with pytest.raises(Denied):
        request_open(actor=other.author, version_id=scene.version.pk, environment="production")


def test_a_withdrawn_request_stays_withdrawn():
    scene = make_scene()
    request = filed(scene)
    request_withdraw(actor=scene.author, request_id=request.pk, reason="Wrong version.")
    request_withdraw(actor=scene.author, request_id=request.pk, reason="Pressed twice.")
    with pytest.raises(Conflict, match="withdrawn"):
        sign(scene, request, "validator")
    assert TrailEvent.objects.filter(verb="approval.withdraw").count() == 1
    assert filed(scene).pk != request.pk


def test_sent_back_it_is_filed_again_and_other_signatures_stay():
    scene = make_scene()
    request = filed(scene)
    sign(scene, request, "model_owner")
    sign(scene, request, "validator", decision="return")
    request.refresh_from_db()
    assert (request.state, request.round) == ("changes_requested", 1)
    request_submit(actor=scene.author, request_id=request.pk)
    request.refresh_from_db()
    assert (request.state, request.round) == ("in_review", 2)
    sign(scene, request, "validator")
    request.refresh_from_db()
    assert request.state == "approved"


def test_a_rejection_is_final():
    scene = make_scene()
    request = filed(scene, state="rejected")
    with pytest.raises(Conflict):
        request_submit(actor=scene.author, request_id=request.pk)
    assert standing(scene).codes == [Reason.REJECTED]
    copy = request_open(
        actor=scene.author,
        version_id=scene.version.pk,
        environment="production",
        copied_from=request.pk,
    )
    assert copy.copied_from == request


def test_pressing_sign_twice_signs_once():
    scene = make_scene()
    request = filed(scene)
    one = sign(scene, request, "validator")
    assert sign(scene, request, "validator") == one
    assert request.sign_offs.count() == 1


def test_a_material_edit_makes_only_the_seats_it_touches_stale():
    scene = make_scene("T2")
    write_card(scene.author, scene.version, watched_by="The planning desk")
    request = filed(scene, state="approved")
    write_card(scene.author, scene.version, watched_by="Nobody")
    found = standing(scene)
    assert not found.holds
    assert found.codes == [Reason.STALE_CARD]
    assert found.causes[0].seats == ("model_owner", "data_governance")
    assert "Oversight changed after approval" in found.causes[0].text
    request_submit(actor=scene.author, request_id=request.pk)
    run_checks(scene.version)
    request.refresh_from_db()
    assert request.round == 2


def test_text_that_is_not_material_changes_nothing():
    scene = make_scene()
    write_card(scene.author, scene.version, overview="Plans demand.")
    filed(scene, state="approved")
    write_card(scene.author, scene.version, overview="Plans the demand of shops.")
    assert standing(scene).holds


def test_another_artifact_voids_every_signature():
    scene = make_scene()
    filed(scene, state="approved")
    read_artifact(scene.version, "another model")
    found = standing(scene)
    assert found.codes == [Reason.STALE_DIGEST]
    assert found.causes[0].seats == ("model_owner", "validator")


def test_an_approval_ends_on_its_day():
    scene = make_scene()
    request = filed(scene, state="approved")
    late = request.expires_at + timedelta(seconds=1)
    assert Reason.EXPIRED in standing(scene, at=late).codes


def test_a_higher_tier_asks_for_the_seats_it_adds():
    scene = make_scene("T3")
    filed(scene, state="approved")
    scene.version.model.risk_tier = "T2"
    scene.version.model.save(update_fields=["risk_tier"])
    found = standing(scene)
    assert found.codes == [Reason.STALE_TIER, Reason.TIER_SEAT_MISSING]
    assert found.causes[0].seats == ("ml_ops", "data_governance")


def test_whoever_signed_must_still_hold_the_role():
    scene = make_scene()
    filed(scene, state="approved")
    scene.people["validator"].role_grants.all().delete()
    found = standing(scene)
    assert found.codes == [Reason.SIGNER_LEFT]
    assert found.causes[0].seats == ("validator",)


def test_a_check_that_fails_afterwards_closes_the_approval():
    scene = make_scene()
    filed(scene, state="approved")
    run_checks(scene.version, failing=("artifact_scan",))
    assert standing(scene).codes == [Reason.STALE_CHECKS]


def test_a_request_waits_for_its_checks():
    scene = make_scene()
    request = filed(scene, state="submitted")
    assert request.state == "submitted"
    with pytest.raises(Conflict, match="submitted"):
        sign(scene, request, "validator")
    checks_pin(actor=scene.author, run=run_checks(scene.version))
    request.refresh_from_db()
    assert (request.state, request.round) == ("in_review", 1)
    sign(scene, request, "validator")


def test_an_approval_elsewhere_is_named():
    scene = make_scene()
    filed(scene, state="approved")
    assert standing(scene, "staging").codes == [Reason.WRONG_ENVIRONMENT]
    other = make_version(scene.version.model)
    assert approval_for(other, "production", at=timezone.now()).codes == [Reason.NO_REQUEST]


def test_a_new_request_leaves_the_approval_until_it_is_granted():
    scene = make_scene()
    first = filed(scene, state="approved")
    second = filed(scene)
    assert standing(scene).request == first
    sign_all(scene, second)
    first.refresh_from_db()
    assert first.state == "superseded"
    assert standing(scene).request == second


def test_a_standing_takes_a_bounded_number_of_queries(django_assert_max_num_queries):
    scene = make_scene("T1")
    filed(scene, state="approved")
    version = type(scene.version).objects.get(pk=scene.version.pk)
    with django_assert_max_num_queries(22):
        assert approval_for(version, "production", at=timezone.now()).holds


def test_signing_needs_a_reason():
    scene = make_scene()
    request = filed(scene)
    with pytest.raises(Invalid, match="Say why"):
        sign(scene, request, "validator", reason="  ")
    assert ApprovalRequest.objects.get(pk=request.pk).sign_offs.count() == 0
