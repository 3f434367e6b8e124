"""What governance adds to the pages of models, versions, deployments and sources."""

from typing import Any

from django import template
from django.template import Context

from governance.findings.queries import open_findings
from governance.writeback.ledger import CHAMPION, last_move
from governance.writeback.queries import writebacks_about
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion, RegisteredModel

register = template.Library()


@register.inclusion_tag("promotion/_of_version.html", takes_context=True)
def version_promotion(context: Context, version: ModelVersion) -> dict[str, Any]:
    """What is open about a version, what MLflow was told of it, and its evidence."""
    actor = actor_of(context["request"])
    return {
        "version": version,
        "findings": open_findings(version.model, version)[:5],
        "written": writebacks_about(version).first(),
        "may_raise": allowed(actor, "finding.manage", version.model),
        "may_pack": allowed(actor, "pack.build", version),
    }


@register.inclusion_tag("promotion/_of_model.html")
def model_promotion(model: RegisteredModel) -> dict[str, Any]:
    """Who made the champion what it is, and what is open about the model."""
    return {
        "model": model,
        "move": last_move(model, CHAMPION),
        "findings": open_findings(model).select_related("version")[:5],
    }


@register.inclusion_tag("promotion/_rollback_link.html", takes_context=True)
def rollback_link(context: Context, deployment: Deployment) -> dict[str, Any]:
    """The way back, for somebody who may take it."""
    live = deployment.version_id is not None and deployment.ended_at is None
    may = live and allowed(actor_of(context["request"]), "deployment.rollback", deployment)
    return {"deployment": deployment, "may": may}
