"""PostgreSQL refuses to run as root, so root runs it as an account of its own."""

import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from portal.up.trouble import Trouble

NAME = "signet-postgres"


class Identity(TypedDict, total=False):
    """What `subprocess` needs in order to start a process as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user of this machine without rights."""

    uid: int
    gid: int

    def identity(self) -> Identity:
        """The arguments for `subprocess`."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may(self, test: str, path: Path) -> bool:
        """Whether the account passes `test -r`, `-w` or `-x` on a path."""
        command = ["test", f"-{test}", str(path)]
        return subprocess.run(command, **self.identity(), cwd="/").returncode == 0


def postgres_account() -> Account | None:
    """The account to run PostgreSQL as: None unless we are root, who makes one when needed."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make()
    return Account(entry.pw_uid, entry.pw_gid)


def _make() -> pwd.struct_passwd:
    if shutil.which("useradd") is None:
        raise Trouble(
            "PostgreSQL does not run as root, and this machine has no `useradd` to make an account "
            "for it. Run this as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
        )
    made = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise Trouble(
            f"PostgreSQL does not run as root, and the account {NAME} could not be made: "
            f"{made.stderr.strip()}. Run this as an ordinary user instead."
        )
    return pwd.getpwnam(NAME)


def let_through(account: Account, path: Path) -> None:
    """Let the account, and nobody else, pass through the folders above a path."""
    for folder in reversed(path.resolve().parents):
        if account.may("x", folder):
            continue
        try:
            _grant_search(folder, account.uid)
        except OSError as error:
            raise Trouble(
                f"PostgreSQL runs as the account {NAME}, which cannot reach {path}: {folder} "
                f"is closed to it and could not be opened ({error.strerror}). Run "
                f"`chmod o+x {folder}`, or set SIGNET_HOME to another folder."
            ) from error


def _grant_search(folder: Path, uid: int) -> None:
    """Add `user:UID:--x` to the folder's access list, as setfacl would, which is often missing."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    owner, group, other = mode >> 6 & 7, mode >> 3 & 7, mode & 7
    none = 0xFFFFFFFF
    entries = [
        (1, owner, none),
        (2, 1, uid),
        (4, group, none),
        (16, group | 1, none),
        (32, other, none),
    ]
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(folder, "system.posix_acl_access", packed)
