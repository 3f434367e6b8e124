"""Reads of risk assessments."""

from django.db.models import QuerySet

from governance.tiers.models import TierAssessment
from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.inventory.models import RegisteredModel


def visible_assessments(actor: Actor) -> QuerySet[TierAssessment]:
    """The risk assessments that `actor` may see."""
    assessments = TierAssessment.objects.all()
    return assessments if allowed(actor, "registry.view") else assessments.none()


def assessment_of(model: RegisteredModel) -> TierAssessment | None:
    """The assessment that stands: the newest."""
    return TierAssessment.objects.filter(model=model).first()
