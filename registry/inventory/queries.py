"""Reads of the inventory; each starts from what the actor may see."""

from django.db.models import QuerySet

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import ModelVersion, RegisteredModel


def visible_models(actor: Actor) -> QuerySet[RegisteredModel]:
    """The registered models that `actor` may see, those that are gone at their source included."""
    models = RegisteredModel.objects.all()
    return models if allowed(actor, "registry.view") else models.none()


def visible_versions(actor: Actor) -> QuerySet[ModelVersion]:
    """The versions of every model that `actor` may see."""
    versions = ModelVersion.objects.all()
    return versions if allowed(actor, "registry.view") else versions.none()
