"""Telling workers to look at a job. Losing a nudge loses nothing: the sweeper finds the row."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kombu import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.celery import app

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
RUN, TICK = "portal.jobs.run", "portal.jobs.tick"
# Kombu's own patience is six seconds and more; no request may wait for a broker that is down.
HASTE = {
    "socket_timeout": 0.4,
    "socket_connect_timeout": 0.4,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
REST = 10.0

_links: dict[int, Connection] = {}
_turn = threading.Lock()
_down_until = 0.0


class BrokerDown(Exception):
    """The broker does not take messages at this moment."""


def nudge(job_id: int) -> bool:
    """Ask a worker to look at a job; False, within a second, when the broker is down."""
    try:
        _patiently(lambda link: send(link, RUN, [job_id], priority=3))
    except BrokerDown as down:
        logger.warning("job %s waits for the sweeper: %s", job_id, down)
        return False
    return True


def nudge_tick() -> None:
    """Ask a worker for a tick now instead of at the next beat, or raise BrokerDown."""
    _patiently(lambda link: send(link, TICK, [], priority=0, expires=30))


def queue_length() -> int:
    """How many messages wait for a worker; BrokerDown when the broker does not answer."""
    return _ask(_length)


def send(link: Connection, name: str, args: list[Any], **options: Any) -> None:
    """Put one message into the queue."""
    app.send_task(name, args=args, connection=link, retry=False, ignore_result=True, **options)


def _length(link: Connection) -> int:
    queue = app.conf.task_default_queue
    return int(link.default_channel.queue_declare(queue=queue).message_count)


def _patiently(action: Callable[[Connection], None]) -> None:
    """Ask the broker, but leave one that is down alone for ten seconds."""
    global _down_until
    if time.monotonic() < _down_until:
        raise BrokerDown("the broker did not answer a moment ago")
    try:
        _ask(action)
    except BrokerDown:
        _down_until = time.monotonic() + REST
        raise


def _ask(action: Callable[[Connection], Answer]) -> Answer:
    """Do something with the broker, once more on a fresh connection when the kept one is stale."""
    with _turn:
        stale = os.getpid() in _links
        try:
            return action(_link())
        except (KombuError, RedisError, OSError) as error:
            _drop()
            if not stale:
                raise BrokerDown(str(error)) from error
        try:
            return action(_link())
        except (KombuError, RedisError, OSError) as error:
            _drop()
            raise BrokerDown(str(error)) from error


def _link() -> Connection:
    """This process's own connection: one made before a fork belongs to the parent."""
    pid = os.getpid()
    if pid not in _links:
        _links[pid] = app.connection_for_write(transport_options=HASTE)
    return _links[pid]


def _drop() -> None:
    link = _links.pop(os.getpid(), None)
    if link:
        link.release()
