"""The statement that a pipeline brings: the gate's own answer, about this version, still valid."""

import json
from typing import Any

from django.utils import timezone

from governance.gate.models import GateAnswer, GateDecision
from governance.gate.statements import StatementBroken, public_keys, verify
from registry.deployments.doors import NotApproved
from registry.inventory.models import ModelVersion

HOW = "Ask the gate with `signet gate check --save FILE`, deploy, then record with that file."


def decision_behind(statement: Any, *, version: ModelVersion, environment: str) -> GateDecision:
    """The stored answer that this statement is; NotApproved says what is wrong with another."""
    if not statement:
        raise NotApproved(
            "A pipeline records a deployment there with the gate's statement about it, and none "
            f"was sent. {HOW}",
            ["NO_STATEMENT"],
        )
    envelope = _read(statement)
    try:
        verify(envelope, public_keys())
    except StatementBroken as broken:
        raise NotApproved(f"{broken.message} {HOW}", ["SIGNATURE_BROKEN"]) from None
    asked = GateDecision.objects.filter(version=version, environment=environment)
    found = asked.filter(envelope=envelope).first()
    if found is None:
        raise NotApproved(
            f"This statement of the gate is not about {version} in {environment}. {HOW}",
            ["STATEMENT_OF_ANOTHER"],
        )
    if found.answer == GateAnswer.DENY:
        raise NotApproved(f"The statement is a refusal. {found.text}", found.reasons)
    if found.valid_until and found.valid_until <= timezone.now():
        raise NotApproved(
            f"The statement was valid until {found.valid_until:%d %B %Y %H:%M} UTC. {HOW}",
            ["STATEMENT_EXPIRED"],
        )
    return found


def _read(statement: Any) -> Any:
    if not isinstance(statement, str):
        return statement
    try:
        return json.loads(statement)
    except (ValueError, RecursionError):
        raise NotApproved(f"The statement is not JSON. {HOW}", ["SIGNATURE_BROKEN"]) from None
