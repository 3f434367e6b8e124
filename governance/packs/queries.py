"""Reads of evidence packs; each starts from what the actor may see."""

from django.db.models import QuerySet

from governance.packs.models import EvidencePack
from portal.accounts.permissions import allowed
from portal.actors import Actor
from portal.jobs.models import OPEN_STATES, Job
from registry.inventory.models import ModelVersion


def visible_packs(actor: Actor) -> QuerySet[EvidencePack]:
    """The packs that `actor` may know of; who may open one may also build one."""
    packs = EvidencePack.objects.all()
    return packs if allowed(actor, "pack.build") else packs.none()


def open_job(version: ModelVersion) -> Job | None:
    """The job that builds a pack of this version now, or will."""
    return Job.objects.filter(
        kind="governance.pack", key=f"version:{version.pk}", state__in=OPEN_STATES
    ).first()
