"""Ctrl-C, SIGTERM and a closed terminal: noted when they come, acted on at the next safe point."""

import signal
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_noted: list[int] = []


class Stopped(Exception):
    """Somebody asked to stop."""


def listen() -> None:
    """From here on, note the signals; an exception thrown at any point could lose a process."""
    for number in SIGNALS:
        signal.signal(number, _note)


def _note(number: int, frame: Any) -> None:
    _noted.append(number)


def times() -> int:
    """How often somebody asked."""
    return len(_noted)


def check() -> None:
    """Raise Stopped if somebody asked; every loop that waits calls this."""
    if _noted:
        raise Stopped
