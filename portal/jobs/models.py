"""The job row: the record of work to do. A Celery message is only a nudge to look at it."""

from django.db import models
from django.db.models import Q

from portal.choices import Toned
from portal.jobs.registry import title_of


class JobState(models.TextChoices):
    WAITING = "waiting", Toned("Waiting", "grey", "hourglass")
    RUNNING = "running", Toned("Running", "blue", "player-play")
    DONE = "done", Toned("Done", "green", "check")
    FAILED = "failed", Toned("Failed", "red", "alert-triangle")
    CANCELLED = "cancelled", Toned("Cancelled", "grey", "ban")


OPEN_STATES = (JobState.WAITING, JobState.RUNNING)


class Job(models.Model):
    """One piece of work, done once in effect."""

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    lease_until = models.DateTimeField(null=True, blank=True)
    taken_by = models.CharField(max_length=80, blank=True)
    run_after = models.DateTimeField()
    asked_by_key = models.CharField(max_length=80)
    asked_by_name = models.CharField(max_length=120)
    request_id = models.CharField(max_length=40, blank=True)
    why = models.CharField(max_length=200, blank=True)
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    progress_text = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    cancel_asked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(state__in=["waiting", "running"]),
                name="job_open_once_per_key",
            )
        ]
        indexes = [
            models.Index(fields=["state", "run_after"], name="job_due"),
            models.Index(fields=["kind", "-id"], name="job_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def title(self) -> str:
        """What people call this kind of work."""
        return title_of(self.kind)

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN_STATES


class JobLogLine(models.Model):
    """A line that a running job wrote for the people who watch it."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="lines")
    at = models.DateTimeField(auto_now_add=True)
    attempt = models.PositiveIntegerField()
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class Schedule(models.Model):
    """When a recurring job is due next; `portal.jobs.schedule` says which ones recur."""

    name = models.CharField(max_length=120, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class WorkerHeartbeat(models.Model):
    """When a worker last showed that it takes work; `/readyz` reads it."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Probe(models.Model):
    """What a worker last found when it looked whether another system answers."""

    name = models.CharField(max_length=60, primary_key=True)
    ok = models.BooleanField()
    detail = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"
