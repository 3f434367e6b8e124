"""Policies as data: a draft may be edited; what is published never changes."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal.choices import Toned


class PolicyState(models.TextChoices):
    DRAFT = "draft", Toned("Draft", "grey", "pencil")
    PUBLISHED = "published", Toned("Published", "green", "check")
    DISCARDED = "discarded", Toned("Discarded", "grey", "ban")


class PolicyRevision(models.Model):
    """One revision of the approval policy; the published one with the highest number is in force.

    `rules` is described in `governance/policies/rules.py`. `applies_at_once` ends approvals given
    under earlier revisions; without it they stay valid until they expire.
    """

    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=10, choices=PolicyState.choices, default=PolicyState.DRAFT)
    rules = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    applies_at_once = models.BooleanField(default=False)
    dry_run = models.JSONField(default=dict)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    edited_by_name = models.CharField(max_length=120)
    edited_at = models.DateTimeField(auto_now=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_by_name = models.CharField(max_length=120, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(published_by__isnull=True) | ~Q(published_by=F("edited_by")),
                name="policy_published_by_another",
            ),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="draft"), name="policy_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"Policy revision {self.number}"
