"""Every change to people, teams, roles and tokens; each is recorded in the trail."""

from datetime import timedelta
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from portal.accounts.models import ApiToken, BusinessUnit, RoleGrant, Team, User
from portal.accounts.permissions import Place, Role, Scope, place_of, require
from portal.accounts.tokens import LONGEST, digest_of, new_secret
from portal.actors import Actor, Grant
from portal.errors import Conflict, Denied, Invalid
from portal.trail.services import record


def unit_create(*, actor: Actor, name: str, is_demo: bool = False) -> BusinessUnit:
    """Add a business unit; Invalid when the name is taken."""
    with transaction.atomic():
        require(actor, "people.manage")
        unit = BusinessUnit(name=name.strip(), slug=slugify(name)[:50], is_demo=is_demo)
        _save_new(unit, f"There is already a business unit called {unit.name}.")
        record(actor, "unit.create", unit, after={"name": unit.name})
    return unit


def team_create(
    *, actor: Actor, name: str, business_unit: BusinessUnit, is_demo: bool = False
) -> Team:
    """Add a team to a business unit; Invalid when the name is taken."""
    with transaction.atomic():
        require(actor, "people.manage")
        slug = slugify(name)[:50]
        team = Team(name=name.strip(), slug=slug, business_unit=business_unit, is_demo=is_demo)
        _save_new(team, f"There is already a team called {team.name}.")
        record(actor, "team.create", team, after={"name": team.name, "unit": business_unit.name})
    return team


def person_create(
    *,
    actor: Actor,
    username: str,
    display_name: str = "",
    email: str = "",
    password: str | None = None,
    is_demo: bool = False,
) -> User:
    """Add a person with a local account and no role; without a password they need a link."""
    with transaction.atomic():
        require(actor, "people.manage")
        user = User(username=username.strip(), display_name=display_name.strip(), is_demo=is_demo)
        user.email = email.strip()
        if User.objects.filter(username__iexact=user.username).exists():
            raise _taken("username", f"There is already somebody called {user.username}.")
        user.set_password(password)
        _save_new(user, f"There is already somebody called {user.username}.", field="username")
        record(actor, "person.create", user, after={"username": user.username, "name": str(user)})
    return user


def person_deactivate(*, actor: Actor, person_id: int, reason: str = "") -> User:
    """End a person's access at once: sessions, tokens and rights; the history stays."""
    with transaction.atomic():
        admins = _lock_admins()
        user = User.objects.select_for_update().get(pk=person_id)
        require(actor, "people.manage")
        if user.pk == actor.user_id:
            raise Conflict("You cannot deactivate yourself. Ask another platform admin.")
        if not user.is_active:
            raise Conflict(f"{user} is already deactivated.")
        _keep_one_admin(admins, leaving={grant.pk for grant in admins if grant.user_id == user.pk})
        user.is_active = False
        user.save(update_fields=["is_active"])
        _end_sessions(user)
        ended = user.api_tokens.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        record(
            actor,
            "person.deactivate",
            user,
            before={"active": True},
            after={"active": False, "tokens_revoked": ended},
            reason=reason,
        )
    return user


def person_reactivate(*, actor: Actor, person_id: int) -> User:
    """Let a deactivated person sign in again, with the roles they still hold."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person_id)
        require(actor, "people.manage")
        if user.is_active:
            raise Conflict(f"{user} is already active.")
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(actor, "person.reactivate", user, before={"active": False}, after={"active": True})
    return user


def person_link(*, actor: Actor, person_id: int) -> str:
    """The path of a page where a person sets their password once, within three days.

    Nothing is stored: the link ends when it is used, when they sign in, or when it is replaced by
    a password. Their second factor stays.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person_id)
        require(actor, "people.manage")
        if not user.is_active or user.socialaccount_set.exists():
            raise Conflict(
                f"{user} is deactivated or uses single sign-on, so there is no password."
            )
        key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
        record(actor, "person.link", user)
    uidb36, key = key.split("-", 1)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": uidb36, "key": key})


def role_grant(
    *,
    actor: Actor,
    user: User,
    role: str,
    team: Team | None = None,
    business_unit: BusinessUnit | None = None,
) -> RoleGrant:
    """Give a person a role in the place it is held for; giving it twice changes nothing."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        require(actor, "people.manage")
        _check_place(Role(role), team, business_unit)
        grant, is_new = RoleGrant.objects.get_or_create(
            user=user, role=role, team=team, business_unit=business_unit
        )
        if is_new:
            record(actor, "role.grant", user, after={"role": str(grant)})
    return grant


def role_revoke(*, actor: Actor, grant_id: int, reason: str = "") -> User:
    """Take a role away; it counts from the person's next request on."""
    with transaction.atomic():
        admins = _lock_admins()
        grant = RoleGrant.objects.select_for_update().get(pk=grant_id)
        require(actor, "people.manage")
        _keep_one_admin(admins, leaving={grant.pk})
        user, label = grant.user, str(grant)
        grant.delete()
        record(actor, "role.revoke", user, before={"role": label}, reason=reason)
    return user


