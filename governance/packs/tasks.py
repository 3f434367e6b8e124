"""The job that builds evidence packs."""

from datetime import timedelta
from typing import Any

from governance.packs.services import KIND, pack_build
from portal.jobs.context import JobContext
from portal.jobs.registry import job


@job(KIND, title="Build an evidence pack", retries=3, lease=timedelta(minutes=5))
def pack(context: JobContext, *, version_id: int) -> dict[str, Any]:
    """Build one pack."""
    made = pack_build(actor=context.actor, version_id=version_id)
    files = len(made.manifest["files"])
    return {"text": f"{files} files, {made.size:,} bytes.", "link": made.link}
