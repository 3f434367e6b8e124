"""Verbs on the outbox to MLflow: asking for a change, trying one again, how versions are promoted.

What is asked for is delivered by `delivery.py`, in order for each model, however long MLflow is
away.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from governance.requests.models import ApprovalRequest
from governance.writeback.models import PromotionStyle, SourceStyle, WriteBack, WriteState
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.jobs.models import Job
from portal.jobs.services import job_enqueue
from portal.trail.services import record
from registry.inventory.models import ModelVersion
from registry.sources.models import Source

KIND = "governance.writeback"
PARTS = {"tags", "alias", "copy_to"}


def writeback_enqueue(
    *,
    actor: Actor,
    version: ModelVersion,
    wanted: Mapping[str, Any],
    why: str,
    request: ApprovalRequest | None = None,
) -> WriteBack:
    """Have MLflow changed once the caller's transaction commits; the caller has asked `require`.

    `wanted` is `{"tags": {name: value or None}, "alias": {"name", "to"}, "copy_to": name}`, each
    part optional. Nothing is recorded here: the caller's own event says why.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A write-back belongs to the transaction of the decision behind it.")
    if not wanted or not set(wanted) <= PARTS:
        raise ValueError(f"A write-back wants some of {sorted(PARTS)}, not {sorted(wanted)}.")
    row = WriteBack.objects.create(
        version=version,
        request=request,
        wanted=dict(wanted),
        why=why[:300],
        by_id=actor.user_id,
        by_name=(actor.on_behalf_of or actor.name)[:120],
    )
    delivery_enqueue(actor=actor, row=row)
    return row


def delivery_enqueue(*, actor: Actor, row: WriteBack) -> Job:
    """The job that delivers this write-back and those of its model that wait before it."""
    return job_enqueue(
        actor=actor,
        kind=KIND,
        key=f"writeback:{row.pk}",
        args={"writeback_id": row.pk},
        why=row.why[:200],
    )


def writeback_retry(*, actor: Actor, writeback_id: int) -> WriteBack:
    """Try a refused write-back again, after what stood in its way was put right."""
    with transaction.atomic():
        row = WriteBack.objects.select_for_update(of=("self",)).get(pk=writeback_id)
        require(actor, "writeback.manage", row.version.model)
        if row.state != WriteState.REFUSED:
            raise Conflict(
                f"This write-back is {row.get_state_display().lower()}; only a refused one can be "
                "tried again. Reload the page."
            )
        later = WriteBack.objects.filter(version=row.version, pk__gt=row.pk)
        if later.exclude(state=WriteState.REFUSED).exists():
            raise Conflict("A later decision about this version took this one's place.")
        row.state, row.error, row.tries = WriteState.WAITING, "", 0
        row.save(update_fields=["state", "error", "tries"])
        delivery_enqueue(actor=actor, row=row)
        record(actor, "writeback.retry", row.version, after={"writeback": row.pk, "why": row.why})
    return row


def written_since(rows: QuerySet[WriteBack], read_since: datetime) -> QuerySet[WriteBack]:
    """Of these, what Signet wrote, or is about to, after a source was read."""
    return rows.filter(Q(state=WriteState.WAITING) | Q(done_at__gte=read_since))


def style_of(source: Source) -> SourceStyle:
    """How versions of this source are promoted; one name, without restoring, unless chosen."""
    return SourceStyle.objects.filter(source=source).first() or SourceStyle(source=source)


def style_set(
    *, actor: Actor, source_id: int, style: str, restore_bypasses: bool, reason: str
) -> SourceStyle:
    """Choose how versions of a source are promoted; choosing what stands changes nothing."""
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source_id)
        require(actor, "writeback.manage")
        if style not in PromotionStyle.values:
            raise Invalid.at("style", f"Choose one of {', '.join(PromotionStyle.values)}.")
        if not reason.strip():
            raise Invalid.at("reason", "Say why; the trail keeps it.")
        row = style_of(source)
        before = style_facts(row)
        row.style, row.restore_bypasses = style, restore_bypasses
        after = style_facts(row)
        if row.pk and before == after:
            return row
        row.save()
        record(actor, "source.promotion", source, before=before, after=after, reason=reason.strip())
    return row


def style_facts(row: SourceStyle) -> dict[str, Any]:
    """What the trail keeps of a choice."""
    return {"style": row.style, "restore_bypasses": row.restore_bypasses}