def token_create(
    *,
    actor: Actor,
    name: str,
    scopes: list[str],
    lifetime: timedelta = LONGEST,
    team: Team | None = None,
) -> tuple[ApiToken, str]:
    """A new token of the acting person, and its text, which is shown this once and never kept."""
    with transaction.atomic():
        require(actor, "token.own")
        _check_token(actor, name, scopes, lifetime, team)
        public_id, text = new_secret()
        token = ApiToken.objects.create(
            public_id=public_id,
            digest=digest_of(text),
            name=name.strip(),
            owner_id=actor.user_id,
            team=team,
            scopes=sorted(set(scopes)),
            expires_at=timezone.now() + lifetime,
        )
        record(actor, "token.create", token, after=_token_facts(token))
    return token, text


def token_revoke(*, actor: Actor, token_id: int) -> ApiToken:
    """End a token at once: one's own, or anybody's as a platform admin."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(pk=token_id)
        if actor.kind != "person" or token.owner_id != actor.user_id:
            require(actor, "token.revoke_any")
        if token.revoked_at is not None:
            raise Conflict(f"The token {token} has already been revoked.")
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record(actor, "token.revoke", token, before=_token_facts(token))
    return token


def _save_new(row: models.Model, taken: str, *, field: str = "name") -> None:
    """Validate and insert a row; what the database refuses becomes a sentence."""
    try:
        row.full_clean(exclude=["slug", "password"], validate_unique=False)
        with transaction.atomic():
            row.save(force_insert=True)
    except ValidationError as error:
        raise Invalid("Please check the marked fields.", fields=error.message_dict) from None
    except IntegrityError:
        raise _taken(field, taken) from None


def _taken(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, fields={field: [sentence]}, code="taken")


def _end_sessions(user: User) -> None:
    """Remove a person's sessions, so that none wakes up when the person is let in again."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def _lock_admins() -> list[RoleGrant]:
    """The grants of active platform admins, locked so that two cannot remove each other at once."""
    grants = RoleGrant.objects.select_for_update(of=("self",)).select_related("user")
    return list(grants.filter(role=Role.PLATFORM_ADMIN, user__is_active=True).order_by("pk"))


def _keep_one_admin(admins: list[RoleGrant], *, leaving: set[int]) -> None:
    if leaving & {grant.pk for grant in admins} and all(grant.pk in leaving for grant in admins):
        raise Conflict(
            "This is the last platform admin. Give the role to somebody else first, "
            "or nobody could manage people any more."
        )


def _check_place(role: Role, team: Team | None, unit: BusinessUnit | None) -> None:
    """Refuse a role for a place it is not held for, so that a grant says what it does."""
    place = place_of(role)
    fits = {
        Place.EVERYWHERE: team is None and unit is None,
        Place.UNIT_OR_EVERYWHERE: team is None,
        Place.TEAM_OR_UNIT: (team is None) != (unit is None),
    }[place]
    if not fits:
        sentence = f"{role.label} is held for {place.value}."
        raise Invalid(sentence, fields={"team": [sentence]})


def _check_token(
    actor: Actor, name: str, scopes: list[str], lifetime: timedelta, team: Team | None
) -> None:
    fields: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= 80:
        fields["name"] = ["Give the token a name of at most 80 characters."]
    if not scopes or set(scopes) - set(Scope.values):
        fields["scopes"] = [f"Choose at least one of {', '.join(Scope.values)}."]
    if not timedelta(0) < lifetime <= LONGEST:
        fields["days"] = [f"Choose from 1 to {LONGEST.days} days."]
    if fields:
        raise Invalid("Please check the marked fields.", fields=fields)
    if team is not None and not any(_covers(grant, team) for grant in actor.grants):
        raise Denied(f"You hold no role for the team {team}, so a token cannot act for it.")


def _covers(grant: Grant, team: Team) -> bool:
    """Whether a grant is for this team, or for the business unit it belongs to."""
    if grant.team_id is None:
        return grant.business_unit_id == team.business_unit_id
    return grant.team_id == team.pk


def _token_facts(token: ApiToken) -> dict[str, Any]:
    """What the trail keeps of a token: never the secret nor its digest."""
    return {
        "name": token.name,
        "public_id": token.public_id,
        "scopes": token.scopes,
        "team": str(token.team) if token.team else None,
        "expires_at": token.expires_at.isoformat(),
    }
