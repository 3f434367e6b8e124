"""When a version is tried against the plans of its model: after a sync, after its checks."""

from typing import Any

from django.dispatch import receiver

from governance.checks.models import CheckRun
from governance.checks.signals import checks_finished
from governance.plans.models import ChangePlan
from governance.plans.queries import plans_for
from portal.actors import service
from portal.jobs.services import job_enqueue
from registry.sources.models import Source, SyncRun
from registry.sources.signals import source_synced


@receiver(source_synced, dispatch_uid="plans.synced")
def synced(
    sender: Any, source: Source, run: SyncRun, model_ids: set[int] | None, **kwargs: Any
) -> None:
    """Look for new versions of models that have a plan."""
    plans = ChangePlan.objects.filter(model__source=source, ended_at=None)
    if model_ids is not None:
        plans = plans.filter(model__in=model_ids)
    if plans.exists():
        job_enqueue(
            actor=service("governance"),
            kind="governance.plans",
            key=f"sync:{run.pk}",
            args={"source_id": source.pk},
            why="a source was read",
        )


@receiver(checks_finished, dispatch_uid="plans.checks_finished")
def checks_done(sender: Any, run: CheckRun, **kwargs: Any) -> None:
    """Try the version against the plans once its checks are there."""
    if plans_for(run.version).filter(environment=run.environment).exists():
        job_enqueue(
            actor=service("governance"),
            kind="governance.plan_try",
            key=f"version:{run.version_id}:{run.environment}",
            args={"version_id": run.version_id, "environment": run.environment},
            why="its checks have run",
        )
