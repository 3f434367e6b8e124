"""The permission table: the only place that knows what a role or a token scope may do."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db import models

from portal.actors import Actor, Grant
from portal.errors import Denied


class Role(models.TextChoices):
    """The roles of design section 7."""

    VIEWER = "viewer", "Viewer"
    LEADERSHIP = "leadership", "Leadership"
    DATA_SCIENTIST = "data_scientist", "Data scientist"
    MODEL_OWNER = "model_owner", "Model owner"
    VALIDATOR = "validator", "Validator"
    DATA_GOVERNANCE = "data_governance", "Data governance"
    BUSINESS_OWNER = "business_owner", "Business owner"
    SECURITY = "security", "Security"
    ML_OPS = "ml_ops", "ML operations"
    PRIVACY = "privacy", "Privacy and legal"
    EXECUTIVE = "executive", "Executive"
    GOVERNANCE_LEAD = "governance_lead", "Governance lead"
    AUDITOR = "auditor", "Auditor"
    PLATFORM_ADMIN = "platform_admin", "Platform admin"


class Scope(models.TextChoices):
    """What an API token may be allowed to do."""

    READ = "read", "Read"
    CARDS_WRITE = "cards:write", "Write model cards"
    DEPLOYMENTS_WRITE = "deployments:write", "Record deployments"
    GATE_CHECK = "gate:check", "Ask the gate"
    APPROVALS_WRITE = "approvals:write", "File approval requests"


class Reach(Enum):
    """How far a role's right goes."""

    ANY = "everywhere"
    OWN = "own team or business unit"


class Place(Enum):
    """What a role is held for."""

    EVERYWHERE = "everywhere"
    UNIT_OR_EVERYWHERE = "one business unit, or everywhere"
    TEAM_OR_UNIT = "one team or one business unit"


PLACES = {
    Role.DATA_SCIENTIST: Place.TEAM_OR_UNIT,
    Role.MODEL_OWNER: Place.TEAM_OR_UNIT,
    Role.VALIDATOR: Place.UNIT_OR_EVERYWHERE,
    Role.DATA_GOVERNANCE: Place.UNIT_OR_EVERYWHERE,
    Role.BUSINESS_OWNER: Place.UNIT_OR_EVERYWHERE,
    Role.SECURITY: Place.UNIT_OR_EVERYWHERE,
    Role.ML_OPS: Place.UNIT_OR_EVERYWHERE,
    Role.PRIVACY: Place.UNIT_OR_EVERYWHERE,
    Role.EXECUTIVE: Place.UNIT_OR_EVERYWHERE,
}


def place_of(role: Role) -> Place:
    """What a role is held for: most are held everywhere."""
    return PLACES.get(role, Place.EVERYWHERE)


EVERYONE = dict.fromkeys(Role, Reach.ANY)


@dataclass(frozen=True)
class Rule:
    """Who may do one action: roles with their reach, the token scope, Signet's own services."""

    label: str
    roles: dict[Role, Reach] = field(default_factory=dict)
    scope: Scope | None = None
    services: frozenset[str] = frozenset()


_BUILDERS = {Role.DATA_SCIENTIST: Reach.OWN, Role.MODEL_OWNER: Reach.OWN}
_COMMENTERS = dict.fromkeys(
    (
        Role.DATA_SCIENTIST,
        Role.MODEL_OWNER,
        Role.VALIDATOR,
        Role.DATA_GOVERNANCE,
        Role.BUSINESS_OWNER,
        Role.SECURITY,
        Role.ML_OPS,
        Role.PRIVACY,
        Role.EXECUTIVE,
        Role.GOVERNANCE_LEAD,
    ),
    Reach.ANY,
)
# Who may hold a seat of an approval; `governance.requests.seats` asks for the role and its place.
SIGN_OFF_ROLES = (
    Role.MODEL_OWNER,
    Role.VALIDATOR,
    Role.ML_OPS,
    Role.DATA_GOVERNANCE,
    Role.BUSINESS_OWNER,
    Role.SECURITY,
    Role.PRIVACY,
    Role.EXECUTIVE,
)
_SIGNERS = dict.fromkeys(SIGN_OFF_ROLES, Reach.ANY)
_LEADS = {Role.GOVERNANCE_LEAD: Reach.ANY}
_GOVERNANCE = frozenset({"governance"})
_SYNC = frozenset({"sync"})

