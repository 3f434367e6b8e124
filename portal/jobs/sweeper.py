"""Finding work that no message tells of: the message is lost, its time came, its worker died."""

import logging

from django.db import transaction

from portal.jobs.models import Job
from portal.jobs.nudge import BrokerDown, nudge, queue_length
from portal.jobs.registry import KINDS
from portal.jobs.runner import due

logger = logging.getLogger(__name__)
# With this many messages waiting, workers have enough to do: a long backlog is not sent twice.
ENOUGH = 200


def sweep() -> int:
    """Send a nudge for jobs that are due, oldest first; how many were sent."""
    try:
        room = ENOUGH - queue_length()
    except BrokerDown as down:
        logger.warning("no sweep: %s", down)
        return 0
    if room <= 0:
        return 0
    with transaction.atomic():
        rows = Job.objects.select_for_update(skip_locked=True, no_key=True).filter(
            due(), kind__in=KINDS
        )
        ids = list(rows.order_by("run_after", "id").values_list("id", flat=True)[:room])
    return sum(nudge(job_id) for job_id in ids)
