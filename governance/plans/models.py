"""Change plans: inside a signed envelope, scheduled retrains are approved by the plan."""

from django.conf import settings
from django.db import models

from registry.inventory.models import RegisteredModel


class ChangePlan(models.Model):
    """An envelope for retrains of one model; it stands while its own request's approval does.

    `envelope` (`governance/plans/envelope.py`): pipeline, feature schema, metric with its floor and
    largest move, data window. `quota` is how many versions it may approve.
    """

    model = models.ForeignKey(RegisteredModel, models.PROTECT, related_name="change_plans")
    environment = models.CharField(max_length=12)
    envelope = models.JSONField()
    quota = models.PositiveSmallIntegerField()
    expires_on = models.DateField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="change_plans"
    )
    author_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Change plan {self.pk} of {self.model}"
