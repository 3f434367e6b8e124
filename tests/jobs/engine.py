"""Real workers and a real clock, on the tests' database and a broker database of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.db import connection

from portal.up import database
from tests.services import HOME, REPOSITORY
from tests.waiting import wait_until


def environment(broker_url: str) -> dict[str, str]:
    """What a process of ours needs in order to work on the tests' database."""
    name = connection.settings_dict["NAME"]  # the tests' database, once pytest has made it
    return {
        **os.environ,
        "DATABASE_URL": database.url(HOME, database.APPLICATION, name),
        "DATABASE_OWNER_URL": database.url(HOME, database.OWNER, name),
        "CELERY_BROKER_URL": broker_url,
        "PYTHONUNBUFFERED": "1",
    }


class Process:
    """A Celery worker or beat that the tests started."""

    def __init__(self, name: str, broker_url: str, folder: Path, *arguments: str) -> None:
        self.log = folder / f"{name}.log"
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.worker_app", *arguments]
        with self.log.open("wb") as out:
            self.popen = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=environment(broker_url),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def says(self, text: str) -> bool:
        """Whether its log holds a text; AssertionError when it has ended."""
        said = self.log.read_text(errors="replace")
        assert self.popen.poll() is None, said[-3000:]
        return text in said

    def children(self) -> list[psutil.Process]:
        """The pool's processes, which do the work."""
        return psutil.Process(self.popen.pid).children()

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


@contextmanager
def worker(broker_url: str, folder: Path, name: str = "worker") -> Iterator[Process]:
    """A worker with two processes that takes work."""
    arguments = ("worker", "--concurrency", "2", "--without-gossip", "--without-mingle")
    process = Process(name, broker_url, folder, *arguments, "-n", f"{name}@test", "-l", "INFO")
    try:
        wait_until(lambda: process.says("ready."), 60, "the worker")
        yield process
    finally:
        process.kill()


@contextmanager
def beat(broker_url: str, folder: Path, name: str = "beat") -> Iterator[Process]:
    """A clock; it may still be waiting for another one."""
    process = Process(name, broker_url, folder, "beat", "-l", "INFO", "--pidfile=")
    try:
        wait_until(lambda: process.says("beat: Starting"), 60, "the clock")
        yield process
    finally:
        process.kill()
