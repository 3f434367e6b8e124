"""A file with the Ed25519 key that signs something, readable by its owner alone."""

import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from portal.errors import Upstream

_PEM = re.compile(rb"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.S)


def public_hex(key: Ed25519PublicKey) -> str:
    """The public key as anchors, statements and auditors write it."""
    return key.public_bytes_raw().hex()


@dataclass(frozen=True)
class KeyFile:
    """The private key that signs now, then public keys of older ones; `signs` says what it signs.

    A key is never made a second time in silence: what the lost one signed would no longer count.
    """

    path: Path
    signs: str
    signed: str
    code: str
    docs: str

    def signing_key(self, may_make: Callable[[], bool]) -> Ed25519PrivateKey:
        """The private key, made now if the file is missing and `may_make` answers true."""
        if not self.path.exists():
            if not may_make():
                raise self._trouble(f"is missing, and {self.signed} signed with it exist")
            self.make()
        for block in self._blocks():
            if b"PRIVATE" in block:
                return self._private(block)
        raise self._trouble("holds no private key")

    def public_keys(self) -> list[str]:
        """The public keys whose signatures count: the signing key's, then older ones beside it."""
        if not self.path.exists():
            return []
        return [
            public_hex(
                self._private(block).public_key() if b"PRIVATE" in block else self._public(block)
            )
            for block in self._blocks()
        ]

    def _blocks(self) -> list[bytes]:
        try:
            return _PEM.findall(self.path.read_bytes())
        except OSError as error:
            raise self._trouble(f"cannot be read ({error.strerror})") from None

    def _private(self, block: bytes) -> Ed25519PrivateKey:
        try:
            key = serialization.load_pem_private_key(block, None)
        except (ValueError, TypeError):
            raise self._trouble("holds a private key that cannot be read") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise self._trouble("holds a key that is not an Ed25519 key")
        return key

    def _public(self, block: bytes) -> Ed25519PublicKey:
        try:
            key = serialization.load_pem_public_key(block)
        except ValueError:
            raise self._trouble("holds a public key that cannot be read") from None
        if not isinstance(key, Ed25519PublicKey):
            raise self._trouble("holds a key that is not an Ed25519 key")
        return key

    def make(self) -> None:
        """Make the key, whole or not at all, unless the file is there already."""
        # Two processes that start at once agree on one key.
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_name(self.path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.path.exists():
                return
            text = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            fresh = self.path.with_name(self.path.name + ".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self.path)

    def _trouble(self, what: str) -> Upstream:
        return Upstream(
            f"The key that signs {self.signs}, {self.path}, {what}. Put its backup back in place; "
            f"a new key needs the old public key beside it ({self.docs}).",
            permanent=True,
            code=self.code,
        )
