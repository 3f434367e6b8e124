"""Runs `manage.py up` as a person would, in a state folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.services import REPOSITORY, free_port
from tests.waiting import wait_until

# Set by the tests' own services; here `up` makes its own.
OURS = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "CELERY_BROKER_URL", "MLFLOW_TRACKING_URI"),
    *(
        "PORTAL_URL",
        "SECRET_KEY",
        "TOKEN_PEPPER",
        "MLFLOW_WEBHOOK_SECRET",
        "DJANGO_SETTINGS_MODULE",
    ),
)


class Up:
    """One run of `manage.py up` and what it printed."""

    def __init__(self, home: Path, **chosen: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        environment |= {"SIGNET_HOME": str(home), "SIGNET_DEMO": "0", **chosen}
        self.output = home.with_suffix(".out")
        self.before = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self.output.read_bytes()[self.before :].decode()

    def until_ready(self) -> None:
        """Wait for the block that says so."""

        def ready() -> bool:
            assert self.process.poll() is None, self.text
            return "Signet is ready" in self.text

        wait_until(ready, 120, "`up` to be ready")

    def ended(self, seconds: float = 60) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(seconds)

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


def ports() -> dict[str, str]:
    """Two free ports under the names that `up` reads."""
    return {"PORT": str(free_port()), "MLFLOW_PORT": str(free_port())}


@contextmanager
def running(home: Path, **chosen: str) -> Iterator[Up]:
    """A run that is stopped at the end, whatever happens."""
    up = Up(home, **chosen)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.tell(signal.SIGTERM)
            up.ended()


def processes_of(home: Path) -> list[str]:
    """Everything that still runs for a state folder, by its command line or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = f"{process.cmdline()}{process.environ().get('SIGNET_HOME')}"
            if str(home) in told and process.pid != os.getpid():
                found.append(f"{process.pid} {process.cmdline()}")
        except psutil.Error:
            continue
    return found
