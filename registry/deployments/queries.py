"""Reads of the deployment record."""

from django.db.models import QuerySet

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.deployments.models import Deployment


def visible_deployments(actor: Actor) -> QuerySet[Deployment]:
    """Every deployment that `actor` may see, live or ended."""
    deployments = Deployment.objects.all()
    return deployments if allowed(actor, "registry.view") else deployments.none()
