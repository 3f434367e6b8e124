"""The inbox says of each person what the service would say when they sign."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from governance.requests.models import ApprovalRequest, Delegation
from governance.requests.pages.inbox import inbox_count, inbox_forget, inbox_of
from governance.requests.signers import why_not
from governance.requests.standing import standing_of, with_facts
from portal.accounts.actors import person
from portal.accounts.models import RoleGrant, User
from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from tests.factories import make_unit, make_user
from tests.governance.factories import make_candidate, make_request, make_sign_off

pytestmark = pytest.mark.django_db
Scene = Callable[[], tuple[ApprovalRequest, User]]


def free() -> tuple[ApprovalRequest, User]:
    return make_request(state="in_review"), make_user(Role.VALIDATOR)


def of_the_unit() -> tuple[ApprovalRequest, User]:
    request = make_request(state="in_review")
    return request, make_user(Role.VALIDATOR, unit=request.version.model.team.business_unit)


def of_another_unit() -> tuple[ApprovalRequest, User]:
    return make_request(state="in_review"), make_user(Role.VALIDATOR, unit=make_unit())


def requester() -> tuple[ApprovalRequest, User]:
    user = make_user(Role.VALIDATOR)
    return make_request(state="in_review", requester=user), user


def run_user() -> tuple[ApprovalRequest, User]:
    user = make_user(Role.VALIDATOR, display_name="Vera Lind")
    return make_request(make_candidate(run_user="vera lind"), state="in_review"), user


def git_author() -> tuple[ApprovalRequest, User]:
    user = make_user(Role.VALIDATOR, email="vera@shop.example")
    version = make_candidate(run_tags={"signet.git_author": "Vera <VERA@shop.example>"})
    return make_request(version, state="in_review"), user


def editor() -> tuple[ApprovalRequest, User]:
    user, version = make_user(Role.VALIDATOR), make_candidate()
    CardRevision.objects.create(version=version, number=1, schema_version="1", author=user)
    return make_request(version, state="in_review"), user


def editor_who_owns() -> tuple[ApprovalRequest, User]:
    version = make_candidate()
    user = make_user(Role.MODEL_OWNER, team=version.model.team)
    CardRevision.objects.create(version=version, number=1, schema_version="1", author=user)
    return make_request(version, state="in_review"), user


def owner_of_another_team() -> tuple[ApprovalRequest, User]:
    return make_request(state="in_review"), make_user(Role.MODEL_OWNER)


def named_owner_elsewhere() -> tuple[ApprovalRequest, User]:
    version, user = make_candidate(), make_user(Role.MODEL_OWNER, unit=make_unit())
    version.model.owner = user
    version.model.save()
    return make_request(version, state="in_review"), user


def admin() -> tuple[ApprovalRequest, User]:
    user = make_user(Role.VALIDATOR)
    RoleGrant.objects.create(user=user, role=Role.PLATFORM_ADMIN)
    return make_request(state="in_review"), user


def second_seat() -> tuple[ApprovalRequest, User]:
    request = make_request(state="in_review")
    user = make_user(Role.MODEL_OWNER, team=request.version.model.team)
    RoleGrant.objects.create(user=user, role=Role.VALIDATOR)
    make_sign_off(request, "model_owner", signer=user)
    return request, user


def out_of_turn() -> tuple[ApprovalRequest, User]:
    return make_request(make_candidate("T2"), state="in_review"), make_user(Role.DATA_GOVERNANCE)


def signed() -> tuple[ApprovalRequest, User]:
    request, user = free()
    make_sign_off(request, "validator")
    return request, user


def in_turn() -> tuple[ApprovalRequest, User]:
    request, user = out_of_turn()
    make_sign_off(request, "validator")
    return request, user


def delegated(delegator: User, delegate: User, **times: timedelta) -> None:
    now = timezone.now()
    Delegation.objects.create(
        delegator=delegator,
        delegate=delegate,
        role="validator",
        starts_at=now + times.get("begins", -timedelta(hours=1)),
        ends_at=now + timedelta(days=9),
        reason="Away",
    )


def delegate() -> tuple[ApprovalRequest, User]:
    request, holder = free()
    user = make_user(Role.ML_OPS)
    delegated(holder, user)
    return request, user


def delegate_of_a_maker() -> tuple[ApprovalRequest, User]:
    request, holder = run_user()
    user = make_user(Role.ML_OPS)
    delegated(holder, user)
    return request, user


def delegate_too_early() -> tuple[ApprovalRequest, User]:
    request, holder = free()
    user = make_user(Role.ML_OPS)
    delegated(holder, user, begins=timedelta(days=1))
    return request, user


SCENES: dict[Scene, bool] = {
    free: True,
    of_the_unit: True,
    of_another_unit: False,
    requester: False,
    run_user: False,
    git_author: False,
    editor: False,
    editor_who_owns: True,
    owner_of_another_team: False,
    named_owner_elsewhere: True,
    admin: False,
    second_seat: False,
    out_of_turn: False,
    signed: False,
    in_turn: True,
    delegate: True,
    delegate_of_a_maker: False,
    delegate_too_early: False,
}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it_agrees_with_the_service(scene: Scene) -> None:
    request, user = scene()
    actor, at = person(user), timezone.now()
    inbox = inbox_of(actor, at=at)
    able = [one for one in (*inbox.mine, *inbox.delegated) if not one.against]
    row = with_facts(ApprovalRequest.objects.all()).get(pk=request.pk)
    states = standing_of(row, at=at).seats
    signs = [state for state in states if not why_not(actor, row, state, states, at)]
    assert bool(able) is SCENES[scene]
    assert [one.state.seat.pk for one in able] == [state.seat.pk for state in signs]


def test_the_menu_counts_what_can_be_signed_and_forgets_after_signing() -> None:
    cache.clear()
    request, user = free()
    run_user()
    actor = person(user)
    assert inbox_count(actor) == 2
    make_sign_off(request, "validator", signer=user)
    assert inbox_count(actor) == 2
    inbox_forget(actor)
    assert inbox_count(actor) == 1
    assert inbox_count(person(make_user(Role.VIEWER))) == 0


def test_what_is_due_first_comes_first() -> None:
    now = timezone.now()
    user = make_user(Role.VALIDATOR)
    later = make_request(state="in_review", due_at=now + timedelta(days=9))
    critical = make_request(make_candidate("T1"), state="in_review", due_at=now)
    barred = make_request(state="in_review", requester=user, due_at=now - timedelta(days=9))
    found = [one.request for one in inbox_of(person(user), at=now).mine]
    assert found == [critical, later, barred]
