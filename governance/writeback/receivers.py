"""What follows from decisions and from syncs, in the transaction in which they happen."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from governance.requests.models import GRANTED_STATES, ApprovalRequest, RequestKind
from governance.requests.signals import request_ended, request_granted
from governance.writeback.services import writeback_enqueue
from governance.writeback.tags import copies_of, ended_tags, granted_tags
from portal.actors import service
from portal.jobs.services import job_enqueue
from registry.deployments.models import Environment
from registry.sources.models import Source, SyncRun
from registry.sources.signals import source_synced


@receiver(request_granted, dispatch_uid="writeback.granted")
def granted(sender: Any, request: ApprovalRequest, **kwargs: Any) -> None:
    """Have an approval for production written to the version's tags."""
    if _is_written(request):
        _tags(request, granted_tags(request), f"request {request.pk} approved")


@receiver(request_ended, dispatch_uid="writeback.ended")
def ended(sender: Any, request: ApprovalRequest, code: str, **kwargs: Any) -> None:
    """Have the end of an approval written, or the one that stands now that it has ended."""
    if not _is_written(request):
        return
    others = ApprovalRequest.objects.filter(
        version=request.version, environment=request.environment, state__in=GRANTED_STATES
    ).exclude(kind=RequestKind.PLAN)
    why = f"request {request.pk}: {str(code).lower().replace('_', ' ')}"
    other = others.exclude(pk=request.pk).order_by("-pk").first()
    if other:
        _tags(other, granted_tags(other), f"{why}; request {other.pk} stands")
    else:
        _tags(request, ended_tags(request, str(code)), why)


def _is_written(request: ApprovalRequest) -> bool:
    """A change plan's approval is not that of the version it was filed with."""
    return request.environment == Environment.PRODUCTION and request.kind != RequestKind.PLAN


def _tags(request: ApprovalRequest, tags: dict[str, str | None], why: str) -> None:
    wanted: dict[str, Any] = {"tags": tags}
    if copies := copies_of(request.version):
        wanted["copy_to"] = copies[-1]
    actor = service("governance", on_behalf_of=request.requester_name)
    writeback_enqueue(actor=actor, version=request.version, wanted=wanted, why=why, request=request)


@receiver(source_synced, dispatch_uid="writeback.synced")
def synced(
    sender: Any, source: Source, run: SyncRun, model_ids: set[int] | None, **kwargs: Any
) -> None:
    """Have what was read compared with what was approved."""
    started: datetime = run.started_at
    job_enqueue(
        actor=service("governance"),
        kind="governance.bypasses",
        key=f"sync:{run.pk}",
        args={
            "source_id": source.pk,
            "model_ids": sorted(model_ids) if model_ids is not None else None,
            "read_since": started.isoformat(),
        },
        why="a source was read",
    )
