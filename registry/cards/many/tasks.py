"""Keeping what the lists show of every card in step with the schema and with what was missed."""

from typing import Any

from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every
from registry.inventory.lifecycle import BATCH, refresh_models
from registry.inventory.models import RegisteredModel


@job("cards.refresh", title="Work out what the cards miss", service="cards")
def refresh(context: JobContext) -> dict[str, Any]:
    """Derive the listed columns of every model anew; only what differs is written."""
    ids = list(RegisteredModel.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        refresh_models(ids[start : start + BATCH])
        context.progress(min(start + BATCH, len(ids)), len(ids))
        context.check_cancelled()
    return {"text": f"{len(ids):,} model{'' if len(ids) == 1 else 's'} looked at."}


every(days=1, kind="cards.refresh")
