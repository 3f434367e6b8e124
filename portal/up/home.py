"""The state folder: where things lie in it, and that it can be used."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.up.trouble import Trouble

LEAST_FREE = 500 * 1024 * 1024
# The kernel allows 107 bytes; PostgreSQL adds the name of its socket and of the lock beside it.
LONGEST_SOCKET_FOLDER = 107 - len("/pg/.s.PGSQL.5432.lock")


@dataclass(frozen=True)
class Home:
    """One state folder. Nothing else on the machine is written to."""

    root: Path

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.root / "logs"

    @property
    def records(self) -> Path:
        """What was started, so that a later run finds what a killed one left behind."""
        return self.root / "processes"

    @property
    def secrets(self) -> Path:
        """Readable by the owner alone."""
        return self.root / "secrets"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets; elsewhere when this one's path is too long for them."""
        inside = self.root / "run"
        if len(str(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"signet-{os.geteuid()}-{mark}"

    def prepare(self) -> None:
        """Make the folders; Trouble when the place cannot be written or the disk is full."""
        if self.root.exists() and not self.root.is_dir():
            raise Trouble(
                f"The state folder {self.root} is a file. Move it away, "
                "or set SIGNET_HOME to a folder."
            )
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.logs, self.records, self.secrets, self.sockets):
                folder.mkdir(mode=0o700, exist_ok=True)
            probe = self.root / ".probe"
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise Trouble(
                f"The state folder {self.root} cannot be written: {error.strerror}. "
                "Give yourself the right to write there, or set SIGNET_HOME to another folder."
            ) from error
        if self.sockets.stat().st_uid != os.geteuid():
            raise Trouble(
                f"{self.sockets} belongs to somebody else. Remove it, "
                "or set SIGNET_HOME to a folder with a shorter path."
            )
        self.check_space()

    def check_space(self) -> None:
        """Trouble when the disk has too little room for a database to be safe."""
        free = shutil.disk_usage(self.root).free
        if free < LEAST_FREE:
            raise Trouble(
                f"The disk of {self.root} has {free // 2**20} MB free; Signet needs at least "
                f"{LEAST_FREE // 2**20} MB. Free some space, or set SIGNET_HOME to another disk."
            )

    def lock(self, owner: str, refusal: str) -> int:
        """Hold the folder for this process until it ends; Trouble when another one holds it."""
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 500).decode(errors="replace").strip()
            os.close(handle)
            raise Trouble(refusal.format(holder=holder or "another process")) from None
        os.ftruncate(handle, 0)
        os.write(handle, owner.encode())
        return handle
