"""Locks that one process holds at a time; the database lets go of them when that process dies."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection


@contextmanager
def held(space: int, key: int, busy: Exception) -> Iterator[None]:
    """Hold the advisory lock `key` of `space`; raises `busy` when another process holds it."""
    names = [space, key]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", names)
        if not cursor.fetchone()[0]:
            raise busy
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", names)
        except DatabaseError:
            # Only a connection that can be used again must not keep the lock.
            connection.close()
