"""Clearing up after uploads that broke off."""

from typing import Any

from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every
from registry.cards.attachments.storage import orphans_remove


@job("cards.clear_files", title="Remove files of broken uploads", service="cards")
def clear_files(context: JobContext) -> dict[str, Any]:
    """Remove stored files that no attachment names."""
    count = orphans_remove()
    return {"text": f"{count} file{'' if count == 1 else 's'} without an attachment removed."}


every(days=1, kind="cards.clear_files")
