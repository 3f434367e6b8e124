"""Declaring kinds of jobs: `@job("monitor.run", title="Monitor run", retries=5)`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

Handler = Callable[..., dict[str, Any] | None]
LEASE = timedelta(minutes=1)


@dataclass(frozen=True)
class Kind:
    """One declared kind of job."""

    name: str
    title: str
    handler: Handler
    retries: int
    lease: timedelta
    atomic: bool
    service: str


KINDS: dict[str, Kind] = {}


def job(
    name: str,
    *,
    title: str,
    retries: int = 3,
    lease: timedelta = LEASE,
    atomic: bool = False,
    service: str = "",
) -> Callable[[Handler], Handler]:
    """Declare the function that does jobs of kind `name`; it gets a JobContext and the job's args.

    `retries` is how often it is tried in all. `lease` is how long a worker that shows no sign of
    life keeps the job; a living one renews it by itself. `atomic` puts the whole function and
    `done` into one transaction; without it the function ends with `ctx.finishing()`. `service` is
    the name under which `ctx.actor` acts, by default the kind's first word.
    """

    def declare(handler: Handler) -> Handler:
        acts_as = service or name.partition(".")[0]
        KINDS[name] = Kind(name, title, handler, retries, lease, atomic, acts_as)
        return handler

    return declare


def title_of(kind: str) -> str:
    """What people call this kind of job; its name when this version does not know it."""
    return KINDS[kind].title if kind in KINDS else kind
