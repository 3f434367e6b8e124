"""The key that signs anchors: one file, readable by its owner alone."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from portal.key_file import KeyFile, public_hex

__all__ = ["public_hex", "signing_key", "trusted_keys"]


def signing_key(*, may_make: bool) -> Ed25519PrivateKey:
    """The private key of TRAIL_KEY_FILE, made now if it is missing and `may_make` is true."""
    return _file().signing_key(lambda: may_make)


def trusted_keys() -> list[str]:
    """Public keys whose anchors count: the signing key's, then older ones kept in the same file."""
    return _file().public_keys()


def _file() -> KeyFile:
    return KeyFile(
        path=Path(settings.TRAIL_KEY_FILE),
        signs="the trail's anchors",
        signed="anchors",
        code="trail-key",
        docs="docs/trail.md",
    )
