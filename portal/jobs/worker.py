"""What differs in a worker process from the web: time for long statements, and an early tick."""

import logging
from typing import Any

from celery.signals import beat_init, worker_init, worker_process_init, worker_ready
from django.db import connections

from portal.jobs.nudge import BrokerDown, nudge_tick

logger = logging.getLogger(__name__)
# The web's five seconds would cut a sync short; a statement that hangs still ends.
GUARDS = (
    "-c statement_timeout=300000 -c lock_timeout=10000 "
    "-c idle_in_transaction_session_timeout=300000"
)


def allow_long_statements(**_: Any) -> None:
    """Give connections from here on a worker's time limits, and begin without any open one."""
    for name in connections:
        connections[name].settings_dict["OPTIONS"]["options"] = GUARDS
        connections[name].close()


def tick_now(**_: Any) -> None:
    """Look for due work as soon as a worker is up, rather than at the next beat."""
    try:
        nudge_tick()
    except BrokerDown as down:
        logger.warning("the first tick comes with the next beat: %s", down)


worker_init.connect(allow_long_statements)
worker_process_init.connect(allow_long_statements)
beat_init.connect(allow_long_statements)
worker_ready.connect(tick_now)
