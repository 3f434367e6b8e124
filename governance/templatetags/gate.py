"""What the gate would answer, for pages about a version or a request."""

from typing import Any

from django import template
from django.template import Context

from governance.gate.services import gate_preview as judged
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion

register = template.Library()


@register.inclusion_tag("gate/_preview.html", takes_context=True)
def gate_preview(
    context: Context, version: ModelVersion, environment: str = "production"
) -> dict[str, Any]:
    """Would this version deploy now? Empty for somebody who may not ask the gate."""
    actor = actor_of(context["request"])
    if not allowed(actor, "gate.check"):
        return {}
    return {
        "judgement": judged(actor=actor, version=version, environment=environment),
        "version": version,
        "environment": environment,
        "environments": Environment.choices,
    }


@register.filter
def reason_label(code: str) -> str:
    """What a reason code means, in words."""
    from governance.reasons import Reason

    return str(Reason(code).label) if code in Reason.values else code
