"""Jobs about what MLflow is to be told."""

from datetime import datetime
from typing import Any

from governance.writeback.bypasses import bypasses_look
from governance.writeback.delivery import writeback_deliver, writebacks_hurry
from governance.writeback.services import KIND
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import at_each_tick

# However long MLflow is away: this is half a minute between two attempts, for a year.
ATTEMPTS = 1_000_000


@job(KIND, title="Write a decision to MLflow", retries=ATTEMPTS)
def writeback(context: JobContext, *, writeback_id: int) -> dict[str, Any]:
    """Deliver one write-back and those of its model that wait before it."""
    row = writeback_deliver(actor=context.actor, writeback_id=writeback_id)
    return {"text": f"{row.get_state_display()}: {row.why}", "link": row.link}


@job("governance.bypasses", title="Compare MLflow with the approvals", retries=5)
def bypasses(
    context: JobContext, *, source_id: int, model_ids: list[int] | None, read_since: str
) -> dict[str, Any]:
    """Look for what was changed in MLflow without a decision."""
    found = bypasses_look(
        actor=context.actor,
        source_id=source_id,
        model_ids=model_ids,
        read_since=datetime.fromisoformat(read_since),
    )
    return {"text": found.told(), "link": "/findings/"}


at_each_tick(writebacks_hurry)
