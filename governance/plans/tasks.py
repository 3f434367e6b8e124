"""Trying new versions against change plans."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.checks.services import checks_enqueue
from governance.plans.models import ChangePlan
from governance.plans.queries import is_judged, plan_causes, plan_request
from governance.plans.services import plan_try
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from registry.inventory.models import DetailState, ModelVersion

# A version that nobody judged for this long is history, not a retrain that just came in.
NEW = timedelta(days=30)


@job("governance.plans", title="Look for retrains under change plans", service="governance")
def plans(context: JobContext, *, source_id: int) -> dict[str, Any]:
    """Have the checks run for new versions that a standing plan may approve."""
    now, asked = timezone.now(), 0
    standing = ChangePlan.objects.filter(model__source=source_id, ended_at=None)
    for plan in standing.select_related("model").order_by("pk"):
        base = plan_request(plan)
        if base is None or plan_causes(plan, now):
            continue
        fresh = ModelVersion.objects.filter(
            model=plan.model_id,
            ordinal__gt=base.version.ordinal,
            gone_at=None,
            detail_state=DetailState.COMPLETE,
            created_at__gte=now - NEW,
        )
        for version in fresh.order_by("pk"):
            has_run = version.check_runs.filter(environment=plan.environment).exists()
            if has_run or is_judged(version, plan.environment):
                continue
            checks_enqueue(
                actor=context.actor,
                version_id=version.pk,
                environment=plan.environment,
                why=f"it may be inside change plan {plan.pk}",
            )
            asked += 1
    return {"text": f"{asked} new versions are checked."}


@job("governance.plan_try", title="Try a version against change plans", service="governance")
def try_plan(context: JobContext, *, version_id: int, environment: str) -> dict[str, Any]:
    """Approve a version that is inside a plan; say why when it is not."""
    request = plan_try(actor=context.actor, version_id=version_id, environment=environment)
    if request is None:
        return {"text": "Not approved under a plan; the trail says why."}
    return {"text": f"Approved under plan {request.plan_id}.", "link": f"/approvals/{request.pk}/"}
