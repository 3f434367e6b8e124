"""People, their teams, their roles, and the tokens that act for pipelines."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from portal.accounts.permissions import Role, Scope


class User(AbstractUser):
    """A person. `is_staff` and `is_superuser` open nothing in Signet; roles do."""

    display_name = models.CharField(max_length=120, blank=True)
    is_demo = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.display_name or self.username


class BusinessUnit(models.Model):
    """A part of the company that answers for its models, such as Supply chain."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """People who build and run models together."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    business_unit = models.ForeignKey(BusinessUnit, models.PROTECT, related_name="teams")
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """A role that a person holds: everywhere, for one team, or for one business unit."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=24, choices=Role.choices)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="grants")
    business_unit = models.ForeignKey(
        BusinessUnit, models.CASCADE, null=True, blank=True, related_name="grants"
    )
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "team", "business_unit"],
                nulls_distinct=False,
                name="role_granted_once",
            ),
            models.CheckConstraint(
                condition=Q(team__isnull=True) | Q(business_unit__isnull=True),
                name="role_for_team_or_unit",
            ),
        ]

    def __str__(self) -> str:
        place = self.team or self.business_unit
        return f"{self.get_role_display()} · {place}" if place else self.get_role_display()


class ApiToken(models.Model):
    """A secret that acts for a person's pipelines; only its keyed digest is stored."""

    public_id = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    owner = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="api_tokens")
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_labels(self) -> list[str]:
        return [Scope(value).label for value in self.scopes]
