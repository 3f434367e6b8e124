"""Registered models and their versions, as last seen at their source."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from portal.accounts.models import Team
from portal.choices import Toned
from registry.sources.models import Source


class RiskTier(models.TextChoices):
    T1 = "T1", Toned("T1 critical", "red")
    T2 = "T2", Toned("T2 high", "orange")
    T3 = "T3", Toned("T3 moderate", "yellow")
    T4 = "T4", Toned("T4 low", "green")


class Lifecycle(models.TextChoices):
    """Derived from facts in `registry.inventory.lifecycle`; nobody sets it by hand."""

    EMPTY = "empty", Toned("No version yet", "grey", "circle-dashed")
    REGISTERED = "registered", Toned("Registered", "blue", "box")
    IN_REVIEW = "in_review", Toned("In review", "blue", "eye")
    CHANGES_REQUESTED = "returned", Toned("Changes requested", "orange", "arrow-back-up")
    APPROVED = "approved", Toned("Approved", "cyan", "check")
    REJECTED = "rejected", Toned("Rejected", "red", "x")
    APPROVAL_EXPIRED = "lapsed", Toned("Approval expired", "orange", "hourglass")
    DEPLOYED = "deployed", Toned("Deployed", "green", "rocket")
    RETIRED = "retired", Toned("Retired", "grey", "archive")
    GONE = "gone", Toned("Gone at source", "red", "ban")


class Task(models.TextChoices):
    CLASSIFICATION = "classification", "Classification"
    REGRESSION = "regression", "Regression"
    FORECASTING = "forecasting", "Forecasting"
    RECOMMENDATION = "recommendation", "Recommendation"
    CAUSAL = "causal", "Causal inference"
    OTHER = "other", "Other"
    UNKNOWN = "", "Unknown"


def seen(row: "RegisteredModel | ModelVersion", source: Source) -> datetime:
    """When the source last held this; a scan writes only what it finds changed or missing."""
    latest = source.last_complete_at
    if latest is None or row.gone_at or row.misses:
        return row.last_seen_at
    return max(row.last_seen_at, latest)


class RegisteredModel(models.Model):
    """A named model in a source, which owns its name, tags and aliases; Signet owns the rest."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="models")
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    aliases = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    remote_updated_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()
    misses = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True, blank=True)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_models",
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="models")
    risk_tier = models.CharField(max_length=2, choices=RiskTier.choices, blank=True)
    tier_reason = models.TextField(blank=True)
    is_demo = models.BooleanField(default=False)

    # Kept by registry.inventory.lifecycle.refresh_models, so that the list needs no joins.
    task = models.CharField(max_length=20, choices=Task.choices, blank=True)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.EMPTY)
    version_count = models.PositiveIntegerField(default=0)
    latest_version = models.CharField(max_length=64, blank=True)
    champion_version = models.CharField(max_length=64, blank=True)
    card_required = models.PositiveSmallIntegerField(default=0)
    card_answered = models.PositiveSmallIntegerField(default=0)
    card_gaps = models.JSONField(default=dict)
    card_contact = models.CharField(max_length=500, blank=True)
    card_review_on = models.DateField(null=True, blank=True)
    search_text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="model_name_once_per_source")
        ]
        indexes = [
            models.Index(Lower("name"), "id", name="model_by_name"),
            models.Index(fields=["-remote_updated_at", "id"], name="model_by_update"),
            models.Index(fields=["lifecycle"], name="model_by_lifecycle"),
            models.Index(fields=["team"], name="model_by_team"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seen_at(self) -> datetime:
        """When the source last held this model."""
        return seen(self, self.source)

    @property
    def business_unit_id(self) -> int | None:
        """The unit that answers for the model, by way of its team (permissions ask for it)."""
        return self.team.business_unit_id if self.team else None


class DetailState(models.TextChoices):
    PENDING = "pending", Toned("Details not read yet", "grey", "hourglass")
    COMPLETE = "complete", Toned("Complete", "green", "check")
    FAILED = "failed", Toned("Details could not be read", "red", "alert-triangle")


class ModelVersion(models.Model):
    """One immutable trained artifact, with the facts of the run that made it."""

    model = models.ForeignKey(RegisteredModel, models.PROTECT, related_name="versions")
    version = models.CharField(max_length=64)
    ordinal = models.BigIntegerField()
    description = models.TextField(blank=True)
    status = models.CharField(max_length=40, blank=True)
    source_uri = models.CharField(max_length=1000, blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    tags = models.JSONField(default=dict)
    aliases = models.JSONField(default=list)
    created_at = models.DateTimeField()
    remote_updated_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64)
    last_seen_at = models.DateTimeField()
    misses = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True, blank=True)

    detail_state = models.CharField(
        max_length=10, choices=DetailState.choices, default=DetailState.PENDING
    )
    detail_error = models.CharField(max_length=300, blank=True)
    run_name = models.CharField(max_length=250, blank=True)
    run_user = models.CharField(max_length=120, blank=True)
    git_commit = models.CharField(max_length=64, blank=True)
    experiment = models.CharField(max_length=500, blank=True)
    experiment_id = models.CharField(max_length=64, blank=True)
    logged_model_id = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    run_tags = models.JSONField(default=dict)
    signature = models.JSONField(default=dict)
    datasets = models.JSONField(default=list)
    flavors = models.JSONField(default=list)
    lifecycle = models.CharField(
        max_length=12, choices=Lifecycle.choices, default=Lifecycle.REGISTERED
    )

    class Meta:
        ordering = ["-ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="version_once_per_model")
        ]
        indexes = [models.Index(fields=["model", "-ordinal"], name="version_newest")]

    def __str__(self) -> str:
        return f"{self.model.name} version {self.version}"

    @property
    def seen_at(self) -> datetime:
        """When the source last held this version."""
        return seen(self, self.model.source)

    @property
    def team_id(self) -> int | None:
        return self.model.team_id

    @property
    def business_unit_id(self) -> int | None:
        return self.model.business_unit_id
