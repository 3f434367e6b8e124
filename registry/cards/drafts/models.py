"""What somebody is typing into a card: kept on the server, in no revision yet."""

from django.conf import settings
from django.db import models

from registry.inventory.models import ModelVersion


class CardDraft(models.Model):
    """One person's words in one field of one card, exactly as the form held them.

    `base` is `said_digest` of what the field said when the writer read it. `window` and `seq` name
    the browser window that wrote last and its place in that window's order, so that a repeated or
    a late message changes nothing and a second window does not write over the first.
    """

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="card_drafts")
    field_key = models.CharField(max_length=80)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="card_drafts")
    state = models.CharField(max_length=16, blank=True)
    value = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    base = models.CharField(max_length=64)
    window = models.CharField(max_length=32)
    seq = models.BigIntegerField()
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "field_key", "author"], name="card_draft_once"
            )
        ]

    def __str__(self) -> str:
        return f"Draft of {self.field_key} of {self.version}"

    @property
    def token(self) -> str:
        """The name of exactly these words: who replaces a draft names the one they saw."""
        return f"{self.window}:{self.seq}"
