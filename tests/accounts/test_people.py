"""People, teams and roles: the services, their trail, and their pages."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from portal.accounts import services
from portal.accounts.models import RoleGrant, User
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from tests.factories import make_actor, make_team, make_unit, make_user

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def admin():
    return make_actor(Role.PLATFORM_ADMIN)


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_user(Role.PLATFORM_ADMIN, username="root"), backend=BACKEND)
    return client


def verbs() -> list[str]:
    return list(TrailEvent.objects.order_by("seq").values_list("verb", flat=True))


def test_every_change_is_recorded(admin):
    unit = services.unit_create(actor=admin, name="Supply chain")
    team = services.team_create(actor=admin, name="Forecasting", business_unit=unit)
    user = services.person_create(actor=admin, username="ada", display_name="Ada")
    grant = services.role_grant(actor=admin, user=user, role=Role.DATA_SCIENTIST, team=team)
    services.role_grant(actor=admin, user=user, role=Role.DATA_SCIENTIST, team=team)
    services.role_revoke(actor=admin, grant_id=grant.pk, reason="moved")
    services.person_deactivate(actor=admin, person_id=user.pk)
    services.person_reactivate(actor=admin, person_id=user.pk)
    assert verbs() == [
        "unit.create", "team.create", "person.create", "role.grant", "role.revoke",
        "person.deactivate", "person.reactivate",
    ]  # fmt: skip


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PLATFORM_ADMIN])
def test_only_platform_admins_manage_people(role):
    user = make_user()
    actor = make_actor(role, team=make_team() if role == Role.MODEL_OWNER else None)
    for attempt in (
        lambda: services.unit_create(actor=actor, name="X"),
        lambda: services.person_create(actor=actor, username="x"),
        lambda: services.role_grant(actor=actor, user=user, role=Role.AUDITOR),
        lambda: services.person_deactivate(actor=actor, person_id=user.pk),
        lambda: services.person_link(actor=actor, person_id=user.pk),
    ):
        with pytest.raises(Denied):
            attempt()
    assert verbs() == []


def test_the_last_platform_admin_stays(admin):
    grant = RoleGrant.objects.get(user_id=admin.user_id)
    with pytest.raises(Conflict):
        services.role_revoke(actor=admin, grant_id=grant.pk)
    with pytest.raises(Conflict):
        services.person_deactivate(actor=admin, person_id=admin.user_id)
    second = make_actor(Role.PLATFORM_ADMIN)
    services.person_deactivate(actor=second, person_id=admin.user_id)
    with pytest.raises(Conflict):
        services.role_revoke(
            actor=second, grant_id=RoleGrant.objects.get(user_id=second.user_id).pk
        )


@pytest.mark.parametrize(
    ("role", "team", "unit"),
    [
        (Role.DATA_SCIENTIST, False, False), (Role.MODEL_OWNER, True, True),
        (Role.VALIDATOR, True, False), (Role.PLATFORM_ADMIN, True, False),
        (Role.AUDITOR, False, True),
    ],
)  # fmt: skip
def test_a_role_fits_its_place(admin, role, team, unit):
    with pytest.raises(Invalid):
        services.role_grant(
            actor=admin,
            user=make_user(),
            role=role,
            team=make_team() if team else None,
            business_unit=make_unit() if unit else None,
        )


@pytest.mark.parametrize("name", ["ADA", "", "a b", "a/b", "x" * 151, "<ada>"])
def test_what_a_username_may_not_be(admin, name):
    make_user(username="ada")
    with pytest.raises(Invalid):
        services.person_create(actor=admin, username=name)


def test_adding_a_person_shows_a_link_that_works_once(browser):
    page = browser.post(reverse("person_add"), {"username": "ada", "display_name": "Ada"})
    link = page.context["link"]
    assert link in page.content.decode()
    path = link.removeprefix("http://localhost:8000")
    guest = Client()
    form = guest.get(path, follow=True)
    assert "Choose a password" in form.content.decode()
    new = {"password1": "a long enough sentence", "password2": "a long enough sentence"}
    done = guest.post(form.request["PATH_INFO"], new, follow=True)
    assert 'href="/"' in done.content.decode()
    assert "Your password is set" in done.content.decode()
    assert User.objects.get(username="ada").check_password("a long enough sentence")
    again = Client().get(path, follow=True)
    assert again.context["token_fail"]
    assert "This link no longer works" in again.content.decode()
    assert link not in browser.get(reverse("people_list")).content.decode()


def test_the_form_says_what_is_wrong(browser):
    make_user(username="ada")
    page = browser.post(reverse("person_add"), {"username": "Ada", "display_name": "Ada"})
    assert page.status_code == 422
    assert b"There is already somebody called Ada" in page.content


def test_roles_are_given_and_taken_on_the_page(browser):
    user, team = make_user(None), make_team()
    page = reverse("person_detail", kwargs={"pk": user.pk})
    give = reverse("person_grant", kwargs={"pk": user.pk})
    assert browser.post(give, {"role": "data_scientist"}).status_code == 422
    assert browser.post(give, {"role": "data_scientist", "team": team.pk}).status_code == 302
    grant = user.role_grants.get()
    take = reverse("person_revoke", kwargs={"pk": user.pk, "grant_id": grant.pk})
    assert browser.post(take, {"reason": "moved"}).status_code == 302
    assert not user.role_grants.exists()
    assert browser.get(page).status_code == 200
    other = reverse("person_revoke", kwargs={"pk": make_user().pk, "grant_id": grant.pk})
    assert browser.post(other).status_code == 404


def test_the_list_is_searched_and_narrowed(browser):
    team = make_team("Pricing")
    make_user(Role.DATA_SCIENTIST, team=team, username="ada", display_name="Ada Lovelace")
    make_user(None, username="newcomer")
    make_user(Role.AUDITOR, username="gone", is_active=False)

    def names(**query: str) -> set[str]:
        page = browser.get(reverse("people_list"), query).context["page"]
        return {user.username for user in page}

    assert names(q="love") == {"ada"}
    assert names(role="none") == {"newcomer"}
    assert names(role="auditor", active="no") == {"gone"}
    assert names(team=team.slug) == {"ada"}


def test_the_list_takes_the_same_number_of_queries_at_any_length(
    browser, django_assert_max_num_queries
):
    browser.get(reverse("people_list"))  # the first page stores the session's form secret
    counts = []
    for _ in range(2):
        for _ in range(10):
            make_user(Role.DATA_SCIENTIST, team=make_team())
        with django_assert_max_num_queries(12) as queries:
            browser.get(reverse("people_list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_first_admin_is_made_by_a_command(capsys):
    call_command("add_admin", "root")
    said = capsys.readouterr().out
    assert "/accounts/password/reset/key/" in said
    user = User.objects.get(username="root")
    assert user.role_grants.get().role == Role.PLATFORM_ADMIN
    call_command("add_admin", "root")
    assert user.role_grants.count() == 1
    assert verbs().count("role.grant") == 1


def test_teams_and_units_are_added_on_the_page(browser):
    assert browser.post(reverse("unit_add"), {"name": "Stores"}).status_code == 302
    assert browser.post(reverse("unit_add"), {"name": "Stores"}).status_code == 422
    unit = make_unit("Online")
    added = browser.post(reverse("team_add"), {"name": "Search", "business_unit": unit.pk})
    assert added.status_code == 302
    assert b"Search" in browser.get(reverse("team_list")).content


def test_signets_own_services_do_not_manage_people():
    with pytest.raises(Denied):
        services.person_create(actor=service("sync"), username="x")
