"""The demo's people: one for every role, and a second lead, in the teams of a grocer."""

from dataclasses import dataclass

from portal.accounts.models import BusinessUnit, Team, User
from portal.accounts.permissions import Role
from portal.accounts.services import person_create, role_grant, team_create, unit_create
from portal.actors import service

UNITS = {
    "Marketing": ["Personalisation"],
    "Supply chain": ["Demand planning"],
    "Commercial": ["Category pricing"],
}


@dataclass(frozen=True)
class DemoPerson:
    """One person of the demo and the roles they hold, each with its team or unit."""

    username: str
    name: str
    roles: list[tuple[Role, str]]


PEOPLE = [
    DemoPerson("scientist", "Demo scientist", [(Role.DATA_SCIENTIST, "Personalisation")]),
    DemoPerson(
        "scientist2",
        "Demo scientist of other teams",
        [(Role.DATA_SCIENTIST, "Demand planning"), (Role.DATA_SCIENTIST, "Category pricing")],
    ),
    DemoPerson(
        "owner",
        "Demo model owner",
        [
            (Role.MODEL_OWNER, "Personalisation"),
            (Role.MODEL_OWNER, "Demand planning"),
            (Role.MODEL_OWNER, "Category pricing"),
        ],
    ),
    DemoPerson("validator", "Demo validator", [(Role.VALIDATOR, "")]),
    DemoPerson(
        "governance",
        "Demo governance lead",
        [(Role.GOVERNANCE_LEAD, ""), (Role.DATA_GOVERNANCE, "")],
    ),
    DemoPerson("business", "Demo business owner", [(Role.BUSINESS_OWNER, "Marketing")]),
    DemoPerson("security", "Demo security reviewer", [(Role.SECURITY, "")]),
    DemoPerson("operations", "Demo ML operations", [(Role.ML_OPS, "")]),
    DemoPerson("privacy", "Demo privacy counsel", [(Role.PRIVACY, "")]),
    DemoPerson("executive", "Demo executive", [(Role.EXECUTIVE, "")]),
    DemoPerson(
        "policy",
        "Demo second governance lead",
        [(Role.GOVERNANCE_LEAD, ""), (Role.DATA_GOVERNANCE, "")],
    ),
    DemoPerson("leader", "Demo leader", [(Role.LEADERSHIP, "")]),
    DemoPerson("auditor", "Demo auditor", [(Role.AUDITOR, "")]),
    DemoPerson("admin", "Demo platform admin", [(Role.PLATFORM_ADMIN, "")]),
]


def people_load(password: str) -> None:
    """Make the units, teams and people that are missing; the others stay as they are."""
    actor = service("demo")
    for unit_name, teams in UNITS.items():
        unit = BusinessUnit.objects.filter(name=unit_name).first() or unit_create(
            actor=actor, name=unit_name, is_demo=True
        )
        for team_name in teams:
            if not Team.objects.filter(name=team_name).exists():
                team_create(actor=actor, name=team_name, business_unit=unit, is_demo=True)
    for person in PEOPLE:
        user = User.objects.filter(username=person.username).first() or person_create(
            actor=actor,
            username=person.username,
            display_name=person.name,
            password=password,
            is_demo=True,
        )
        for role, place in person.roles:
            role_grant(
                actor=actor,
                user=user,
                role=role,
                team=Team.objects.filter(name=place).first(),
                business_unit=BusinessUnit.objects.filter(name=place).first(),
            )
