"""What decisions are to change in MLflow: the outbox, delivered by workers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.choices import Toned
from registry.inventory.models import ModelVersion, RegisteredModel


class WriteState(models.TextChoices):
    WAITING = "waiting", Toned("Waiting for MLflow", "blue", "hourglass")
    DONE = "done", Toned("Written and read back", "green", "check")
    REFUSED = "refused", Toned("Refused", "red", "x")
    OVERTAKEN = "overtaken", Toned("Overtaken by a later one", "grey", "archive")


class WriteBack(models.Model):
    """One intended change in MLflow, written in the transaction of the decision.

    `wanted`: `{"tags": {name: value or null}, "alias": {"name", "to", "from"}, "copy_to": name}`,
    each part optional; `to` is a version number, or empty to remove the alias.
    `seen` is what MLflow showed before and afterwards.
    """

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="write_backs")
    request = models.ForeignKey(
        "governance.ApprovalRequest",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="write_backs",
    )
    wanted = models.JSONField()
    why = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=WriteState.choices, default=WriteState.WAITING)
    seen = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["version", "-id"], name="writeback_by_version"),
            models.Index(fields=["id"], condition=Q(state="waiting"), name="writeback_waiting"),
        ]

    def __str__(self) -> str:
        return f"Write-back {self.pk} of {self.version}"

    @property
    def link(self) -> str:
        """Where people see what it is about."""
        return f"/models/{self.version.model_id}/versions/{self.version.version}/"


class PromotionStyle(models.TextChoices):
    ONE_NAME = "one_name", "One name: the champion alias on the model itself"
    TWO_NAMES = "two_names", "Two names: a copy under prod.<model>, which only Signet may write"


class SourceStyle(models.Model):
    """How versions of one source are promoted, and whether a bypass is put back by itself."""

    source = models.OneToOneField("registry.Source", models.CASCADE, related_name="promotion_style")
    style = models.CharField(
        max_length=10, choices=PromotionStyle.choices, default=PromotionStyle.ONE_NAME
    )
    restore_bypasses = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.source}: {self.get_style_display()}"


class AliasMove(models.Model):
    """One change of a production alias that Signet made or noticed: the promotion ledger."""

    model = models.ForeignKey(RegisteredModel, models.PROTECT, related_name="alias_moves")
    alias = models.CharField(max_length=255)
    from_version = models.CharField(max_length=64, blank=True)
    to_version = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=120)
    request = models.ForeignKey(
        "governance.ApprovalRequest",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="alias_moves",
    )
    is_bypass = models.BooleanField(default=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["model", "alias", "-at"], name="aliasmove_asof")]

    def __str__(self) -> str:
        return f"{self.alias} of {self.model}: {self.from_version} to {self.to_version}"
