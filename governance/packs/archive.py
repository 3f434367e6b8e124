"""The archive: files with their SHA-256s, a manifest of them, and Signet's signature over it.

`manifest.json` is `{"format": 1, "files": {path: sha256}, ...}`; `manifest.sig` holds an Ed25519
signature over its exact bytes. `signet evidence verify` checks both, and everything inside.
"""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import IO, Any

from governance.gate.statements import signature_of
from portal.trail.services import finite, plain

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
# The same content gives the same bytes: no file has a time of its own.
EPOCH = (1980, 1, 1, 0, 0, 0)


def as_json(value: Any) -> bytes:
    """A value as JSON that people can read and that is the same each time."""
    text = json.dumps(finite(value), indent=1, sort_keys=True, ensure_ascii=False, default=plain)
    return f"{text}\n".encode()


class Archive:
    """Takes files one by one and is signed at the end."""

    def __init__(self, place: Path) -> None:
        self.files: dict[str, str] = {}
        self._zip = zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED)

    def add(self, path: str, content: bytes) -> None:
        """Add a file; ValueError for a path that is there already."""
        if path in self.files or path in (MANIFEST, SIGNATURE):
            raise ValueError(f"The pack has a file {path} already.")
        self.files[path] = hashlib.sha256(content).hexdigest()
        self._write(path, content)

    def add_file(self, path: str, file: IO[bytes]) -> None:
        """Add a file in pieces, so that a large one takes little memory."""
        if path in self.files:
            raise ValueError(f"The pack has a file {path} already.")
        digest = hashlib.sha256()
        with self._zip.open(_info(path), "w", force_zip64=True) as target:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
                target.write(piece)
        self.files[path] = digest.hexdigest()

    def seal(self, **facts: Any) -> dict[str, Any]:
        """Write the manifest and its signature, and close; returns the manifest."""
        manifest = {"format": FORMAT, **facts, "files": dict(sorted(self.files.items()))}
        text = as_json(manifest).decode()
        signature, public_key = signature_of(text)
        signed = {"algorithm": "Ed25519", "public_key": public_key, "signature": signature}
        self._write(MANIFEST, text.encode())
        self._write(SIGNATURE, as_json(signed))
        self._zip.close()
        return manifest

    def close(self) -> None:
        """Close without sealing, after a failure."""
        self._zip.close()

    def _write(self, path: str, content: bytes) -> None:
        self._zip.writestr(_info(path), content)


def _info(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
