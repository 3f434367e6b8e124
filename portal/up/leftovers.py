"""What an earlier run left behind when it was killed: found by what it wrote down, and stopped."""

import json
import os
from pathlib import Path

import psutil

from portal.up import broker, database
from portal.up.home import Home
from portal.up.trouble import Trouble

# Written by psutil from the kernel's clock ticks; two readings of one process differ by less.
SAME_START = 1.0


def sweep(home: Home, seconds: float = 10.0) -> list[str]:
    """Stop what an earlier run left running on this folder; returns the names of it."""
    found = set(_stop(home, sorted(home.records.glob("*.json")), seconds))
    if database.stop_leftover(home):
        found.add("postgres")
    if broker.stop_leftover(home):
        found.add("valkey")
    return sorted(found)


def stop_recorded(home: Home, name: str, seconds: float = 10.0) -> bool:
    """Stop one process by its record, whoever started it; says whether it was running."""
    record = home.records / f"{name}.json"
    return bool(record.exists() and _stop(home, [record], seconds))


def _stop(home: Home, records: list[Path], seconds: float) -> list[str]:
    found = {record.stem: _ask_to_end(home, record) for record in records}
    processes = [process for members in found.values() for process in members]
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        process.kill()
    _, alive = psutil.wait_procs(alive, timeout=5)
    if alive:
        raise Trouble(
            f"Process {alive[0].pid} of an earlier run does not end. End it and start again."
        )
    for record in records:
        record.unlink()
    return [name for name, members in found.items() if members]


def _ask_to_end(home: Home, record: Path) -> list[psutil.Process]:
    try:
        noted = json.loads(record.read_text())
        pid, started, number = int(noted["pid"]), float(noted["started"]), int(noted["signal"])
    except (ValueError, KeyError, TypeError):
        return []
    members = _group(home, pid, started)
    try:
        for process in members:
            # The leader ends its own workers in order; without a leader each must be told.
            if process.pid == pid or members[0].pid != pid:
                process.send_signal(number)
    except psutil.AccessDenied:
        raise Trouble(
            f"{record.stem} of an earlier run still runs as another user (process {pid}). "
            f"End it as that user, or set SIGNET_HOME to another folder."
        ) from None
    except psutil.NoSuchProcess:
        pass
    return members


def _group(home: Home, pid: int, started: float) -> list[psutil.Process]:
    """The recorded process and what is left of its group, leader first."""
    try:
        leader = psutil.Process(pid)
        if abs(leader.create_time() - started) > SAME_START:
            return []
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [process for process in psutil.process_iter() if _orphan(process, pid, home)]


def _orphan(process: psutil.Process, group: int, home: Home) -> bool:
    """Whether a process outlived its leader: same group, and started for this very folder."""
    try:
        return (
            os.getpgid(process.pid) == group
            and process.environ().get("SIGNET_HOME") == str(home.root)
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, OSError):
        return False
