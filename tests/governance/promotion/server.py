"""An MLflow server of one test's own, to stop, freeze and start again, on the run's database."""

import os
import signal
import subprocess

from portal.up import keys, processes, tracking
from tests.services import HOME, REPOSITORY, free_port
from tests.waiting import wait_until


class Server:
    """A real MLflow beside the one that all tests share; both show the same models."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = tracking.url(self.port)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        key = keys.kept(HOME)["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"]
        with (HOME.root / "own-mlflow.log").open("ab") as log:
            self.process = subprocess.Popen(
                processes.python("portal.up.tracking_server", str(self.port)),
                cwd=REPOSITORY,
                env=tracking.environment(HOME, key),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(lambda: tracking.answers(self.address), 60, "MLflow to answer")

    def signal(self, number: int) -> None:
        """Send a signal to it and all its workers."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
