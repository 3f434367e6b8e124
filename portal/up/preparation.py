"""What happens before the portal's processes start: tables, static files and, once, the demo."""

import hashlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from portal.env import ROOT
from portal.up import interruption, processes, say
from portal.up.home import Home
from portal.up.processes import Child
from portal.up.trouble import Trouble


def migrate(home: Home, values: Mapping[str, str]) -> None:
    """Bring the tables up to date, as their owner."""
    command = ["migrate", "--database", "owner", "--no-input"]
    finish(manage(home, "migrate", "The migration of the database", command, values))


def collect_static(home: Home, values: Mapping[str, str]) -> bool:
    """Gather the static files when they have changed; says whether they had."""
    mark = home.root / "static.mark"
    now = _static_fingerprint()
    if mark.exists() and mark.read_text() == now and (home.root / "static").is_dir():
        return False
    command = ["collectstatic", "--no-input", "--clear"]
    finish(manage(home, "collectstatic", "The gathering of static files", command, values))
    mark.write_text(now)
    return True


def _static_fingerprint() -> str:
    """Our own files, and the lock, which names the versions of everybody else's."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            facts = path.stat()
            digest.update(f"{path}{facts.st_mtime_ns}{facts.st_size}".encode())
    return digest.hexdigest()


def load_demo(home: Home, values: Mapping[str, str]) -> bool:
    """Load the demo the first time, showing its progress; says whether it did."""
    mark = home.root / "demo.mark"
    if mark.exists():
        return False
    child = manage(home, "demo", "The loading of the demo", ["load_demo"], values)
    try:
        finish(child, show=True)
    except Trouble as trouble:
        raise Trouble(f"{trouble}\nTo start without the demo: SIGNET_DEMO=0 make run") from None
    mark.write_text("loaded\n")
    return True


def manage(
    home: Home, name: str, title: str, command: Sequence[str], values: Mapping[str, str]
) -> Child:
    """Start a management command."""
    (home.logs / f"{name}.log").unlink(missing_ok=True)
    return processes.start(
        home,
        name,
        title,
        [sys.executable, "manage.py", *command],
        environment={**os.environ, **values, "PYTHONUNBUFFERED": "1"},
        folder=ROOT,
    )


def finish(child: Child, *, show: bool = False) -> None:
    """Wait for a command to end, passing its lines on if wanted; Trouble when it fails."""
    shown = 0
    try:
        while True:
            ended = child.dead
            if show:
                shown = _show(child.log, shown)
            if ended:
                break
            interruption.check()
            time.sleep(0.05)
    finally:
        processes.stop([child], seconds=5)
    if child.popen.returncode:
        raise Trouble(child.obituary())


def _show(log: Path, seen: int) -> int:
    """Print the whole lines that were added to a log; returns up to where."""
    with log.open("rb") as text:
        text.seek(seen)
        fresh = text.read()
    whole = fresh[: fresh.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        say.line(f"      {line}")
    return seen + len(whole)


def demo_people(database_url: str) -> list[str]:
    """The names that the demo's people sign in with; none when it is not loaded."""
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            rows = connection.execute(
                "SELECT username FROM accounts_user WHERE is_demo AND is_active ORDER BY id"
            )
            return [str(row[0]) for row in rows]
    except psycopg.Error:
        return []


def is_deserted(database_url: str) -> bool:
    """Whether nobody can sign in yet."""
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            row = connection.execute("SELECT EXISTS (SELECT FROM accounts_user)").fetchone()
            return row == (False,)
    except psycopg.Error:
        return False
