"""Findings: something found wrong about a model, until somebody closes it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal.choices import Toned
from registry.inventory.models import ModelVersion, RegisteredModel


class FindingKind(models.TextChoices):
    BYPASS = "bypass", "Production alias moved without approval"
    TAG_FORGED = "tag_forged", "Approval tag changed outside Signet"
    ARTIFACT_CHANGED = "artifact_changed", "Artifact differs from the recorded one"
    UNGATED = "ungated", "Deployed without a valid gate answer"
    UNSAFE_ARTIFACT = "unsafe_artifact", "Unsafe serialisation"
    REVIEW = "review", "Raised by a reviewer"
    WRITE_REFUSED = "write_refused", "MLflow refused what a decision says"


class Severity(models.TextChoices):
    CRITICAL = "critical", Toned("Critical", "red", "alert-circle")
    HIGH = "high", Toned("High", "orange", "alert-triangle")
    MODERATE = "moderate", Toned("Moderate", "yellow", "info-circle")
    LOW = "low", Toned("Low", "grey", "info-circle")


class Finding(models.Model):
    """One finding; `key` tells the same fact from a new one, and is open at most once."""

    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="findings")
    version = models.ForeignKey(
        ModelVersion, models.CASCADE, null=True, blank=True, related_name="findings"
    )
    kind = models.CharField(max_length=20, choices=FindingKind.choices)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    key = models.CharField(max_length=200)
    text = models.TextField()
    facts = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_findings",
    )
    due_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="closed_findings",
    )
    closed_by_name = models.CharField(max_length=120, blank=True)
    resolution = models.TextField(blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(closed_at__isnull=True), name="finding_open_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True)
                | Q(owner__isnull=True)
                | ~Q(closed_by=F("owner")),
                name="finding_closed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.model}"

    @property
    def team_id(self) -> int | None:
        return self.model.team_id

    @property
    def business_unit_id(self) -> int | None:
        return self.model.business_unit_id
