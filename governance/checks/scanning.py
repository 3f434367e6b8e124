"""Looking for files that run code when they are loaded, without ever loading one."""

import json
import os
import selectors
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

CHILD = Path(__file__).with_name("scan_child.py")
MEGABYTES = 2_048
SECONDS = 120.0
KINDS = ("dangerous", "unknown", "unread")
MOST_LINES = 200
CODE = (".py", ".pyc", ".pyd", ".so", ".dll", ".sh")
Found = dict[str, list[str]]


def scanner_name() -> str:
    """The scanner and its version, as it stands beside what it found."""
    return f"picklescan {version('picklescan')}"


class Scanner:
    """A child process that scans files; a file that kills it is reported, and a new one started."""

    def __init__(self, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        self.files = 0
        self.found: Found = {kind: [] for kind in (*KINDS, "code")}
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Scanner":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def scan(self, path: Path, name: str) -> None:
        """Scan one file and remember what was found under its name in the artifact."""
        self.files += 1
        if name.lower().endswith(CODE):
            self._note("code", [name])
        for kind, lines in self._asked(path, name).items():
            self._note(kind, lines)

    def skip(self, name: str, why: str) -> None:
        """Remember a file that is not scanned, and why."""
        self.files += 1
        self._note("unread", [f"{name} ({why})"])

    def result(self) -> dict[str, object]:
        """What was found, fit to be stored."""
        return {"files": self.files, **self.found}

    def _note(self, kind: str, lines: list[str]) -> None:
        kept = self.found[kind]
        kept += lines[: MOST_LINES - len(kept)]

    def _asked(self, path: Path, name: str) -> Found:
        child = self._child or self._start()
        wanted = json.dumps({"path": str(path), "name": name}) + "\n"
        try:
            child.stdin.write(wanted.encode())  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            line = self._line(child)
        except BrokenPipeError:
            line = b""
        if not line:
            self._stop()
            return {"unread": [f"{name} (the scanner gave up on it)"]}
        answer: Found = json.loads(line)
        return answer

    def _line(self, child: "subprocess.Popen[bytes]") -> bytes:
        """One line of the child's answer; nothing when it died or took too long."""
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
            if not selector.select(self.seconds):
                return b""
        return child.stdout.readline()  # type: ignore[union-attr]

    def _start(self) -> "subprocess.Popen[bytes]":
        # Nothing of the portal's environment is the child's business, its secrets least of all.
        self._child = subprocess.Popen(  # noqa: S603 - our own program, and a number
            [sys.executable, "-I", str(CHILD), str(self.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        )
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
        child.wait()
