"""The permission table: what each role and each token may do."""

import pytest

from portal.accounts.actors import person
from portal.accounts.models import ApiToken
from portal.accounts.permissions import (
    PLACES,
    RULES,
    Place,
    Reach,
    Role,
    Scope,
    allowed,
    place_of,
    require,
)
from portal.accounts.tokens import token_actor
from portal.actors import Actor, Grant, service
from portal.errors import Denied
from tests.factories import THEN, make_model, make_team, make_user

pytestmark = pytest.mark.django_db


def actor(*grants: Grant) -> Actor:
    return Actor(kind="person", key="user:1", name="Ada", user_id=1, grants=frozenset(grants))


def token(*grants: Grant, scopes: set[str]) -> Actor:
    return Actor(
        kind="token",
        key="token:1",
        name="CI",
        grants=frozenset(grants),
        scopes=frozenset(scopes),
    )


def test_an_undeclared_action_is_an_error_and_not_a_permission():
    with pytest.raises(KeyError):
        allowed(actor(Grant(Role.PLATFORM_ADMIN)), "modle.view")


@pytest.mark.parametrize("action", RULES)
def test_nobody_without_a_role_may_anything(action: str):
    assert not allowed(actor(), action)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LEADERSHIP, Role.AUDITOR])
def test_readers_change_nothing(role: Role):
    changing = {
        action
        for action in RULES
        if allowed(actor(Grant(role)), action)
        and not action.endswith(
            (".view", ".export", ".docs", ".verify", ".check", "pack.build", "reminder.keep")
        )
    }
    assert changing == set()


def test_a_scientist_edits_cards_of_the_own_team_only():
    team, other = make_team(), make_team()
    mine, theirs = make_model(team=team), make_model(team=other)
    scientist = actor(Grant(Role.DATA_SCIENTIST, team_id=team.pk))
    assert allowed(scientist, "card.edit", mine)
    assert not allowed(scientist, "card.edit", theirs)
    assert not allowed(scientist, "card.edit", make_model())


def test_a_role_for_a_business_unit_covers_its_teams():
    team = make_team()
    owner = actor(Grant(Role.MODEL_OWNER, business_unit_id=team.business_unit_id))
    assert allowed(owner, "model.assign", make_model(team=team))
    assert not allowed(owner, "model.assign", make_model(team=make_team()))


def test_a_builder_without_a_team_builds_nothing():
    assert not allowed(actor(Grant(Role.DATA_SCIENTIST)), "card.edit", make_model(team=make_team()))


def test_the_refusal_names_the_roles_and_whom_to_ask():
    with pytest.raises(Denied) as refused:
        require(actor(Grant(Role.VIEWER)), "model.set_tier")
    assert "Governance lead" in refused.value.message
    assert "platform admin" in refused.value.message


@pytest.mark.parametrize("action", RULES)
def test_a_token_needs_the_scope_and_a_role(action: str):
    rule = RULES[action]
    everything = {Grant(role, team_id=1) for role in Role}
    assert not allowed(token(*everything, scopes=set()), action)
    assert not allowed(token(scopes=set(Scope.values)), action)
    assert allowed(token(*everything, scopes=set(Scope.values)), action) is (
        rule.scope is not None and bool(rule.roles)
    )


def test_a_token_limited_to_a_team_is_never_wider_than_its_owner():
    team, other = make_team(), make_team()
    user = make_user(Role.DATA_SCIENTIST, team=team)
    user.role_grants.create(role=Role.MODEL_OWNER, team=other)
    user.role_grants.create(role=Role.DATA_SCIENTIST)
    held = ApiToken(
        owner=user, team=team, name="CI", scopes=list(Scope.values), expires_at=THEN, public_id="a"
    )
    acting = token_actor(held)
    for model in (make_model(team=team), make_model(team=other), make_model()):
        for action in ("card.edit", "deployment.record"):
            assert allowed(acting, action, model) <= allowed(person(user), action, model)
    assert allowed(acting, "card.edit", make_model(team=team))
    assert not allowed(acting, "deployment.record", make_model(team=other))


def test_services_do_only_what_is_declared_for_them():
    assert allowed(service("sync"), "registry.view")
    assert not allowed(service("sync"), "people.manage")
    assert not allowed(service("stranger"), "registry.view")


def test_every_role_that_builds_is_held_for_a_team_or_unit():
    own = {
        role for rule in RULES.values() for role, reach in rule.roles.items() if reach is Reach.OWN
    }
    assert own <= set(PLACES)
    assert all(place_of(role) is not Place.EVERYWHERE for role in own)


def test_a_platform_admin_may_not_edit_cards_or_tiers():
    admin = actor(Grant(Role.PLATFORM_ADMIN))
    assert not allowed(admin, "card.edit")
    assert not allowed(admin, "model.set_tier")
