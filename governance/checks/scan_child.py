"""Scans files for unsafe pickles, one a line, in a process of its own with bounded resources.

A hostile file may make the scanner itself take all memory or never end, so this runs as a child
that may die: `python scan_child.py MEGABYTES` reads JSON lines {"path", "name"} and answers each
with {"dangerous": [...], "unknown": [...], "unread": [...]}. Nothing is ever unpickled.
"""

import bz2
import gzip
import json
import logging
import lzma
import os
import re
import resource
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

MOST = 50
# What is packed is unpacked and looked at as well: joblib writes compressed pickles, and loads them
# without being asked. So far down, and so much of one file.
DEEPEST = 3
UNPACKED = 1 << 30
OPENERS: dict[bytes, Callable[..., IO[bytes]]] = {
    b"\x1f\x8b": gzip.open,  # type: ignore[dict-item]
    b"BZh": bz2.open,  # type: ignore[dict-item]
    b"\xfd7zXZ\x00": lzma.open,
    b"]\x00\x00": lzma.open,
}
ZLIB = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
CLOSED = {b"\x04\x22\x4d\x18": "lz4", b"\x28\xb5\x2f\xfd": "zstd"}
ZIP = b"PK"
# What the scanner's own list leaves open, and runs a program or empties a file when called.
RUNNERS = frozenset(
    {
        "builtins.__import__",
        "importlib.import_module",
        "importlib.reload",
        "io.open",
        "_io.open",
        "code.InteractiveInterpreter",
        "code.InteractiveConsole",
    }
)
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
    """What one file, and what is packed in it, would import when unpickled, by how bad that is."""
    found = _itself(path, name)
    left = [UNPACKED]
    try:
        for line in _inside(path, name, left, 0):
            found = {kind: [*found[kind], *line[kind]] for kind in found}
    except MemoryError:
        found["unread"].append(f"{name} (needs too much memory)")
    except Exception as error:  # as below
        found["unread"].append(f"{name} ({type(error).__name__})")
    return _answer(**found)


def _inside(path: str, name: str, left: list[int], depth: int) -> Iterator[dict[str, list[str]]]:
    """The answers about what is packed in a file, each written out beside it and scanned."""
    for inner, stream in _packed(path):
        told = f"{name}: {inner}" if inner else f"{name} (unpacked)"
        if depth == DEEPEST:
            yield _answer(unread=[f"{name} (packed more than {DEEPEST} times)"])
            return
        with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
            place = os.path.join(folder, "file")
            with stream, open(place, "wb") as target:
                while block := stream.read(BLOCK):
                    left[0] -= len(block)
                    if left[0] < 0:
                        yield _answer(unread=[f"{told} (unpacks to more than is read)"])
                        return
                    target.write(block)
            if os.path.getsize(place):
                yield _itself(place, told)
                yield from _inside(place, told, left, depth + 1)


def _packed(path: str) -> Iterator[tuple[str, IO[bytes]]]:
    """What is packed in a file: its name there, empty for the one in a compressed file."""
    with open(path, "rb") as handle:
        head = handle.read(512)
    opener = next((found for magic, found in OPENERS.items() if head.startswith(magic)), None)
    if opener:
        yield "", opener(path)
    elif head.startswith(ZLIB):
        if _is_zlib(path):
            yield "", _Inflated(path)  # type: ignore[misc]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.flag_bits & 0x1 and _is_packed(archive.open(member).read(512)):
                    yield member.filename, archive.open(member)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path, "r:") as tar:
            for entry in tar:
                stream = tar.extractfile(entry) if entry.isfile() else None
                if stream:
                    yield entry.name, stream


def _is_packed(head: bytes) -> bool:
    """Whether a member of a zip file holds more than the one pickle that was scanned already."""
    return head.startswith((ZIP, *OPENERS, *ZLIB, *CLOSED)) or head[257:262] == b"ustar"


def _is_zlib(path: str) -> bool:
    """Whether a file that begins as zlib does is compressed so; text may begin with an x too."""
    inflating = zlib.decompressobj()
    try:
        with open(path, "rb") as handle:
            found = inflating.decompress(handle.read(BLOCK), BLOCK)
    except zlib.error:
        return False
    return bool(found) or inflating.eof


class _Inflated:
    """A file compressed with zlib, read in blocks."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed when the reader leaves
        self._object = zlib.decompressobj()

    def __enter__(self) -> "_Inflated":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size` of them."""
        while not self._object.eof:
            held = self._object.unconsumed_tail or self._file.read(size)
            if not held:
                raise EOFError("the compressed file ends early")
            if found := self._object.decompress(held, size):
                return found
        return b""


def _itself(path: str, name: str) -> dict[str, list[str]]:
    """What one file would import when it is unpickled, taken as it is."""
    from picklescan.scanner import SafetyLevel, scan_bytes, scan_pickle_bytes

    try:
        with open(path, "rb") as handle:
            result = scan_bytes(handle, name, os.path.splitext(name)[1].lower())
            handle.seek(0)
            head = handle.read(4)
            if head in CLOSED:
                return _answer(unread=[f"{name} (compressed with {CLOSED[head]})"])
            if zipfile.is_zipfile(handle) and not head.startswith(ZIP):
                # A zip file after something else: whoever unpickles it reads from the beginning.
                handle.seek(0)
                result.globals.extend(scan_pickle_bytes(handle, name).globals)
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
        what = f"{found.module}.{found.name}"
        safety = SafetyLevel.Dangerous if what in RUNNERS else found.safety
        levels[safety].add(f"{name} imports {what}")
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
