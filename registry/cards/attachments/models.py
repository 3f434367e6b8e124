"""Files that people put beside a card's answers as evidence; never removed, only withdrawn."""

from datetime import date

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.choices import Toned
from registry.inventory.models import ModelVersion

WHOLE_CARD = ""
SOON = 30
YEAR = 365


class Kind(models.TextChoices):
    """What a file may be, found in its content and never in its name."""

    PDF = "pdf", "PDF"
    PNG = "png", "PNG picture"
    CSV = "csv", "CSV table"
    HTML = "html", "HTML page"


class Validity(models.TextChoices):
    """Whether a file still counts."""

    VALID = "valid", Toned("Valid", "green")
    NOT_YET = "not_yet", Toned("Not yet in effect", "blue")
    EXPIRING = "expiring", Toned("Expires soon", "orange")
    EXPIRED = "expired", Toned("Expired", "red")
    WITHDRAWN = "withdrawn", Toned("Withdrawn", "grey")


class CardAttachment(models.Model):
    """One file on one field of a version's card, or on the whole card when `field_key` is empty.

    The database refuses to change what was attached, and to remove a row that is not of the demo.
    """

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="card_attachments")
    number = models.PositiveIntegerField()
    field_key = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200)
    effective_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    uploaded_by_name = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    replaced_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="replaces"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by_name = models.CharField(max_length=120, blank=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="card_attachment_once"),
            models.CheckConstraint(
                condition=models.Q(expires_on__isnull=True)
                | models.Q(effective_on__isnull=True)
                | models.Q(expires_on__gte=models.F("effective_on")),
                name="card_attachment_dates",
            ),
        ]
        indexes = [
            models.Index(fields=["stored_as"], name="card_attachment_stored"),
            models.Index(fields=["sha256"], name="card_attachment_content"),
        ]

    def __str__(self) -> str:
        return f"{self.name} on the card of {self.version}"

    @property
    def number_text(self) -> str:
        """Its number as a form sends it."""
        return str(self.number)

    @property
    def is_current(self) -> bool:
        """Whether it is neither withdrawn nor replaced; it may have expired."""
        return self.withdrawn_at is None and self.replaced_by_id is None

    @property
    def days_left(self) -> int | None:
        """How many days until it expires; negative afterwards, None without an end."""
        return (self.expires_on - today()).days if self.expires_on else None

    @property
    def validity(self) -> Validity:
        """Whether it counts today."""
        left = self.days_left
        if not self.is_current:
            return Validity.WITHDRAWN
        if left is not None and left < 0:
            return Validity.EXPIRED
        if self.effective_on and self.effective_on > today():
            return Validity.NOT_YET
        return Validity.EXPIRING if left is not None and left <= SOON else Validity.VALID

    @property
    def validity_words(self) -> str:
        """What a reader must know about its dates; empty when there is nothing to say."""
        left = self.days_left
        if left is None:
            return ""
        if left < 0:
            return f"expired on {day(self.expires_on)}"
        if left == 0:
            return "expires today"
        if left > YEAR:
            return f"valid until {day(self.expires_on)}"
        return f"expires in {left} day{'' if left == 1 else 's'}"


def today() -> date:
    """The day it is in the portal's zone."""
    return timezone.localdate()


def day(value: date | None) -> str:
    """A day as people write it."""
    return value.strftime("%-d %b %Y") if value else ""
