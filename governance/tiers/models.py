"""Risk assessments: the answers to a questionnaire and the tier that follows from them."""

from django.conf import settings
from django.db import models

from registry.inventory.models import RegisteredModel, RiskTier


class TierAssessment(models.Model):
    """One assessment of a model; never changed, the newest one stands."""

    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="assessments")
    questionnaire = models.CharField(max_length=12)
    answers = models.JSONField()
    score = models.PositiveSmallIntegerField()
    computed_tier = models.CharField(max_length=2, choices=RiskTier.choices)
    tier = models.CharField(max_length=2, choices=RiskTier.choices)
    flags = models.JSONField(default=list)
    rationale = models.TextField()
    override_reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Risk assessment of {self.model}"
