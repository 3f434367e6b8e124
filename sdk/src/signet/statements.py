"""Checking what Signet signed, without asking Signet: envelopes, keys and statements."""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from signet.errors import NoAnswer, SignetError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
OURS = "urn:signet:gate:v1"
_HEX_KEY = re.compile(r"\b[0-9a-f]{64}\b", re.I)
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.S)


class Broken(SignetError):
    """What was signed is not what is there, or nobody trusted has signed it."""


@dataclass(frozen=True)
class Statement:
    """A gate answer whose signature holds."""

    model: str
    version: str
    asked: str
    environment: str
    answer: str
    mode: str
    passed: bool
    digest: str
    at: datetime
    valid_until: datetime | None
    reasons: list[dict[str, str]]
    conditions: list[dict[str, str]]
    link: str

    def facts(self) -> dict[str, Any]:
        """The statement as data."""
        return {
            "model": self.model,
            "version": self.version,
            "environment": self.environment,
            "answer": self.answer,
            "mode": self.mode,
            "artifact_sha256": self.digest,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "reasons": self.reasons,
            "conditions": self.conditions,
        }

    def problems(
        self,
        *,
        at: datetime,
        model: str = "",
        version: str = "",
        environment: str = "",
        digest: str = "",
    ) -> list[str]:
        """Why this statement does not let the named version run; empty when it does."""
        found = []
        if not self.passed:
            codes = ", ".join(reason["code"] for reason in self.reasons)
            found.append(f"It is not an approval: {codes or 'the gate said no'}.")
        for label, said, wanted in (
            ("model", self.model, model),
            ("version", self.version, version),
            ("environment", self.environment, environment),
            ("artifact digest", self.digest, digest),
        ):
            if wanted and said != wanted:
                found.append(f"It is about the {label} {said or 'unknown'}, not {wanted}.")
        if self.valid_until is None or self.valid_until <= at:
            ended = f"{self.valid_until:%Y-%m-%d %H:%M} UTC" if self.valid_until else "never"
            found.append(f"It was valid until {ended}.")
        return found


def read_keys(text: str) -> list[str]:
    """The Ed25519 public keys in a key set (JSON), in PEM blocks or written in hex."""
    keys = _from_key_set(text)
    if not keys:
        keys = [_from_pem(block) for block in _PEM.findall(text)] or [
            found.lower() for found in _HEX_KEY.findall(text)
        ]
    if not keys:
        raise NoAnswer(
            "There is no public key in it. Expected Signet's key set (signet gate keys), PEM, or "
            "64 hexadecimal digits."
        )
    return keys


def _from_key_set(text: str) -> list[str]:
    try:
        listed = json.loads(text)["keys"]
        return [
            base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4)).hex()
            for key in listed
            if key.get("crv") == "Ed25519"
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _from_pem(block: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(block.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise NoAnswer("The public key is not an Ed25519 key.")
    return key.public_bytes_raw().hex()


def opened(envelope: Any, keys: Iterable[str]) -> dict[str, Any]:
    """The statement inside a DSSE envelope that one of `keys` (hex) signed; else Broken."""
    try:
        body = base64.b64decode(envelope["payload"], validate=True)
        kind = str(envelope["payloadType"])
        signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise Broken("This is not a signed statement: it has no DSSE envelope.") from None
    signed = b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(body), body)
    trusted = list(keys)
    if not any(holds(signed, one, key) for one in signatures for key in trusted):
        raise Broken("The statement was not signed with a key that is trusted here.")
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if kind != PAYLOAD_TYPE or not isinstance(payload, dict):
        raise Broken(f"The signed text is not a statement of the type {PAYLOAD_TYPE}.")
    return payload


def holds(signed: bytes, signature: bytes, key: str) -> bool:
    """Whether `signature` over `signed` is that of the public key (hex)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def statement_of(envelope: Any, keys: Iterable[str]) -> Statement:
    """A gate answer from its envelope; Broken when it is not one, or not signed by `keys`."""
    payload = opened(envelope, keys)
    if payload.get("_type") != STATEMENT or payload.get("predicateType") != SUMMARY:
        raise Broken("The signed statement is not a gate answer.")
    try:
        predicate = payload["predicate"]
        ours = predicate[OURS]
        ends = ours["valid_until"]
        return Statement(
            model=ours["model"],
            version=ours["version"],
            asked=ours["asked"],
            environment=ours["environment"],
            answer=ours["answer"],
            mode=ours["mode"],
            passed=predicate["verificationResult"] == "PASSED",
            digest=ours["artifact_sha256"],
            at=datetime.fromisoformat(predicate["timeVerified"]).astimezone(UTC),
            valid_until=datetime.fromisoformat(ends).astimezone(UTC) if ends else None,
            reasons=list(ours["reasons"]),
            conditions=list(ours["conditions"]),
            link=ours["link"],
        )
    except (KeyError, TypeError, ValueError):
        raise Broken("The signed statement lacks what a gate answer says.") from None
