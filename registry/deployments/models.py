"""What serves where, from when to when; a row without a version is a shadow model."""

from django.db import models
from django.db.models import Q

from portal.accounts.models import Team
from portal.choices import Toned
from registry.inventory.models import ModelVersion


class Environment(models.TextChoices):
    PRODUCTION = "production", Toned("Production", "purple")
    STAGING = "staging", Toned("Staging", "cyan")


class Deployment(models.Model):
    """A model serving in an environment. `served_ref` is what the serving side says it runs."""

    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    environment = models.CharField(max_length=12, choices=Environment.choices)
    name = models.CharField(max_length=120)
    served_ref = models.CharField(max_length=500)
    purpose = models.CharField(max_length=300, blank=True)
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["environment", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "name"],
                condition=Q(ended_at__isnull=True),
                name="deployment_name_live_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.get_environment_display().lower()}"

    @property
    def business_unit_id(self) -> int | None:
        return self.team.business_unit_id if self.team else None