RULES: dict[str, Rule] = {
    "registry.view": Rule("read the inventory", EVERYONE, Scope.READ, _SYNC | _GOVERNANCE),
    "model.assign": Rule(
        "set a model's owner and team",
        {Role.MODEL_OWNER: Reach.OWN, Role.GOVERNANCE_LEAD: Reach.ANY},
        services=_SYNC,
    ),
    "model.set_tier": Rule("set a model's risk tier", {Role.GOVERNANCE_LEAD: Reach.ANY}),
    "model.export": Rule("export the inventory", EVERYONE, Scope.READ),
    "card.view": Rule("read model cards", EVERYONE, Scope.READ, _SYNC | _GOVERNANCE),
    "card.edit": Rule("edit a model card", _BUILDERS, Scope.CARDS_WRITE, _SYNC),
    # Remarks come from everybody who works on a card or signs for it; readers change nothing.
    "card.comment": Rule("comment on a model card", _COMMENTERS, Scope.CARDS_WRITE),
    "card.change_many": Rule(
        "change several cards at once",
        {**_BUILDERS, Role.GOVERNANCE_LEAD: Reach.ANY},
        Scope.CARDS_WRITE,
    ),
    # Each person's own: nobody snoozes or mutes for somebody else.
    "reminder.view": Rule("see one's own reminders", EVERYONE, Scope.READ, frozenset({"cards"})),
    "reminder.keep": Rule("snooze one's own reminders", EVERYONE, Scope.CARDS_WRITE),
    "deployment.record": Rule(
        "record a deployment",
        {Role.MODEL_OWNER: Reach.OWN},
        Scope.DEPLOYMENTS_WRITE,
        _SYNC | _GOVERNANCE,
    ),
    "source.view": Rule("see sources and syncs", EVERYONE, Scope.READ),
    "source.sync": Rule(
        "start a sync",
        {
            Role.PLATFORM_ADMIN: Reach.ANY,
            Role.GOVERNANCE_LEAD: Reach.ANY,
            Role.DATA_SCIENTIST: Reach.ANY,
            Role.MODEL_OWNER: Reach.ANY,
        },
        services=_SYNC,
    ),
    "source.manage": Rule("manage sources", {Role.PLATFORM_ADMIN: Reach.ANY}, services=_SYNC),
    "job.view": Rule("see background jobs", EVERYONE),
    "job.manage": Rule("retry or cancel a job", {Role.PLATFORM_ADMIN: Reach.ANY}),
    "trail.view": Rule(
        "search the trail",
        {
            Role.AUDITOR: Reach.ANY,
            Role.GOVERNANCE_LEAD: Reach.ANY,
            Role.DATA_GOVERNANCE: Reach.ANY,
            Role.PLATFORM_ADMIN: Reach.ANY,
        },
    ),
    "trail.anchor": Rule(
        "take an anchor", {Role.PLATFORM_ADMIN: Reach.ANY}, services=frozenset({"trail"})
    ),
    "trail.verify": Rule(
        "verify the trail",
        {Role.AUDITOR: Reach.ANY, Role.GOVERNANCE_LEAD: Reach.ANY, Role.PLATFORM_ADMIN: Reach.ANY},
        services=frozenset({"trail"}),
    ),
    "trail.export": Rule(
        "export the trail", {Role.AUDITOR: Reach.ANY, Role.GOVERNANCE_LEAD: Reach.ANY}
    ),
    "people.view": Rule(
        "see people and roles",
        {Role.PLATFORM_ADMIN: Reach.ANY, Role.GOVERNANCE_LEAD: Reach.ANY, Role.AUDITOR: Reach.ANY},
    ),
    "people.manage": Rule(
        "manage people, teams and roles",
        {Role.PLATFORM_ADMIN: Reach.ANY},
        services=frozenset({"demo", "setup", "single sign-on"}),
    ),
    "token.own": Rule(
        "make API tokens",
        {
            Role.DATA_SCIENTIST: Reach.ANY,
            Role.MODEL_OWNER: Reach.ANY,
            Role.PLATFORM_ADMIN: Reach.ANY,
        },
    ),
    "token.revoke_any": Rule("revoke anybody's token", {Role.PLATFORM_ADMIN: Reach.ANY}),
    "tier.assess": Rule(
        "assess a model's risk", {**_BUILDERS, **_LEADS, Role.DATA_GOVERNANCE: Reach.ANY}
    ),
    "tier.lower": Rule(
        "set a tier below the computed one", {**_LEADS, Role.DATA_GOVERNANCE: Reach.ANY}
    ),
    "policy.view": Rule("read policies", EVERYONE, Scope.READ, _GOVERNANCE),
    "policy.edit": Rule("write and publish policies", _LEADS),
    "approval.view": Rule("read approvals", EVERYONE, Scope.READ, _GOVERNANCE),
    "approval.request": Rule(
        "ask for approval", _BUILDERS, Scope.APPROVALS_WRITE, frozenset({"governance", "demo"})
    ),
    "approval.comment": Rule("comment on approval requests", _COMMENTERS),
    # A token can never sign: there is no scope for it.
    "approval.sign": Rule("sign off approval requests", _SIGNERS),
    "approval.delegate": Rule("delegate a sign-off", _SIGNERS),
    "approval.condition": Rule("close a condition", {**_SIGNERS, **_LEADS}),
    "approval.govern": Rule(
        "suspend, reinstate or revoke an approval",
        {**_LEADS, Role.DATA_GOVERNANCE: Reach.ANY},
        services=_GOVERNANCE,
    ),
    "approval.emergency": Rule(
        "call an emergency change",
        {Role.ML_OPS: Reach.ANY, Role.MODEL_OWNER: Reach.OWN, **_LEADS},
    ),
    "plan.propose": Rule("propose a change plan", _BUILDERS),
    "check.run": Rule(
        "run the checks again",
        {**_BUILDERS, **_SIGNERS, **_LEADS},
        Scope.APPROVALS_WRITE,
        _GOVERNANCE,
    ),
    "gate.check": Rule("ask the gate", EVERYONE, Scope.GATE_CHECK, _GOVERNANCE),
    "gate.view": Rule("read the gate's answers", EVERYONE, Scope.READ),
    "deployment.rollback": Rule(
        "roll back a deployment",
        {Role.ML_OPS: Reach.ANY, Role.MODEL_OWNER: Reach.OWN, **_LEADS},
    ),
    "finding.view": Rule("read findings", EVERYONE, Scope.READ, _GOVERNANCE),
    "finding.manage": Rule(
        "assign and close findings",
        {Role.MODEL_OWNER: Reach.OWN, Role.VALIDATOR: Reach.ANY, **_LEADS},
        services=_GOVERNANCE,
    ),
    "writeback.manage": Rule(
        "choose how versions are promoted",
        {Role.PLATFORM_ADMIN: Reach.ANY, **_LEADS},
    ),
    "pack.build": Rule(
        "build evidence packs",
        {**_SIGNERS, **_LEADS, Role.AUDITOR: Reach.ANY, Role.MODEL_OWNER: Reach.OWN},
        services=_GOVERNANCE,
    ),
    "api.docs": Rule("read the API's documentation", EVERYONE, Scope.READ),
}


