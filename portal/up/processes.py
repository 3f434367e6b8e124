"""Starting and stopping processes, each in a group of its own with its own log file."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from portal.up.account import Account
from portal.up.home import Home
from portal.up.trouble import Trouble

LARGEST_LOG = 20 * 1024 * 1024


@dataclass
class Child:
    """A process that we started and therefore stop."""

    name: str
    title: str
    popen: "subprocess.Popen[bytes]"
    log: Path
    record: Path
    stop_signal: signal.Signals

    @property
    def dead(self) -> bool:
        """Whether it has ended."""
        return self.popen.poll() is not None

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])

    def obituary(self) -> str:
        """That it ended, how, its last words, and where to read on."""
        code = self.popen.poll()
        how = (
            f"was ended by signal {-code}" if code and code < 0 else f"ended with exit code {code}"
        )
        return (
            f"{self.title} {how}. Its last lines:\n{self.last_words() or '    (nothing)'}\n"
            f"The whole log is {self.log}."
        )


def python(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module in our own interpreter."""
    return [sys.executable, "-m", module, *arguments]


def start(
    home: Home,
    name: str,
    title: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    folder: Path | None = None,
) -> Child:
    """Start a process, and write down that we did."""
    log = home.logs / f"{name}.log"
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    identity = account.identity() if account else {}
    with log.open("ab") as out:
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
            **identity,
        )
    record = home.records / f"{name}.json"
    record.write_text(
        json.dumps({"pid": popen.pid, "started": started(popen.pid), "signal": int(stop_signal)})
    )
    return Child(name, title, popen, log, record, stop_signal)


def started(pid: int) -> float | None:
    """When a process started, which tells it from a later one of the same number."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def tell(group: int, number: int) -> None:
    """Send a signal to a whole process group, if there still is one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def stop(
    children: Iterable[Child], seconds: float = 10.0, hurry: Callable[[], int] = lambda: 0
) -> None:
    """Ask each to end, wait until then or until hurried, then end what is left of their groups."""
    children = list(children)
    for child in children:
        if not child.dead:
            child.popen.send_signal(child.stop_signal)
    deadline = time.monotonic() + seconds
    asked = hurry()
    while any(not child.dead for child in children):
        if time.monotonic() > deadline or hurry() > asked:
            break
        time.sleep(0.02)
    for child in children:
        tell(child.popen.pid, signal.SIGKILL)
        child.popen.wait()
        child.record.unlink(missing_ok=True)


def run(
    home: Home, name: str, title: str, command: Sequence[str], *, environment: Mapping[str, str]
) -> None:
    """Run a command to its end; Trouble with its last words when it fails."""
    child = start(home, name, title, command, environment=environment)
    try:
        child.popen.wait()
    finally:
        stop([child], seconds=3)
    if child.popen.returncode:
        raise Trouble(child.obituary())
