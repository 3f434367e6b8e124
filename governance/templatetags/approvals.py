"""How approved a version or a model is, for the pages of the inventory."""

from typing import Any

from django import template
from django.template import Context
from django.utils import timezone

from governance.findings.queries import unapproved_in_production
from governance.requests.models import GRANTED_STATES, OPEN_STATES
from governance.requests.queries import visible_requests
from governance.requests.standing import standing_of, with_facts
from portal.accounts.actors import actor_of
from portal.accounts.permissions import Role, allowed
from registry.inventory.models import ModelVersion, RegisteredModel

register = template.Library()
SHOWN = 6
# Who answers for the portfolio, and so sees first what runs without an approval.
ANSWER_FOR_ALL = {
    Role.LEADERSHIP,
    Role.EXECUTIVE,
    Role.GOVERNANCE_LEAD,
    Role.DATA_GOVERNANCE,
    Role.AUDITOR,
}
STANDING = (*GRANTED_STATES, "suspended")


@register.inclusion_tag("governance/_of_version.html", takes_context=True)
def approval_of_version(context: Context, version: ModelVersion) -> dict[str, Any]:
    """The newest request for each environment, and the way to ask; nothing for who may not read.

    What was granted also says whether it holds now: a decision alone lets nothing deploy.
    """
    actor = actor_of(context["request"])
    if not allowed(actor, "approval.view"):
        return {}
    newest: dict[str, Any] = {}
    asked = with_facts(visible_requests(actor).filter(version=version))
    for row in asked.order_by("-id")[:20]:
        kept = newest.get(row.environment)
        # A request under way does not hide the approval that holds meanwhile.
        if kept is None or (row.state in STANDING and kept.state not in STANDING):
            newest[row.environment] = row
        if row.state in OPEN_STATES:
            newest[f"{row.environment} open"] = row
    rows = {row.pk: row for row in newest.values()}
    granted = [row for row in rows.values() if row.state in GRANTED_STATES]
    now = timezone.now()
    return {
        "shown": True,
        "version": version,
        "rows": sorted(rows.values(), key=lambda row: (row.environment, -row.pk)),
        "not_holding": [row.pk for row in granted if not standing_of(row, at=now).holds],
        "has_open": any(row.state in OPEN_STATES for row in rows.values()),
        "may_ask": not version.gone_at and allowed(actor, "approval.request", version),
        "may_call": not version.gone_at and allowed(actor, "approval.emergency", version),
        "may_preview": allowed(actor, "gate.check"),
    }


@register.inclusion_tag("governance/_of_model.html", takes_context=True)
def approval_of_model(context: Context, model: RegisteredModel) -> dict[str, Any]:
    """What stands and what is under way about a model's versions."""
    actor = actor_of(context["request"])
    if not allowed(actor, "approval.view"):
        return {}
    rows = visible_requests(actor).filter(version__model=model, state__in=(*STANDING, *OPEN_STATES))
    newest = rows.select_related("version").order_by("-id")[:SHOWN]
    return {"shown": True, "model": model, "rows": list(newest)}


@register.inclusion_tag("findings/_unapproved.html", takes_context=True)
def unapproved_first(context: Context) -> dict[str, Any]:
    """How many models run without an approval, for those who answer for all of them."""
    actor = actor_of(context["request"])
    if not any(grant.role in ANSWER_FOR_ALL for grant in actor.grants):
        return {}
    return {"unapproved": unapproved_in_production(actor), "linked": True}
