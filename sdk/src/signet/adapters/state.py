"""A fitted model on disk: state.json and native files, each named there with its SHA-256."""

import hashlib
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from signet.errors import SignetError

STATE = "state.json"


class BadState(SignetError):
    """A saved model that cannot be used: another kind, a newer format, or changed files."""


@dataclass(frozen=True)
class State:
    """Plain JSON values, and the bytes of each native file by its name."""

    values: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)


def write_state(folder: Path, kind: str, state_version: int, state: State) -> Path:
    """Write a state into a new or empty folder; BadState when something is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadState(f"{folder} is not empty; name a new folder, so that no file is mixed in.")
    for name, content in state.files.items():
        (folder / name).write_bytes(content)
    head = {
        "kind": kind,
        "state_version": state_version,
        "signet": version("signet-sdk"),
        "libraries": state.libraries,
        "files": {name: _sha256(content) for name, content in sorted(state.files.items())},
        "values": state.values,
    }
    text = json.dumps(head, indent=1, sort_keys=True, allow_nan=False)
    (folder / STATE).write_text(text, encoding="utf-8")
    return folder


def read_head(folder: Path) -> dict[str, Any]:
    """What state.json says; BadState when it is not there or not what `write_state` wrote."""
    try:
        head = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadState(f"{folder} holds no model saved by signet: {error}") from None
    if (
        not isinstance(head, dict)
        or not {"kind", "state_version", "files", "values"} <= head.keys()
    ):
        raise BadState(f"{folder / STATE} is not a state that signet wrote.")
    return head


def read_state(folder: Path, kind: str, state_version: int) -> State:
    """The state in a folder, after checking its kind, its version and every file's SHA-256."""
    head = read_head(folder)
    if head["kind"] != kind:
        raise BadState(f"{folder} holds a {head['kind']} model, not {kind}.")
    if head["state_version"] > state_version:
        raise BadState(
            f"{folder} was saved in format {head['state_version']}; this version of signet reads "
            f"up to {state_version}. Install signet-sdk {head.get('signet', '')} or newer."
        )
    files = {}
    for name, digest in head["files"].items():
        if Path(name).name != name:
            raise BadState(f"{folder / STATE} names a file outside its folder: {name!r}.")
        path = folder / name
        content = path.read_bytes() if path.is_file() else b""
        if _sha256(content) != digest:
            raise BadState(f"{path} is missing or was changed after it was saved.")
        files[name] = content
    return State(head["values"], files, head.get("libraries", {}))


def state_digest(folder: str | Path) -> str:
    """SHA-256 over kind, values and file digests: equal models saved twice give it again."""
    head = read_head(Path(folder))
    told = {name: head[name] for name in ("kind", "state_version", "values", "files")}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return _sha256(text.encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
