"""What a signer signs, as canonical text with Signet's own signature over it."""

import json
from collections.abc import Iterable
from typing import Any

from governance.gate.statements import signature_holds, signature_of
from governance.requests.models import Decision, SignOff
from governance.requests.parts import sha256_of
from portal.trail.services import canonical

KIND = "https://signet.dev/sign-off/v1"
MEANINGS = {
    Decision.APPROVE: "I have examined the evidence of this request and approve, in the role of "
    "{role}, that this version may run in {environment}.",
    Decision.CONDITIONAL: "I have examined the evidence of this request and approve, in the role "
    "of {role}, that this version may run in {environment} under the conditions I name.",
    Decision.RETURN: "I have examined this request in the role of {role} and send it back for "
    "changes.",
    Decision.REJECT: "I have examined this request in the role of {role} and reject it.",
}


def meaning_of(decision: str, role: str, environment: str) -> str:
    """What a signature with this decision means, in words the signer sees before signing."""
    return MEANINGS[Decision(decision)].format(role=role, environment=environment)


def statement_of(row: SignOff, conditions: Iterable[dict[str, Any]] = ()) -> str:
    """The canonical text of a sign-off: everything that would give it another meaning."""
    promised = [{**one, "due_on": str(one["due_on"])} for one in conditions]
    return canonical({**facts_of(row), "conditions": promised})


def facts_of(row: SignOff) -> dict[str, Any]:
    """What the statement says about the row itself; the row proves itself against it."""
    return {
        "kind": KIND,
        "request": row.request_id,
        "seat": row.seat_id,
        "round": row.round,
        "digest": row.digest,
        "subject": sha256_of(row.subject),
        "signer": row.signer_id,
        "name": row.signer_name,
        "role": row.role,
        "on_behalf_of": row.on_behalf_of_id,
        "decision": row.decision,
        "meaning": row.meaning,
        "reason": row.reason,
        "evidence_opened": row.evidence_opened,
        "reauthenticated_at": row.reauthenticated_at.isoformat() if row.reauthenticated_at else "",
        "at": row.at.isoformat(),
    }


def seal(row: SignOff, conditions: Iterable[dict[str, Any]] = ()) -> None:
    """Write the statement of a new sign-off and sign it with Signet's key."""
    row.statement = statement_of(row, conditions)
    row.signature, row.public_key = signature_of(row.statement)


def broken(row: SignOff, trusted: Iterable[str]) -> str:
    """What is wrong with a stored sign-off; empty when it is the one that was signed."""
    if row.public_key not in trusted:
        return "it is signed with a key that Signet does not know"
    if not signature_holds(row.statement, row.signature, row.public_key):
        return "its signature does not fit its statement"
    stated = json.loads(row.statement)
    stated.pop("conditions", None)
    differing = sorted(
        name
        for name, value in json.loads(canonical(facts_of(row))).items()
        if stated.get(name) != value
    )
    if differing:
        return f"its statement says something else about {', '.join(differing)}"
    if row.digest != stated["subject"] or row.subject.get("request") != row.request_id:
        return "it signs another subject than the request it stands in"
    return ""
