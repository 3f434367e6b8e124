"""Sources that Signet syncs with, and the visible record of every sync."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.choices import Toned


class SourceKind(models.TextChoices):
    MLFLOW = "mlflow", "MLflow"


class Source(models.Model):
    """A registry that Signet reads; `failing_since` says since when it does not answer."""

    kind = models.CharField(max_length=20, choices=SourceKind.choices)
    name = models.CharField(max_length=80, unique=True)
    base_url = models.URLField(max_length=300)
    public_url = models.URLField(max_length=300)
    server_version = models.CharField(max_length=40, blank=True)
    last_complete_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    next_full_at = models.DateTimeField(null=True, blank=True)
    webhook_id = models.CharField(max_length=80, blank=True)
    webhook_seen_at = models.DateTimeField(null=True, blank=True)
    webhook_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SyncKind(models.TextChoices):
    FULL = "full", "Full scan"
    HINT = "hint", "After a change notice"


class SyncState(models.TextChoices):
    RUNNING = "running", Toned("Running", "blue", "player-play")
    COMPLETE = "complete", Toned("Complete", "green", "check")
    PARTIAL = "partial", Toned("Finished with errors", "orange", "alert-triangle")
    FAILED = "failed", Toned("Failed", "red", "alert-circle")


class SyncRun(models.Model):
    """One pass over a source: what it saw and what it changed."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=10, choices=SyncKind.choices)
    state = models.CharField(max_length=10, choices=SyncState.choices, default=SyncState.RUNNING)
    asked_by = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    requests = models.PositiveIntegerField(default=0)
    models_seen = models.PositiveIntegerField(default=0)
    versions_seen = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state="running"),
                name="sync_one_at_a_time_per_source",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.source}"

    @property
    def duration(self) -> timedelta:
        """How long it took, or has taken so far."""
        return (self.finished_at or timezone.now()) - self.started_at


class WebhookDelivery(models.Model):
    """A delivery already taken, so that a repeated one is answered and ignored."""

    delivery_id = models.CharField(max_length=80, primary_key=True)
    source = models.ForeignKey(Source, models.CASCADE)
    entity = models.CharField(max_length=60)
    model_name = models.CharField(max_length=256, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.delivery_id
