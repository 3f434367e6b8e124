"""Separation of duties S1 to S8, and the eight ways around approval that others had to mend."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.requests.conflicts import conflict_list, conflicts_of
from governance.requests.models import Delegation, SignOff
from governance.requests.seats import seat_candidates
from governance.requests.services import delegation_end, delegation_give, request_sign
from portal.accounts.models import RoleGrant
from portal.accounts.permissions import Role, Scope
from portal.actors import Actor, service
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion
from tests.factories import make_unit, make_user
from tests.governance.scenes import (
    actor_for,
    filed,
    make_scene,
    read_artifact,
    sign,
    write_card,
)

pytestmark = pytest.mark.django_db


def refused(scene, request, role, code, error=Denied, **fields):
    """The signature is refused with that code, nothing is signed, and the trail says so."""
    before = SignOff.objects.count()
    with pytest.raises(error) as refusal:
        sign(scene, request, role, **fields)
    assert refusal.value.code == code, refusal.value.message
    assert SignOff.objects.count() == before
    event = TrailEvent.objects.filter(verb="approval.refused").latest("seq")
    assert event.subject_id == str(request.pk)
    assert f'"code":"{code}"' in event.body


def also(user, role, **place):
    RoleGrant.objects.create(user=user, role=role, **place)
    return user


@pytest.mark.parametrize(
    "lineage",
    [
        {"run_user": "SAM"},
        {"run_tags": {"mlflow.user": "sam@shop.example"}},
        {"run_tags": {"signet.git_author": "Sam S <sam@shop.example>"}},
        {"tags": {"signet.registered_by": "Sam of the shops"}},
    ],
)
def test_1_an_author_by_any_of_their_names_cannot_judge(lineage):
    scene = make_scene(**lineage)
    sam = make_user(
        Role.VALIDATOR,
        username="sam",
        email="Sam@Shop.example",
        display_name="Sam of the Shops",
    )
    request = filed(scene)
    assert sam.pk in conflicts_of(scene.version)
    refused(scene, request, "validator", "conflict-of-interest", user=sam)


def test_1_whoever_files_cannot_judge():
    scene = make_scene()
    also(scene.scientist, Role.VALIDATOR)
    also(scene.scientist, Role.MODEL_OWNER, team=scene.team)
    request = filed(scene)
    refused(scene, request, "validator", "conflict-of-interest", user=scene.scientist)
    refused(scene, request, "model_owner", "conflict-of-interest", user=scene.scientist)


def test_2_whoever_wrote_on_the_card_cannot_judge_but_its_owner_may_keep_it():
    scene = make_scene()
    editor = also(make_user(Role.DATA_SCIENTIST, team=scene.team), Role.VALIDATOR)
    write_card(actor_for(editor), scene.version, overview="Plans demand.")
    write_card(scene.actor("model_owner"), scene.version, business_problem="Waste.")
    request = filed(scene)
    refused(scene, request, "validator", "conflict-of-interest", user=editor)
    sign(scene, request, "model_owner")


def test_2_editors_count_since_the_last_approval():
    scene = make_scene()
    editor = also(make_user(Role.DATA_SCIENTIST, team=scene.team), Role.VALIDATOR)
    write_card(actor_for(editor), scene.version, overview="Plans demand.")
    filed(scene, state="approved")
    request = filed(scene)
    sign(scene, request, "validator", user=editor)


def test_3_a_renamed_account_is_still_the_same_person():
    scene = make_scene(run_user="")
    also(scene.scientist, Role.VALIDATOR)
    request = filed(scene)
    scene.scientist.username, scene.scientist.display_name = "someone-new", "Someone new"
    scene.scientist.save()
    refused(scene, request, "validator", "conflict-of-interest", user=scene.scientist)


def test_4_a_token_and_a_service_can_never_sign():
    scene = make_scene()
    request = filed(scene)
    validator = scene.people["validator"]
    token = Actor(
        kind="token",
        key="token:1",
        name="pipeline",
        user_id=validator.pk,
        grants=actor_for(validator).grants,
        scopes=frozenset(Scope.values),
    )
    for actor in (token, service("governance"), service("demo")):
        with pytest.raises(Denied) as refusal:
            request_sign(
                actor=actor,
                request_id=request.pk,
                role="validator",
                decision="approve",
                reason="Looks fine.",
                digest=request.digest,
                reauthenticated_at=timezone.now(),
            )
        assert refusal.value.code == "machine"
    assert TrailEvent.objects.filter(verb="approval.refused").count() == 3


def delegate(scene, role, to, **fields):
    now = timezone.now()
    return delegation_give(
        actor=scene.actor(role),
        delegate_id=to.pk,
        role=role,
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=3),
        reason="Holiday",
        **fields,
    )


def test_5_a_delegate_signs_for_somebody_and_inherits_their_conflicts():
    scene = make_scene("T2")
    deputy = make_user(Role.SECURITY)
    request = filed(scene)
    refused(scene, request, "validator", "seat", user=deputy)
    given = delegate(scene, "validator", deputy)
    row = sign(scene, request, "validator", user=deputy)
    assert row.on_behalf_of == scene.people["validator"]
    refused(
        scene,
        request,
        "ml_ops",
        "second-seat",
        user=also(scene.people["validator"], Role.ML_OPS),
    )
    delegation_end(actor=scene.actor("validator"), delegation_id=given.pk)
    other = make_scene()
    also(other.scientist, Role.VALIDATOR)
    scene.people["validator"] = other.scientist
    delegate(scene, "validator", deputy)
    refused(other, filed(other), "validator", "conflict-of-interest", user=deputy)


def test_5_a_delegation_is_not_passed_on_and_has_its_time():
    scene = make_scene()
    deputy, third = make_user(Role.SECURITY), make_user(Role.SECURITY)
    delegate(scene, "validator", deputy)
    scene.people["deputy"] = deputy
    now = timezone.now()
    with pytest.raises(Denied) as refusal:
        delegation_give(
            actor=scene.actor("deputy"),
            delegate_id=third.pk,
            role="validator",
            starts_at=now,
            ends_at=now + timedelta(days=1),
            reason="Passing on",
        )
    assert refusal.value.code == "not-yours"
    Delegation.objects.update(starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    refused(scene, filed(scene), "validator", "seat", user=deputy)
    with pytest.raises(Invalid):
        delegate(scene, "validator", make_user(Role.PLATFORM_ADMIN))


def test_6_a_digest_that_was_read_before_a_change_signs_nothing():
    scene = make_scene()
    request = filed(scene)
    refused(scene, request, "validator", "STALE_DIGEST", Conflict, digest="0" * 64)
    write_card(scene.author, scene.version, intended_uses="Also prices.")
    refused(scene, request, "validator", "STALE_CARD", Conflict)
    other = make_scene()
    request = filed(other)
    read_artifact(other.version, "another artifact")
    refused(other, request, "validator", "STALE_DIGEST", Conflict)


def test_7_rules_that_change_in_flight_are_not_slipped_past():
    scene = make_scene()
    request = filed(scene)
    shipped = policy_in_force()
    PolicyRevision.objects.create(
        number=2,
        state="published",
        rules=shipped.rules,
        digest=shipped.digest,
        applies_at_once=True,
        edited_by_name="A",
        published_by_name="B",
        published_at=timezone.now(),
    )
    refused(scene, request, "validator", "STALE_POLICY", Conflict)


def test_7_a_tier_that_goes_up_in_flight_asks_for_its_seats():
    scene = make_scene()
    request = filed(scene)
    scene.version.model.risk_tier = "T1"
    scene.version.model.save(update_fields=["risk_tier"])
    refused(scene, request, "validator", "STALE_TIER", Conflict)


@pytest.mark.parametrize("age", [None, timedelta(minutes=6), timedelta(minutes=-1)])
def test_8_signing_asks_for_the_password_again_on_every_path(age):
    scene = make_scene()
    request = filed(scene)
    confirmed = None if age is None else timezone.now() - age
    refused(scene, request, "validator", "reauthenticate", reauthenticated_at=confirmed)


def test_one_person_fills_one_seat():
    scene = make_scene("T2")
    request = filed(scene)
    both = also(scene.people["validator"], Role.ML_OPS)
    sign(scene, request, "validator", user=both)
    refused(scene, request, "ml_ops", "second-seat", user=both)


def test_the_database_holds_one_seat_a_person_and_one_signature_a_seat():
    scene = make_scene("T2")
    request = filed(scene)
    row = sign(scene, request, "validator")
    for change in ({}, {"seat": request.seats.get(role="ml_ops")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SignOff.objects.create(
                **{
                    field.name: getattr(row, field.name)
                    for field in SignOff._meta.concrete_fields
                    if field.name != "id"
                }
                | change
            )


def test_neither_superusers_nor_platform_admins_sign():
    scene = make_scene()
    request = filed(scene)
    root = make_user(Role.VIEWER, is_superuser=True, is_staff=True)
    refused(scene, request, "validator", "role", user=root)
    admin = also(make_user(Role.VALIDATOR), Role.PLATFORM_ADMIN)
    refused(scene, request, "validator", "role", user=admin)


def test_a_role_for_another_unit_is_not_this_seat():
    scene = make_scene()
    request = filed(scene)
    elsewhere = make_user(Role.VALIDATOR, unit=make_unit())
    refused(scene, request, "validator", "seat", user=elsewhere)
    here = make_user(Role.VALIDATOR, unit=scene.team.business_unit)
    sign(scene, request, "validator", user=here)


def test_a_second_vote_on_a_signed_seat_is_refused():
    scene = make_scene("T2")
    request = filed(scene)
    sign(scene, request, "validator")
    refused(scene, request, "validator", "seat-signed", Conflict, user=make_user(Role.VALIDATOR))
    refused(scene, request, "validator", "seat-signed", Conflict, decision="reject")


def test_names_without_an_account_are_shown():
    scene = make_scene(run_user="svc-train", run_tags={"mlflow.user": "svc-train"})
    found = conflict_list(scene.version)
    assert [name for _, name in found.unmatched] == ["svc-train"]


def test_candidates_say_what_stands_against_each():
    scene = make_scene()
    also(scene.scientist, Role.VALIDATOR)
    request = filed(scene)
    found = seat_candidates(request, "validator", at=timezone.now())
    assert [(one.user, one.against) for one in found] == [
        (scene.people["validator"], []),
        (scene.scientist, ["filed the request"]),
    ]


def test_conflicts_take_a_bounded_number_of_queries(django_assert_max_num_queries):
    scene = make_scene()
    request = filed(scene)
    version = ModelVersion.objects.select_related("model").get(pk=scene.version.pk)
    with django_assert_max_num_queries(6):
        conflict_list(version, request)