def rule_of(action: str) -> Rule:
    """The rule of a declared action; KeyError for one nobody declared, so a typo never allows."""
    return RULES[action]


def reaches(grant: Grant, reach: Reach, obj: Any) -> bool:
    """Whether one granted role extends to `obj`, which has `team_id` and `business_unit_id`."""
    if reach is Reach.ANY or obj is None:
        return True
    if grant.team_id is None and grant.business_unit_id is None:
        return False
    if grant.team_id is not None:
        return grant.team_id == obj.team_id
    return grant.business_unit_id == obj.business_unit_id


def allowed(actor: Actor, action: str, obj: Any = None) -> bool:
    """Whether `actor` may do `action` on `obj`; without `obj`, whether on anything at all."""
    rule = rule_of(action)
    if actor.kind == "service":
        return actor.name in rule.services
    if actor.kind == "token" and (rule.scope is None or rule.scope not in actor.scopes):
        return False
    return any(
        reaches(grant, rule.roles[Role(grant.role)], obj)
        for grant in actor.grants
        if grant.role in rule.roles
    )


def require(actor: Actor, action: str, obj: Any = None) -> None:
    """Raise `Denied` unless `actor` may do `action` on `obj`."""
    if allowed(actor, action, obj):
        return
    rule = rule_of(action)
    if actor.kind == "token" and (rule.scope is None or rule.scope not in actor.scopes):
        needed = f"a token with the scope {rule.scope}" if rule.scope else "a person, not a token"
        raise Denied(f"To {rule.label} you need {needed}.", code="scope")
    roles = ", ".join(
        f"{role.label} of this model's team" if reach is Reach.OWN else role.label
        for role, reach in rule.roles.items()
    )
    raise Denied(
        f"To {rule.label} you need one of these roles: {roles or 'none; only Signet does this'}. "
        "A platform admin can grant it.",
        code="role",
    )
