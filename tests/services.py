"""The real PostgreSQL, Valkey and MLflow that the tests run against.

Importing this sets the environment that `portal.env` reads. The first process of a run starts the
engines when the session starts and stops them when it ends; xdist's workers inherit the addresses.
"""

import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portal.up import broker, database, keys, leftovers, processes, tracking
from portal.up.home import Home
from portal.up.processes import Child
from portal.up.trouble import Trouble

REPOSITORY = Path(__file__).resolve().parent.parent
HOME = Home(Path(os.environ.get("SIGNET_TEST_HOME") or REPOSITORY / ".signet" / "test").resolve())
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
# Losing the test database in a power cut costs nothing; waiting for the disk costs much time.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_children: list[Child] = []
_lock: list[int] = []


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _set_environment() -> None:
    inherited = os.environ.get("SIGNET_TEST_MLFLOW_PORT")
    port = inherited if IS_WORKER and inherited else str(free_port())
    os.environ.update(
        {
            "SIGNET_TEST_MLFLOW_PORT": port,
            "SIGNET_HOME": str(HOME.root),
            "DATABASE_URL": database.url(HOME, database.APPLICATION, "signet"),
            "DATABASE_OWNER_URL": database.url(HOME, database.OWNER, "signet"),
            "CELERY_BROKER_URL": broker.url(HOME),
            "MLFLOW_TRACKING_URI": tracking.url(int(port)),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_WEBHOOK_SECRET": "the-secret-of-the-test-webhooks",
            "SECRET_KEY": "k" * 50,
            "TOKEN_PEPPER": "p" * 50,
            "PORTAL_URL": "http://localhost:8000",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
    )


_set_environment()


def _start_engines() -> None:
    HOME.prepare()
    _lock.append(
        HOME.lock(
            f"process {os.getpid()}",
            f"Another test run ({{holder}}) uses {HOME.root}. Wait for it, or set SIGNET_TEST_HOME "
            "to another folder.",
        )
    )
    leftovers.sweep(HOME)
    _children.append(database.start(HOME, options=FAST))
    database.bootstrap(HOME, may_create_databases=True)
    _children.append(broker.start(HOME))
    broker.ask(HOME, b"FLUSHALL")


def _stop_engines() -> None:
    leftovers.stop_recorded(HOME, "mlflow")
    processes.stop(reversed(_children))
    _children.clear()
    while _lock:
        os.close(_lock.pop())


def _stop_and_exit(number: int, frame: Any) -> None:
    # A killed run still stops its engines: the exit goes through pytest's own clean-up.
    raise KeyboardInterrupt


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start PostgreSQL and Valkey once for the whole run."""
    if IS_WORKER or session.config.option.collectonly:
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_and_exit)
    try:
        _start_engines()
    except Trouble as trouble:
        _stop_engines()
        raise pytest.UsageError(str(trouble)) from None


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop everything that this run started."""
    if not IS_WORKER and _lock:
        _stop_engines()


@contextmanager
def _only_one() -> Iterator[None]:
    """Let one of the run's processes at a time start what they share."""
    with (HOME.root / "shared.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def mlflow_server() -> str:
    """The address of a real MLflow server, empty at the start and shared by the whole run."""
    port = int(os.environ["SIGNET_TEST_MLFLOW_PORT"])
    address = tracking.url(port)
    with _only_one():
        if not tracking.answers(address):
            _start_mlflow(port)
    return address


def _start_mlflow(port: int) -> None:
    _fresh_mlflow_database()
    child = tracking.start(HOME, port, keys.kept(HOME)["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"])
    deadline = time.monotonic() + 120
    while not tracking.answers(tracking.url(port)):
        if child.dead or time.monotonic() > deadline:
            pytest.fail(child.obituary() if child.dead else "MLflow did not answer in 120 s.")
        time.sleep(0.1)
    _keep_template()


# MLflow takes six seconds to make its tables; a copy of them takes a tenth of one.
def _template() -> str:
    from importlib.metadata import version

    return "mlflow_template_" + version("mlflow").replace(".", "_")


def _fresh_mlflow_database() -> None:
    template = _template()
    with database.connect(HOME) as connection:
        connection.execute("DROP DATABASE IF EXISTS mlflow WITH (FORCE)")
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [template]
        ).fetchone()
        if known:
            connection.execute(f"CREATE DATABASE mlflow OWNER mlflow TEMPLATE {template}")
        else:
            connection.execute("CREATE DATABASE mlflow OWNER mlflow")


def _keep_template() -> None:
    template = _template()
    with database.connect(HOME) as connection:
        if connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [template]
        ).fetchone():
            return
        # A copy tolerates no connection; the idle server holds a few, which it makes anew.
        connection.execute("ALTER DATABASE mlflow ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mlflow'"
        )
        try:
            connection.execute(f"CREATE DATABASE {template} OWNER mlflow TEMPLATE mlflow")
        finally:
            connection.execute("ALTER DATABASE mlflow ALLOW_CONNECTIONS true")
