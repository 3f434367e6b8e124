"""Reads of what was written to MLflow."""

from django.db.models import QuerySet

from governance.writeback.models import WriteBack
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import ModelVersion
from registry.sources.models import Source


def visible_writebacks(actor: Actor) -> QuerySet[WriteBack]:
    """The write-backs that `actor` may see."""
    rows = WriteBack.objects.all()
    return rows if allowed(actor, "registry.view") else rows.none()


def writebacks_of(actor: Actor, source: Source) -> QuerySet[WriteBack]:
    """What was written to one source, newest first."""
    rows = visible_writebacks(actor).filter(version__model__source=source)
    return rows.select_related("version__model", "request")


def writebacks_about(version: ModelVersion) -> QuerySet[WriteBack]:
    """What was written about one version, newest first."""
    return WriteBack.objects.filter(version=version)
