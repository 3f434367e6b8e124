"""What each person says about being reminded; what there is to be reminded of is never stored."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from registry.inventory.models import RegisteredModel

AHEAD = 30
LEAST_AHEAD, MOST_AHEAD = 1, 180


class ByMail(models.TextChoices):
    """How often a digest of somebody's reminders goes out."""

    WEEKLY = "weekly", "Once a week"
    DAILY = "daily", "Once a day"
    NEVER = "never", "Never"


class ReminderSettings(models.Model):
    """What one person wants to be reminded of, how early, and by mail or only in the portal."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminder_settings"
    )
    by_mail = models.CharField(max_length=8, choices=ByMail.choices, default=ByMail.WEEKLY)
    gaps = models.BooleanField(default=True)
    reviews = models.BooleanField(default=True)
    files = models.BooleanField(default=True)
    days_ahead = models.PositiveSmallIntegerField(
        default=AHEAD,
        validators=[MinValueValidator(LEAST_AHEAD), MaxValueValidator(MOST_AHEAD)],
    )
    mailed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Reminders of {self.user}"


class ReminderSnooze(models.Model):
    """One person's wish not to be reminded of one model's card before a day."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminder_snoozes"
    )
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="reminder_snoozes")
    until = models.DateField()
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "model"], name="reminder_snoozed_once")
        ]

    def __str__(self) -> str:
        return f"{self.model}, snoozed by {self.user} until {self.until}"
