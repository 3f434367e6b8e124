"""Declaring kinds of jobs: `@job("monitor.run", retries=3, lease=timedelta(minutes=10))`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

Handler = Callable[..., dict[str, Any] | None]


@dataclass(frozen=True)
class Kind:
    """One declared kind of job; `atomic` wraps the whole handler and `done` in one transaction."""

    name: str
    title: str
    handler: Handler
    retries: int
    lease: timedelta
    atomic: bool


KINDS: dict[str, Kind] = {}


def job(
    name: str, *, title: str, retries: int = 3, lease: timedelta = timedelta(minutes=10), atomic: bool = False
) -> Callable[[Handler], Handler]:
    """Declare the function that does jobs of kind `name`; it gets a JobContext and the job's args."""

    def declare(handler: Handler) -> Handler:
        KINDS[name] = Kind(name, title, handler, retries, lease, atomic)
        return handler

    return declare
