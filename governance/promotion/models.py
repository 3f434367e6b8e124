"""Under which gate answer a deployment was recorded, and rollbacks."""

from django.conf import settings
from django.db import models

from governance.gate.models import GateDecision
from governance.requests.models import ApprovalRequest
from registry.deployments.models import Deployment


class DeploymentApproval(models.Model):
    """The gate answer and approval under which a deployment was recorded; never changed."""

    deployment = models.OneToOneField(Deployment, models.PROTECT, related_name="approval")
    decision = models.ForeignKey(
        GateDecision, models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    request = models.ForeignKey(
        ApprovalRequest, models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    mode = models.CharField(max_length=8)
    commit = models.CharField(max_length=64, blank=True)
    pipeline_url = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=120)
    rolled_back_from = models.ForeignKey(
        Deployment, models.PROTECT, null=True, blank=True, related_name="rollbacks"
    )
    reason = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Approval of {self.deployment}"
