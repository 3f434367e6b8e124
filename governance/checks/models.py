"""What checks looked at and found: artifact manifests, check runs and their results."""

from django.db import models

from portal.choices import Toned
from registry.inventory.models import ModelVersion


class ManifestState(models.TextChoices):
    COMPLETE = "complete", Toned("Complete", "green", "check")
    FAILED = "failed", Toned("Could not be read", "red", "alert-circle")


class ArtifactManifest(models.Model):
    """The files of a version's artifact as read at one moment; never changed.

    `digest` is SHA-256 over the canonical list of path, size and SHA-256 of every file
    (`governance.checks.manifests.manifest_digest`); empty when reading failed.
    """

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="manifests")
    state = models.CharField(max_length=10, choices=ManifestState.choices)
    digest = models.CharField(max_length=64, blank=True)
    files = models.JSONField(default=list)
    total_bytes = models.BigIntegerField(default=0)
    scanner = models.CharField(max_length=60, blank=True)
    scan = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["version", "-id"], name="manifest_newest")]

    def __str__(self) -> str:
        return f"Artifact of {self.version}"


class Verdict(models.TextChoices):
    PASS = "pass", Toned("Pass", "green", "check")
    WARN = "warn", Toned("Warning", "orange", "alert-triangle")
    FAIL = "fail", Toned("Fail", "red", "x")
    NOT_APPLICABLE = "not_applicable", Toned("Not applicable", "grey", "minus")
    COULD_NOT_RUN = "could_not_run", Toned("Could not run", "purple", "alert-circle")


class CheckRun(models.Model):
    """All checks of a version for an environment at one moment; never changed once finished.

    `digest` is SHA-256 over what was found, without times, so that the same findings give it again.
    """

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="check_runs")
    environment = models.CharField(max_length=12)
    tier = models.CharField(max_length=2)
    policy = models.ForeignKey("governance.PolicyRevision", models.PROTECT, related_name="+")
    manifest = models.ForeignKey(
        ArtifactManifest, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    digest = models.CharField(max_length=64)
    why = models.CharField(max_length=200, blank=True)
    ran_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["version", "environment", "-id"], name="checkrun_newest")]

    def __str__(self) -> str:
        return f"Checks of {self.version}"


class CheckResult(models.Model):
    """One check's verdict with what it looked at."""

    run = models.ForeignKey(CheckRun, models.CASCADE, related_name="results")
    check_id = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    verdict = models.CharField(max_length=14, choices=Verdict.choices)
    is_required = models.BooleanField()
    looked_at = models.CharField(max_length=500, blank=True)
    detail = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "check_id"], name="check_once_per_run")
        ]

    def __str__(self) -> str:
        return self.title
