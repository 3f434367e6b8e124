"""Real engines for a benchmark, in a state folder of its own, stopped at the end."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.up import broker, database, keys, leftovers, processes, tracking
from portal.up.home import Home


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def engines(folder: Path) -> Iterator[Home]:
    """PostgreSQL, Valkey and MLflow in `folder`, and the environment that the settings read."""
    home = Home(folder)
    home.prepare()
    lock = home.lock(f"process {os.getpid()}", "Another benchmark uses this folder ({holder}).")
    leftovers.sweep(home)
    children = [database.start(home)]
    try:
        database.bootstrap(home)
        children.append(broker.start(home))
        port = free_port()
        key = keys.kept(home)["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"]
        children.append(tracking.start(home, port, key))
        wait_for_mlflow(port)
        os.environ.update(
            {
                "SIGNET_HOME": str(folder),
                "DATABASE_URL": database.url(home, database.APPLICATION, "signet"),
                "DATABASE_OWNER_URL": database.url(home, database.OWNER, "signet"),
                "CELERY_BROKER_URL": broker.url(home),
                "MLFLOW_TRACKING_URI": tracking.url(port),
                "SECRET_KEY": "k" * 50,
                "TOKEN_PEPPER": "p" * 50,
                "DJANGO_SETTINGS_MODULE": "portal.settings",
            }
        )
        yield home
    finally:
        processes.stop(reversed(children))
        os.close(lock)


def wait_for_mlflow(port: int, seconds: float = 180.0) -> None:
    """Return when the server answers; TimeoutError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not tracking.answers(tracking.url(port)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"MLflow did not answer in {seconds:.0f} s.")
        time.sleep(0.2)
