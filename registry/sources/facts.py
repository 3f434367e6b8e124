"""What a registry said, as columns, as a fingerprint and as differences for the trail."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from registry.connectors.base import RemoteModel, RemoteVersion, VersionDetail

MODEL_FACTS = ("description", "tags", "aliases")
VERSION_FACTS = ("description", "status", "source_uri", "run_id", "tags")
DETAIL_FACTS = (
    "run_name",
    "run_user",
    "git_commit",
    "experiment",
    "experiment_id",
    "logged_model_id",
    "params",
    "metrics",
    "run_tags",
    "signature",
    "datasets",
    "flavors",
)
SHOWN = 200


def model_columns(remote: RemoteModel) -> dict[str, Any]:
    """The columns that the source owns, with the fingerprint of exactly these."""
    facts = {
        "description": remote.description,
        "tags": dict(remote.tags),
        "aliases": dict(remote.aliases),
        "created_at": remote.created,
        "remote_updated_at": remote.updated,
    }
    return {**facts, "fingerprint": fingerprint(facts)}


def version_columns(remote: RemoteVersion, aliases: Mapping[str, str]) -> dict[str, Any]:
    """The columns that the source owns; `aliases` are its model's, which alone knows them."""
    facts = {
        "description": remote.description,
        "status": remote.status,
        "source_uri": remote.source_uri,
        "run_id": remote.run_id,
        "tags": dict(remote.tags),
        "aliases": sorted(name for name, number in aliases.items() if number == remote.version),
        "created_at": remote.created,
        "remote_updated_at": remote.updated,
    }
    return {**facts, "fingerprint": fingerprint(facts)}


def detail_columns(detail: VersionDetail) -> dict[str, Any]:
    """The columns that a version's details fill."""
    plain = {name: getattr(detail, name) for name in DETAIL_FACTS}
    for name in ("params", "metrics", "run_tags", "signature"):
        plain[name] = dict(plain[name])
    return {
        **plain,
        "datasets": [dict(item) for item in detail.datasets],
        "flavors": [*detail.flavors],
    }


def fingerprint(facts: Mapping[str, Any]) -> str:
    """SHA-256 over the facts in one canonical writing."""
    written = json.dumps(facts, sort_keys=True, separators=(",", ":"), default=_moment)
    return hashlib.sha256(written.encode()).hexdigest()


def _moment(value: Any) -> float:
    return float(value.timestamp())


def ordinal(version: str) -> int:
    """A version's place in time; versions of MLflow are whole numbers."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 19 else 0


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, as short values on both sides; dictionaries only by the keys that differ."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in after:
        was, now = before[name], after[name]
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            keys = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))[
                :50
            ]
            old[name] = {key: shown(was[key]) for key in keys if key in was}
            new[name] = {key: shown(now[key]) for key in keys if key in now}
        else:
            old[name], new[name] = shown(was), shown(now)
    return old, new


def shown(value: Any) -> Any:
    """A value as the trail keeps it: whole when small, else its beginning."""
    if value is None or isinstance(value, bool | int | float):
        return value
    written = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return written if len(written) <= SHOWN else written[: SHOWN - 1] + "…"
