"""The key that signs anchors: one file, readable by its owner alone."""

import fcntl
import os
import re
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from portal.errors import Upstream

_PEM = re.compile(rb"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.S)


def public_hex(key: Ed25519PublicKey) -> str:
    """The public key as anchors and auditors write it."""
    return key.public_bytes_raw().hex()


def signing_key(*, may_make: bool) -> Ed25519PrivateKey:
    """The private key of TRAIL_KEY_FILE, made now if it is missing and `may_make` is true."""
    path = Path(settings.TRAIL_KEY_FILE)
    if not path.exists():
        if not may_make:
            raise _trouble(path, "is missing, and anchors signed with it exist")
        _make(path)
    for block in _blocks(path):
        if b"PRIVATE" in block:
            return _private(path, block)
    raise _trouble(path, "holds no private key")


def trusted_keys() -> list[str]:
    """Public keys whose anchors count: the signing key's, then older ones kept in the same file."""
    path = Path(settings.TRAIL_KEY_FILE)
    if not path.exists():
        return []
    keys = []
    for block in _blocks(path):
        if b"PRIVATE" in block:
            keys.append(public_hex(_private(path, block).public_key()))
        else:
            keys.append(public_hex(_public(path, block)))
    return keys


def _blocks(path: Path) -> list[bytes]:
    try:
        return _PEM.findall(path.read_bytes())
    except OSError as error:
        raise _trouble(path, f"cannot be read ({error.strerror})") from None


def _private(path: Path, block: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(block, None)
    except (ValueError, TypeError):
        raise _trouble(path, "holds a private key that cannot be read") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _trouble(path, "holds a key that is not an Ed25519 key")
    return key


def _public(path: Path, block: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(block)
    except ValueError:
        raise _trouble(path, "holds a public key that cannot be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _trouble(path, "holds a key that is not an Ed25519 key")
    return key


def _make(path: Path) -> None:
    """Make the key whole or not at all; two processes that start at once agree on one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return
        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        fresh = path.with_name(path.name + ".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)


def _trouble(path: Path, what: str) -> Upstream:
    return Upstream(
        f"The key that signs the trail's anchors, {path}, {what}. Put its backup back in place; "
        "a new key needs the old public key beside it (docs/trail.md).",
        permanent=True,
        code="trail-key",
    )
