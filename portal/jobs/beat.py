"""Celery's beat, made safe to start twice: only the one that holds a lock in PostgreSQL ticks."""

import logging
from typing import Any

from celery.beat import Scheduler
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)
LOCK = 0x5167_6E65_7401
WAIT = 2.0


class OneBeat(Scheduler):
    """Keeps nothing on disk: when work is due stands in the database, and beat only ticks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._session: BaseDatabaseWrapper | None = None
        self._waiting_said = False
        super().__init__(*args, **options)

    def tick(self, *args: Any, **options: Any) -> float:
        """Send what is due and say when to come back; only wait while another beat runs."""
        if self.holds_lock():
            return float(super().tick(*args, **options))
        return WAIT

    def holds_lock(self) -> bool:
        """Whether this beat is the one; the lock lives as long as its database session."""
        try:
            if self._session:
                with self._session.cursor() as cursor:
                    cursor.execute("SELECT 1")
                return True
            return self._take_lock()
        except Error as error:
            logger.warning("beat lost its database session and waits: %s", error)
            self._end_session()
            return False

    def close(self) -> None:
        """Let the next beat have the lock."""
        self._end_session()
        super().close()

    def _take_lock(self) -> bool:
        session = connections.create_connection("default")
        session.settings_dict = {**session.settings_dict, "CONN_MAX_AGE": None}
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            taken = bool(cursor.fetchone()[0])
        if taken:
            self._session = session
            logger.info("this beat ticks")
            return True
        session.close()
        if not self._waiting_said:
            self._waiting_said = True
            logger.info("another beat ticks; this one waits until it ends")
        return False

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session:
            session.close()
