"""Scans files for unsafe pickles, one a line, in a process of its own with bounded resources.

A hostile file may make the scanner itself take all memory or never end, so this runs as a child
that may die: `python scan_child.py MEGABYTES` reads JSON lines {"path", "name"} and answers each
with {"dangerous": [...], "unknown": [...], "unread": [...]}. Nothing is ever unpickled.
"""

import json
import logging
import os
import re
import resource
import sys
import zipfile
from typing import Any

MOST = 50
BLOCK = 1 << 20
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def main(megabytes: int) -> None:
    """Answer every line of the standard input until it ends."""
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(scanned(wanted["path"], wanted["name"])), file=answers, flush=True)


def scanned(path: str, name: str) -> dict[str, list[str]]:
    """What one file would import when it is unpickled, by how bad that is."""
    from picklescan.scanner import SafetyLevel, scan_bytes

    try:
        with open(path, "rb") as handle:
            result = scan_bytes(handle, name, os.path.splitext(name)[1].lower())
        # Words read as opcodes: "conda.yaml" begins with the one that imports. No program can be
        # imported by a name that is none, and a real one is reported below whatever follows it.
        text = bool(result.scan_err) and _is_text(path)
        # The scanner passes over members that it cannot open; nothing may pass unread.
        unread = [name] if (result.scan_err and not text) or _has_locked_members(path) else []
    except MemoryError:
        return _answer(unread=[f"{name} (needs too much memory)"])
    except Exception as error:  # a broken file may fail in any way; it is reported, not trusted
        return _answer(unread=[f"{name} ({type(error).__name__})"])
    levels: dict[Any, set[str]] = {level: set() for level in SafetyLevel}
    for found in result.globals:
        if text and not _can_be_imported(found.module, found.name):
            continue
        levels[found.safety].add(f"{name} imports {found.module}.{found.name}")
    return _answer(
        dangerous=levels[SafetyLevel.Dangerous],
        unknown=levels[SafetyLevel.Suspicious],
        unread=unread,
    )


def _is_text(path: str) -> bool:
    """Whether a file is text throughout: a pickle that only looks like some has no such bytes."""
    try:
        with open(path, encoding="utf-8", newline="") as handle:
            return not any(CONTROLS.search(block) for block in iter(lambda: handle.read(BLOCK), ""))
    except UnicodeDecodeError:
        return False


def _can_be_imported(*names: str) -> bool:
    return all(part.isidentifier() for name in names for part in name.split("."))


def _has_locked_members(path: str) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(member.flag_bits & 0x1 for member in archive.infolist())


def _answer(**lines: Any) -> dict[str, list[str]]:
    kinds = ("dangerous", "unknown", "unread")
    return {kind: sorted(text[:300] for text in lines.get(kind, ()))[:MOST] for kind in kinds}


if __name__ == "__main__":
    main(int(sys.argv[1]))
