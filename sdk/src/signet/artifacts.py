"""The digest of a model's files, the same that Signet computes from MLflow."""

import hashlib
import json
from pathlib import Path

from signet.errors import NoAnswer

# MLflow writes this beside a registered model's files when it downloads them.
ADDED_BY_DOWNLOAD = "registered_model_meta"


def artifact_digest(folder: Path) -> str:
    """SHA-256, in hex, over path, size and SHA-256 of every file below `folder`."""
    if not folder.is_dir():
        raise NoAnswer(f"{folder} is not a folder. Give the folder of the downloaded model.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    rows = [
        _row(path, path.relative_to(folder).as_posix())
        for path in files
        if path.relative_to(folder).as_posix() != ADDED_BY_DOWNLOAD
    ]
    if not rows:
        raise NoAnswer(f"{folder} holds no file. Give the folder of the downloaded model.")
    return rows_digest(rows)


def rows_digest(rows: list[list[str | int]]) -> str:
    """The digest of rows of path, size and SHA-256, whatever their order."""
    text = json.dumps(sorted(rows), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _row(path: Path, name: str) -> list[str | int]:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return [name, path.stat().st_size, sha256]
    except OSError as error:
        raise NoAnswer(f"{path} cannot be read: {error.strerror}.") from None
