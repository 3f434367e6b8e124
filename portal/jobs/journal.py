"""What a running job writes while it works: signs of life, progress and log lines."""

import logging
import threading
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.db import Error, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)
MOST_LINES = 2000
# Fenced by the attempt: a worker that lost its lease changes nothing and gets no row back.
RENEW = """
UPDATE jobs_job SET lease_until = statement_timestamp() + %s
WHERE id = %s AND attempts = %s AND state = 'running' RETURNING cancel_asked
"""
PROGRESS = """
UPDATE jobs_job SET lease_until = statement_timestamp() + %s,
    progress_done = %s, progress_total = %s, progress_text = %s
WHERE id = %s AND attempts = %s AND state = 'running' RETURNING cancel_asked
"""
LINE = """
INSERT INTO jobs_joblogline (job_id, attempt, text, at) VALUES (%s, %s, %s, statement_timestamp())
"""
BEAT = """
INSERT INTO jobs_workerheartbeat (name, at) VALUES (%s, statement_timestamp())
ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at
"""


class LeaseLost(Exception):
    """This attempt no longer owns its job: it must stop, and nothing it did may be committed."""


def clean(text: str, length: int) -> str:
    """Text that PostgreSQL stores in a column of `length` characters."""
    return text.replace("\x00", "\ufffd")[:length]


class Journal:
    """Writes on a connection of its own, so that people see it before the work commits.

    Inside a transaction, where nobody else sees the job yet, it writes on that transaction's
    connection and keeps no lease.
    """

    def __init__(self, job_id: int, attempt: int, lease: timedelta, worker: str) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.lease = lease
        self.worker = worker
        self.cancel_asked = False
        self.lines = 0
        self._own: BaseDatabaseWrapper | None = None
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._keeper: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._own = connections.create_connection("default")
            self._own.inc_thread_sharing()
            self._keeper = threading.Thread(target=self._keep, name="lease", daemon=True)
            self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._keeper:
            self._keeper.join()
        if self._own:
            self._own.close()

    def renew(self) -> None:
        """Show that the work goes on; LeaseLost when somebody else has the job."""
        self._mine(RENEW, [self.lease, self.job_id, self.attempt])

    def progress(self, done: int, total: int, text: str) -> None:
        """Say how far the work is; LeaseLost when somebody else has the job."""
        shown = clean(text, 200)
        self._mine(PROGRESS, [self.lease, done, total, shown, self.job_id, self.attempt])

    def log(self, text: str) -> None:
        """Add a line to the job's log; LeaseLost when somebody else has the job."""
        self.lines += 1
        if self.lines > MOST_LINES:
            return
        if self.lines == MOST_LINES:
            text = f"The log of one attempt ends after {MOST_LINES} lines."
        self.renew()
        self._do(LINE, [self.job_id, self.attempt, clean(text, 500)])

    def _mine(self, statement: str, values: list[Any]) -> None:
        row = self._do(statement, values)
        if row is None:
            raise LeaseLost
        self.cancel_asked = bool(row[0])

    def _do(self, statement: str, values: list[Any]) -> tuple[Any, ...] | None:
        with self._turn:
            if self._own:
                self._own.close_if_unusable_or_obsolete()
            with (self._own or connection).cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchone() if cursor.description else None

    def _keep(self) -> None:
        """Renew the lease three times in its length, and the worker's heartbeat with it."""
        while not self._over.wait(self.lease.total_seconds() / 3):
            try:
                self.renew()
                self._do(BEAT, [self.worker])
            except LeaseLost:
                return
            except Error as error:
                logger.warning("job %s: the lease could not be renewed: %s", self.job_id, error)
