"""What Signet signs for others to check without it: gate answers, sign-offs, evidence packs.

A gate answer is a DSSE envelope (payloadType application/vnd.in-toto+json); the other texts are
signed as they are. All with the Ed25519 key of GATE_KEY_FILE, whose public part is published at
/.well-known/signet-keys.json.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from governance.gate.models import GateDecision
from governance.requests.models import SignOff
from portal.errors import Invalid
from portal.key_file import KeyFile, public_hex
from portal.trail.services import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
# What DSSE signs starts so; no other text that is signed may.
_DSSE = "DSSEv1 "


class StatementBroken(Invalid):
    """An envelope that none of the given keys signed, or that is no statement at all."""


def sign(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A DSSE envelope around `payload`, signed with the gate's key."""
    key = _signing_key()
    text = canonical(payload).encode()
    public = public_hex(key.public_key())
    signature = key.sign(pre_authentication(PAYLOAD_TYPE, text))
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(text).decode(),
        "signatures": [{"keyid": key_id(public), "sig": base64.b64encode(signature).decode()}],
    }


def verify(envelope: Any, public_keys: Iterable[str]) -> dict[str, Any]:
    """The payload of an envelope that one of `public_keys` (hex) signed; else StatementBroken."""
    try:
        body = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
        signed = pre_authentication(str(envelope["payloadType"]), body)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise StatementBroken("This is not a signed statement: it has no DSSE envelope.") from None
    keys = list(public_keys)
    if not any(_holds(signed, one, key) for one in signatures for key in keys):
        raise StatementBroken("The statement was not signed with a key that is trusted here.")
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise StatementBroken(f"The statement is not of the type {PAYLOAD_TYPE}.")
    payload = json.loads(body)
    if not isinstance(payload, dict):
        raise StatementBroken("The signed statement is not a JSON object.")
    return payload


def signature_of(text: str) -> tuple[str, str]:
    """The gate key's signature over `text` in UTF-8, and its public key, both in hex."""
    if text.startswith(_DSSE):
        raise ValueError("This text could be taken for a DSSE envelope's.")
    key = _signing_key()
    return key.sign(text.encode()).hex(), public_hex(key.public_key())


def signature_holds(text: str, signature: str, public_key: str) -> bool:
    """Whether `signature` (hex) over `text` is that of `public_key`; trust the key separately."""
    try:
        return _holds(text.encode(), bytes.fromhex(signature), public_key)
    except ValueError:
        return False


def public_keys() -> list[str]:
    """The public keys that count, in hex: the one that signs now, then older ones."""
    if not key_file().path.exists():
        _signing_key()
    return key_file().public_keys()


def key_file() -> KeyFile:
    """The file of GATE_KEY_FILE, beside the one that signs the trail's anchors."""
    return KeyFile(
        path=Path(settings.GATE_KEY_FILE),
        signs="approvals and gate answers",
        signed="statements",
        code="gate-key",
        docs="docs/gate.md",
    )


def key_id(public_key: str) -> str:
    """The name of a public key (hex) in an envelope: SHA-256 of its raw bytes, in hex."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()


def pre_authentication(payload_type: str, body: bytes) -> bytes:
    """What DSSE signs: type and body, each with its length."""
    kind = payload_type.encode()
    return b"%s%d %s %d %s" % (_DSSE.encode(), len(kind), kind, len(body), body)


def _holds(signed: bytes, signature: bytes, public_key: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signing_key() -> Ed25519PrivateKey:
    return key_file().signing_key(_nothing_signed)


def _nothing_signed() -> bool:
    return not (SignOff.objects.exists() or GateDecision.objects.exists())
