"""Reads of approval requests; each starts from what the actor may see."""

from django.db.models import QuerySet

from governance.requests.models import ApprovalRequest
from portal.accounts.permissions import allowed
from portal.actors import Actor


def visible_requests(actor: Actor) -> QuerySet[ApprovalRequest]:
    """The approval requests that `actor` may read."""
    requests = ApprovalRequest.objects.all()
    return requests if allowed(actor, "approval.view") else requests.none()
