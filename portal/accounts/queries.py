"""Reads of people, teams and tokens; each starts from what the actor may see."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet

from portal.accounts.models import ApiToken, BusinessUnit, RoleGrant, Team, User
from portal.accounts.permissions import RULES, Reach, Role, Scope, allowed, place_of
from portal.actors import Actor
from portal.errors import Invalid


def visible_people(actor: Actor) -> QuerySet[User]:
    """People with their roles, for those who may see them."""
    people = User.objects.all() if allowed(actor, "people.view") else User.objects.none()
    grants = RoleGrant.objects.select_related("team", "business_unit").order_by("role", "pk")
    return people.prefetch_related(Prefetch("role_grants", grants)).order_by("username")


def found_people(
    actor: Actor, *, search: str = "", role: str = "", team: str = "", active: str = ""
) -> QuerySet[User]:
    """People narrowed by a search, a role, a team and whether they are active."""
    people = visible_people(actor)
    for word in search.split()[:8]:
        named = Q(username__icontains=word) | Q(display_name__icontains=word)
        people = people.filter(named | Q(email__icontains=word))
    if role == "none":
        people = people.filter(role_grants__isnull=True)
    elif role:
        people = people.filter(pk__in=RoleGrant.objects.filter(role=role).values("user"))
    if team:
        people = people.filter(pk__in=RoleGrant.objects.filter(team__slug=team).values("user"))
    if active:
        people = people.filter(is_active=active == "yes")
    return people


def visible_units(actor: Actor) -> QuerySet[BusinessUnit]:
    """Business units with their teams and how many people and models each team has."""
    if not allowed(actor, "people.view"):
        return BusinessUnit.objects.none()
    teams = Team.objects.annotate(people=Count("grants__user", distinct=True))
    return BusinessUnit.objects.prefetch_related(Prefetch("teams", teams))


def visible_tokens(actor: Actor) -> QuerySet[ApiToken]:
    """One's own tokens; everybody's for those who may revoke any."""
    tokens = ApiToken.objects.select_related("owner", "team")
    if allowed(actor, "token.revoke_any"):
        return tokens
    return tokens.filter(owner_id=actor.user_id)


def token_teams(actor: Actor) -> QuerySet[Team]:
    """The teams that a token of this actor may be limited to."""
    teams = {grant.team_id for grant in actor.grants if grant.team_id}
    units = {grant.business_unit_id for grant in actor.grants if grant.business_unit_id}
    return Team.objects.filter(Q(pk__in=teams) | Q(business_unit__in=units))


def platform_admins() -> list[str]:
    """The names of the people who can grant a role, for somebody who needs one."""
    grants = RoleGrant.objects.filter(role=Role.PLATFORM_ADMIN, user__is_active=True)
    return sorted({str(grant.user) for grant in grants.select_related("user")[:10]})


def demo_people() -> list[User]:
    """The active people of the demo with their roles, whom the sign-in page may name."""
    grants = RoleGrant.objects.select_related("team", "business_unit").order_by("role", "pk")
    people = User.objects.filter(is_demo=True, is_active=True).order_by("pk")
    return list(people.prefetch_related(Prefetch("role_grants", grants)))


def signs_in_by(user: User) -> str:
    """How a person signs in, in words."""
    if user.socialaccount_set.exists():
        return settings.SINGLE_SIGN_ON.name if settings.SINGLE_SIGN_ON else "Single sign-on"
    return "Password" if user.has_usable_password() else "No password yet"


@dataclass(frozen=True)
class Right:
    """One thing that a person may do, through which roles, and how far."""

    label: str
    roles: list[str]
    reach: str
    scope: str


def rights_of(actor: Actor) -> list[Right]:
    """What the actor's roles allow, read from the permission table itself."""
    held = {Role(grant.role) for grant in actor.grants}
    rights = []
    for rule in RULES.values():
        giving = [role for role in rule.roles if role in held]
        if giving:
            is_wide = any(rule.roles[role] is Reach.ANY for role in giving)
            reach = Reach.ANY if is_wide else Reach.OWN
            scope = Scope(rule.scope).label if rule.scope else ""
            label = rule.label[:1].upper() + rule.label[1:]
            rights.append(Right(label, [role.label for role in giving], reach.value, scope))
    return rights


@dataclass(frozen=True)
class RoleHelp:
    """What a role is held for and what it allows, for somebody who chooses or asks for one."""

    label: str
    place: str
    may: str


def role_help() -> list[RoleHelp]:
    """Every role; what everybody with any role may do is left out."""
    special = [rule for rule in RULES.values() if set(rule.roles) != set(Role)]
    return [
        RoleHelp(
            role.label,
            place_of(role).value,
            ", ".join(rule.label for rule in special if role in rule.roles) or "nothing more",
        )
        for role in Role
    ]


def team_chosen(team_id: int | None) -> Team | None:
    """The team that a form or a program names, with its unit; Invalid when there is none such."""
    if team_id is None:
        return None
    team = Team.objects.select_related("business_unit").filter(pk=team_id).first()
    if team is None:
        raise Invalid.at("team", "There is no such team; choose one from the list.")
    return team
