"""The trail's tables. Their migration makes them in SQL: they belong to the database owner."""

import json
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.functional import cached_property

from portal.choices import Toned


class TrailEvent(models.Model):
    """One change of state, chained to the one before it. `body` is the exact text that was hashed.

    The other columns repeat parts of `body` for searching; `trail verify` compares them.
    """

    seq = models.BigIntegerField(primary_key=True)
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    body = models.TextField()
    at = models.DateTimeField()
    actor_key = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=120)
    subject_label = models.CharField(max_length=300)
    request_id = models.CharField(max_length=40)

    class Meta:
        managed = False
        db_table = "trail_event"
        ordering = ["-seq"]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"

    @property
    def subject_name(self) -> str:
        """What kind of thing the subject is, in words: `registered model`."""
        try:
            return str(apps.get_model(self.subject_kind)._meta.verbose_name)
        except (LookupError, ValueError):  # a kind that this version no longer has
            return self.subject_kind

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What `body` says; empty when somebody has made it unreadable."""
        try:
            facts = json.loads(self.body)
        except ValueError:
            return {}
        return facts if isinstance(facts, dict) else {}


class TrailHead(models.Model):
    """The end of the chain; its one row is locked while an event is appended."""

    id = models.SmallIntegerField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "trail_head"

    def __str__(self) -> str:
        return str(self.seq)


class TrailAnchor(models.Model):
    """A signed statement of the chain's end, kept outside the database as well."""

    seq = models.BigIntegerField(primary_key=True)
    first_seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    merkle_root = models.CharField(max_length=64)
    at = models.DateTimeField()
    reason = models.CharField(max_length=60)
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "trail_anchor"
        ordering = ["-seq"]

    def __str__(self) -> str:
        return f"anchor at {self.seq}"


class TrailVerification(models.Model):
    """What one run of the verification found."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(auto_now_add=True)
    asked_by_name = models.CharField(max_length=120)
    events = models.BigIntegerField()
    anchors = models.BigIntegerField()
    finding_count = models.BigIntegerField()
    findings = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"verification {self.pk}: {self.verdict}"

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def verdict(self) -> Toned:
        """The outcome in words, with its colour."""
        if not self.finding_count:
            return Toned("Nothing found", "green", "shield-check")
        many = "finding" if self.finding_count == 1 else "findings"
        return Toned(f"{self.finding_count} {many}", "red", "alert-triangle")
