"""Gate answers: every question a pipeline asked, and what it was told."""

from django.db import models

from portal.choices import Toned
from registry.inventory.models import ModelVersion


class GateMode(models.TextChoices):
    ENFORCE = "enforce", "Enforce"
    WARN = "warn", "Warn"
    OBSERVE = "observe", "Observe"


class GateAnswer(models.TextChoices):
    ALLOW = "allow", Toned("Allow", "green", "check")
    CONDITIONS = "allow_with_conditions", Toned("Allow with conditions", "green", "check")
    DENY = "deny", Toned("Deny", "red", "x")


class GateDecision(models.Model):
    """One answer of the gate; never changed. `envelope` is the signed DSSE statement."""

    version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, related_name="gate_decisions"
    )
    request = models.ForeignKey(
        "governance.ApprovalRequest",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gate_decisions",
    )
    asked_model = models.CharField(max_length=256)
    asked_version = models.CharField(max_length=255)
    environment = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    pipeline_url = models.CharField(max_length=500, blank=True)
    mode = models.CharField(max_length=8, choices=GateMode.choices)
    answer = models.CharField(max_length=22, choices=GateAnswer.choices)
    reasons = models.JSONField(default=list)
    text = models.TextField()
    envelope = models.JSONField(default=dict)
    valid_until = models.DateTimeField(null=True, blank=True)
    asked_by_key = models.CharField(max_length=80)
    asked_by_name = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["version", "-id"], name="gate_by_version")]

    def __str__(self) -> str:
        return f"Gate answer {self.pk}: {self.asked_model} {self.asked_version}"
