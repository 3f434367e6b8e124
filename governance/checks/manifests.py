"""Reading an artifact: the SHA-256 of every file, their common digest, and what a scanner found."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.checks.scanning import Scanner
from registry.connectors.base import Artifact, BadAnswer, RemoteFile, TooLarge

MEGABYTE = 1024 * 1024
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Bounds:
    """How much of an artifact is read at most; files above `scanned` are hashed, not scanned."""

    files: int = 10_000
    bytes: int = 20 * 1024 * MEGABYTE
    scanned: int = 1024 * MEGABYTE


@dataclass(frozen=True)
class Reading:
    """What an artifact is made of."""

    files: list[dict[str, Any]]
    total_bytes: int
    scan: dict[str, object]

    @property
    def digest(self) -> str:
        """The artifact's digest."""
        return manifest_digest(self.files)


def manifest_digest(files: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256, in hex, over the canonical JSON of [path, size, sha256] of every file by path.

    The SDK computes the same: the tests hold both to one file, artifact_digests.json.
    """
    rows = sorted([str(f["path"]), int(f["size"]), str(f["sha256"])] for f in files)
    text = json.dumps(rows, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def artifact_read(
    artifact: Artifact, *, bounds: Bounds | None = None, progress: Progress | None = None
) -> Reading:
    """Read, hash and scan every file; TooLarge when there is more than the bounds allow.

    One file at a time lies on disk, in a folder of its own, and is never opened by anything but the
    scanner.
    """
    limits = bounds or Bounds()
    listed = _listed(artifact, limits)
    files: list[dict[str, Any]] = []
    total = 0
    with tempfile.TemporaryDirectory(prefix="signet-") as folder, Scanner() as scanner:
        for number, file in enumerate(listed, start=1):
            entry = _one(artifact, file, Path(folder) / "file", limits, total, scanner)
            total += entry["size"]
            files.append(entry)
            if progress:
                progress(number, len(listed), file.path[:80])
        return Reading(files, total, scanner.result())


def _listed(artifact: Artifact, limits: Bounds) -> list[RemoteFile]:
    files: dict[str, RemoteFile] = {}
    known = 0
    for file in artifact.files():
        if file.path in files:
            raise BadAnswer(f"MLflow lists the file {file.path[:80]!r} twice.")
        files[file.path] = file
        known += file.size or 0
        if len(files) > limits.files:
            raise TooLarge(f"The model has more than {limits.files:,} files.")
        if known > limits.bytes:
            raise _too_much(limits)
    return [files[path] for path in sorted(files)]


def _too_much(limits: Bounds) -> TooLarge:
    return TooLarge(f"The model is larger than {limits.bytes / MEGABYTE:,.0f} MB.")


def _one(
    artifact: Artifact, file: RemoteFile, place: Path, limits: Bounds, total: int, scanner: Scanner
) -> dict[str, Any]:
    hashed = hashlib.sha256()
    kept = 0
    with place.open("wb") as handle:

        def take(part: bytes) -> None:
            nonlocal kept
            hashed.update(part)
            kept += len(part)
            if kept <= limits.scanned:
                handle.write(part)

        try:
            size = artifact.read(file, take, limit=limits.bytes - total)
        except TooLarge:
            raise _too_much(limits) from None
    if size > limits.scanned:
        scanner.skip(file.path, f"larger than {limits.scanned / MEGABYTE:,.0f} MB")
    elif size:
        scanner.scan(place, file.path)
    return {"path": file.path, "size": size, "sha256": hashed.hexdigest()}
