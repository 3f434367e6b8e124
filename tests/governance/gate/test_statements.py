"""What Signet signs can be checked with the public key alone, and nothing else passes for it."""

import base64
import json
import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.gate.statements import (
    StatementBroken,
    key_id,
    public_keys,
    sign,
    signature_holds,
    signature_of,
    verify,
)
from portal.errors import Upstream
from tests.governance.gate.answers import write_answer

pytestmark = pytest.mark.django_db
PAYLOAD = {"subject": [{"name": "churn/3"}], "predicate": {"verificationResult": "PASSED"}}


@pytest.fixture(autouse=True)
def own_key(settings, tmp_path):
    settings.GATE_KEY_FILE = tmp_path / "secrets" / "gate.pem"
    return settings.GATE_KEY_FILE


def test_an_envelope_gives_its_payload_back_and_names_its_key():
    envelope = sign(PAYLOAD)
    assert verify(envelope, public_keys()) == PAYLOAD
    assert envelope["signatures"][0]["keyid"] == key_id(public_keys()[0])
    assert envelope["payloadType"] == "application/vnd.in-toto+json"


def test_the_key_is_readable_by_its_owner_alone(own_key):
    sign(PAYLOAD)
    assert stat.S_IMODE(os.stat(own_key).st_mode) == 0o600


@pytest.mark.parametrize("part", ["payload", "payloadType", "sig"])
def test_a_changed_envelope_is_refused(part):
    envelope = sign(PAYLOAD)
    if part == "sig":
        envelope["signatures"][0]["sig"] = base64.b64encode(b"x" * 64).decode()
    elif part == "payload":
        changed = json.dumps({**PAYLOAD, "predicate": {"verificationResult": "FAILED"}})
        envelope["payload"] = base64.b64encode(changed.encode()).decode()
    else:
        envelope["payloadType"] = "application/json"
    with pytest.raises(StatementBroken):
        verify(envelope, public_keys())


def test_an_envelope_of_another_key_is_refused():
    envelope = sign(PAYLOAD)
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    with pytest.raises(StatementBroken, match="not signed with a key"):
        verify(envelope, [other])


@pytest.mark.parametrize(
    "envelope",
    [
        None,
        [],
        "text",
        {},
        {"payload": "%%%", "payloadType": "x", "signatures": []},
        {"payload": "e30=", "payloadType": "x", "signatures": [{"sig": 7}]},
        {"payload": "e30=", "payloadType": "x", "signatures": 3},
    ],
)
def test_what_is_no_envelope_is_refused(envelope):
    with pytest.raises(StatementBroken):
        verify(envelope, public_keys())


def test_a_text_signed_as_it_is_never_passes_for_an_envelope():
    text = "one sign-off, word by word"
    signature, public = signature_of(text)
    assert public in public_keys()
    assert signature_holds(text, signature, public)
    assert not signature_holds(text + ".", signature, public)
    assert not signature_holds(text, "zz", public)
    with pytest.raises(ValueError, match="DSSE"):
        signature_of("DSSEv1 28 application/vnd.in-toto+json 2 {}")


def test_a_lost_key_is_not_replaced_in_silence(own_key):
    write_answer()
    own_key.unlink()
    with pytest.raises(Upstream, match="Put its backup back"):
        sign(PAYLOAD)
    with pytest.raises(Upstream, match="Put its backup back"):
        public_keys()


def test_older_public_keys_kept_in_the_file_still_count(own_key):
    envelope = sign(PAYLOAD)
    old = public_keys()[0]
    from cryptography.hazmat.primitives import serialization

    pem = own_key.read_bytes()
    public = (
        serialization.load_pem_private_key(pem, None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    own_key.unlink()
    fresh = sign(PAYLOAD)
    own_key.write_bytes(own_key.read_bytes() + public)
    assert public_keys()[1:] == [old]
    assert verify(envelope, public_keys()) == verify(fresh, public_keys()) == PAYLOAD
