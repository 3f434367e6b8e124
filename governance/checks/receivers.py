"""Checks run again when what they looked at changes, so that the gate answers by what is so now."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from governance.checks.models import ArtifactManifest
from governance.checks.queries import latest_manifest, watched
from governance.checks.services import checks_enqueue, manifest_enqueue
from governance.findings.models import Finding, Severity
from governance.gate.models import GateDecision
from governance.requests.models import SignOff
from governance.tiers.models import TierAssessment
from portal.actors import service
from registry.cards.models import CardRevision
from registry.inventory.models import ModelVersion

# A pipeline asks, deploys, and asks again when it records: files changed in between are noticed.
READ_ANEW = timedelta(minutes=10)


@receiver(post_save, sender=Finding)
def finding_saved(instance: Finding, **said: Any) -> None:
    """A critical finding was opened or closed."""
    if instance.severity == Severity.CRITICAL:
        _again(instance.model_id, "a critical finding was opened or closed")


@receiver(post_save, sender=ArtifactManifest)
def manifest_saved(instance: ArtifactManifest, **said: Any) -> None:
    """The files were read again."""
    _again(instance.version.model_id, "the files were read again")


@receiver(post_save, sender=TierAssessment)
def tier_saved(instance: TierAssessment, **said: Any) -> None:
    """The risk was assessed again."""
    _again(instance.model_id, "the risk was assessed again")


@receiver(post_save, sender=CardRevision)
def card_saved(instance: CardRevision, **said: Any) -> None:
    """The card was edited."""
    _again(instance.version.model_id, "the card was edited")


@receiver(post_save, sender=SignOff)
def signed(instance: SignOff, created: bool, **said: Any) -> None:
    """Somebody signed, and what they signed on is looked at once more."""
    if created:
        _again(instance.request.version.model_id, "somebody signed")


@receiver(post_save, sender=GateDecision)
def gate_asked(instance: GateDecision, created: bool, **said: Any) -> None:
    """The gate answered by what was known; a worker looks at the files and the facts once more."""
    judged = instance.request.version if instance.request else instance.version
    if created and judged:
        transaction.on_commit(partial(_look, judged, instance.environment), robust=True)


def _look(version: ModelVersion, environment: str) -> None:
    """Read the files anew unless they were read just now; the checks follow that by themselves."""
    if (version.pk, environment) not in watched(model_id=version.model_id):
        return
    known = latest_manifest(version, complete=False)
    actor, why = service("governance"), "the gate was asked"
    if known is None or known.read_at < timezone.now() - READ_ANEW:
        manifest_enqueue(actor=actor, version_id=version.pk, why=why)
    else:
        checks_enqueue(actor=actor, version_id=version.pk, environment=environment, why=why)


def _again(model_id: int, why: str) -> None:
    """After the commit: a job's row is locked after the chain's head, and that is taken last."""
    transaction.on_commit(partial(_ask, model_id, why), robust=True)


def _ask(model_id: int, why: str) -> None:
    for version_id, environment in watched(model_id=model_id):
        checks_enqueue(
            actor=service("governance"), version_id=version_id, environment=environment, why=why
        )
