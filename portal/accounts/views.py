"""The pages about people, teams and roles."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from portal.accounts import services
from portal.accounts.access import needs, signed_in
from portal.accounts.actors import actor_of
from portal.accounts.forms import GrantForm, PersonForm, TeamForm, UnitForm, submit
from portal.accounts.models import RoleGrant, Team, User
from portal.accounts.permissions import Role, allowed
from portal.accounts.queries import (
    found_people,
    platform_admins,
    rights_of,
    role_help,
    signs_in_by,
    visible_people,
    visible_tokens,
    visible_units,
)

PAGE = 50
FILTERS = ("role", "team", "active")


@needs({"GET": "people.view"})
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody, with their roles; searched and narrowed by the address."""
    actor = actor_of(request)
    chosen = {name: request.GET.get(name, "") for name in FILTERS}
    search = request.GET.get("q", "")[:200]
    pages = Paginator(found_people(actor, search=search, **chosen), PAGE)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "search": search,
        "chosen": chosen,
        "is_narrowed": bool(search or any(chosen.values())),
        "roles": Role.choices,
        "teams": Team.objects.all(),
        "may_manage": allowed(actor, "people.manage"),
    }
    return render(request, "people/people_list.html", context)


@needs("people.manage")
def person_add(request: HttpRequest) -> HttpResponse:
    """The form for a new person; then their page, with the link to set a password."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    actor = actor_of(request)
    if request.method == "POST":
        user = submit(form, lambda values: services.person_create(actor=actor, **values))
        if user:
            return _with_link(request, user)
    status = 422 if form.is_bound else 200
    return render(request, "people/person_add.html", {"form": form}, status=status)


@needs({"GET": "people.view"})
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: roles, tokens, and what an admin may change."""
    return _person_page(request, _person(request, pk), GrantForm())


@needs({"POST": "people.manage"})
def person_grant(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the person a role."""
    user, form, actor = _person(request, pk), GrantForm(request.POST), actor_of(request)
    grant = submit(form, lambda values: services.role_grant(actor=actor, user=user, **values))
    if grant is None:
        return _person_page(request, user, form, status=422)
    messages.success(request, f"{user} now holds {grant}.")
    return redirect("person_detail", pk=pk)


@needs({"POST": "people.manage"})
def person_revoke(request: HttpRequest, pk: int, grant_id: int) -> HttpResponse:
    """Take a role away."""
    get_object_or_404(RoleGrant, pk=grant_id, user=_person(request, pk))
    reason = request.POST.get("reason", "")[:500]
    services.role_revoke(actor=actor_of(request), grant_id=grant_id, reason=reason)
    messages.success(request, "The role is taken away, from the next request on.")
    return redirect("person_detail", pk=pk)


@needs({"POST": "people.manage"})
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """End a person's access."""
    user = _person(request, pk)
    reason = request.POST.get("reason", "")[:500]
    services.person_deactivate(actor=actor_of(request), person_id=user.pk, reason=reason)
    messages.success(request, f"{user} can no longer sign in, and their tokens have ended.")
    return redirect("person_detail", pk=pk)


@needs({"POST": "people.manage"})
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a person sign in again."""
    user = _person(request, pk)
    services.person_reactivate(actor=actor_of(request), person_id=user.pk)
    messages.success(request, f"{user} can sign in again. Ended tokens stay ended.")
    return redirect("person_detail", pk=pk)


@needs({"POST": "people.manage"})
def person_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link to set a password, shown this once."""
    return _with_link(request, _person(request, pk))


@needs({"GET": "people.view"})
def team_list(request: HttpRequest) -> HttpResponse:
    """Business units with their teams."""
    return _teams_page(request, UnitForm(), TeamForm())


@needs({"POST": "people.manage"})
def unit_add(request: HttpRequest) -> HttpResponse:
    """Add a business unit."""
    form, actor = UnitForm(request.POST), actor_of(request)
    if submit(form, lambda values: services.unit_create(actor=actor, **values)):
        return redirect("team_list")
    return _teams_page(request, form, TeamForm(), status=422)


@needs({"POST": "people.manage"})
def team_add(request: HttpRequest) -> HttpResponse:
    """Add a team to a business unit."""
    form, actor = TeamForm(request.POST), actor_of(request)
    if submit(form, lambda values: services.team_create(actor=actor, **values)):
        return redirect("team_list")
    return _teams_page(request, UnitForm(), form, status=422)


@signed_in
def me(request: HttpRequest) -> HttpResponse:
    """One's own roles and what they allow."""
    actor, user = actor_of(request), request.user
    context = {
        "grants": user.role_grants.select_related("team", "business_unit"),
        "rights": rights_of(actor),
        "admins": platform_admins(),
        "has_password": user.has_usable_password(),
        "signs_in_by": signs_in_by(user),
        "factors": user.authenticator_set.exclude(type="recovery_codes").count(),
        "may_make_tokens": allowed(actor, "token.own"),
        "role_help": [] if actor.grants else role_help(),
    }
    return render(request, "people/me.html", context)


def _person(request: HttpRequest, pk: int) -> User:
    return get_object_or_404(visible_people(actor_of(request)), pk=pk)


def _person_page(
    request: HttpRequest, user: User, form: GrantForm, *, status: int = 200, link: str = ""
) -> HttpResponse:
    actor = actor_of(request)
    may_manage = allowed(actor, "people.manage")
    context = {
        "person": user,
        "form": form,
        "link": link,
        "may_manage": may_manage,
        "may_deactivate": may_manage and user.is_active and user.pk != actor.user_id,
        "signs_in_by": signs_in_by(user),
        "uses_sso": user.socialaccount_set.exists(),
        "factors": user.authenticator_set.exclude(type="recovery_codes").count(),
        "tokens": visible_tokens(actor).filter(owner=user),
        "role_help": role_help() if may_manage else [],
    }
    return render(request, "people/person_detail.html", context, status=status)


def _with_link(request: HttpRequest, user: User) -> HttpResponse:
    """The person's page with a link that stands in this one answer and is kept nowhere."""
    path = services.person_link(actor=actor_of(request), person_id=user.pk)
    return _person_page(request, user, GrantForm(), link=f"{settings.PORTAL_URL}{path}")


def _teams_page(
    request: HttpRequest, unit_form: UnitForm, team_form: TeamForm, *, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "units": visible_units(actor),
        "unit_form": unit_form,
        "team_form": team_form,
        "may_manage": allowed(actor, "people.manage"),
    }
    return render(request, "people/team_list.html", context, status=status)
