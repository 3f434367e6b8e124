"""Secrets of this installation: made once, kept in the state folder, private to its owner."""

import base64
import json
import os
import secrets
from pathlib import Path

from portal.up.home import Home
from portal.up.trouble import Trouble

# No letters or digits that are mistaken for each other: the password is typed by hand.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105


def _random_text() -> str:
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _password() -> str:
    parts = ("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(parts)


MAKERS = {
    "SECRET_KEY": _random_text,
    "TOKEN_PEPPER": _random_text,
    "MLFLOW_WEBHOOK_SECRET": _random_text,
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": _fernet_key,
    "SIGNET_DEMO_PASSWORD": _password,
}


def kept(home: Home) -> dict[str, str]:
    """Every secret by its name, made now where it is missing."""
    path = home.secrets / "keys.json"
    values = _read(path)
    missing = {name: make() for name, make in MAKERS.items() if name not in values}
    if missing:
        values |= missing
        write_private(path, json.dumps(values, indent=1) + "\n")
    return values


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in values.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise Trouble(
            f"The secrets in {path} cannot be read ({error}). Put a backup back in their place, or "
            "move the file away: new ones are made, people sign in again and tokens stop working."
        ) from None


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    fresh.replace(path)
