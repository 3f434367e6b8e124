"""Model cards. What MLflow knows is read from the version; revisions hold what people wrote."""

from django.conf import settings
from django.db import models

from registry.inventory.models import ModelVersion


class CardRevision(models.Model):
    """What people had written on a version's card at one moment; never changed afterwards.

    `values` maps a field's key to an entry (`registry.cards.entries`); a field that is not there
    shows what the source says. A version without a revision shows pulled and inherited values only.
    The database refuses to change a revision, and to remove one that is not of the demo.
    """

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="card_revisions")
    number = models.PositiveIntegerField()
    schema_version = models.CharField(max_length=12)
    values = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    author_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="card_revision_once")
        ]

    def __str__(self) -> str:
        return f"Card of {self.version}, revision {self.number}"


class CardPin(models.Model):
    """Why a revision must stay the one that was read: it was submitted, signed or presented."""

    revision = models.OneToOneField(CardRevision, models.CASCADE, related_name="pin")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.revision}, pinned"
