"""What people say to each other about a card, each anchored to one of its fields."""

from django.conf import settings
from django.db import models

from registry.inventory.models import ModelVersion


class CardComment(models.Model):
    """A remark on one field of a version's card, or a reply to one; only a remark is resolved.

    `about_text` and `about_digest` are what the field said when it was written.
    """

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="card_comments")
    number = models.PositiveIntegerField()
    field_key = models.CharField(max_length=80, blank=True)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="replies"
    )
    text = models.TextField()
    about_text = models.TextField(blank=True)
    about_digest = models.CharField(max_length=64, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_name = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="card_comment_once"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | models.Q(resolved_at__isnull=True),
                name="card_comment_reply_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Comment {self.number} on the card of {self.version}"

    @property
    def number_text(self) -> str:
        """Its number as a form's name carries it."""
        return str(self.number)
