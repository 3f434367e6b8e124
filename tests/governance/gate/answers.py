"""Gate answers as rows, for tests that need one to be there."""

from typing import Any

from governance.gate.models import GateAnswer, GateDecision, GateMode
from governance.gate.statements import sign


def write_answer(**fields: Any) -> GateDecision:
    return GateDecision.objects.create(
        **{
            "asked_model": "churn",
            "asked_version": "3",
            "environment": "production",
            "mode": GateMode.ENFORCE,
            "answer": GateAnswer.DENY,
            "reasons": ["NO_REQUEST"],
            "text": "No approval was ever asked for.",
            "envelope": sign({"predicate": {}}),
            "asked_by_key": "token:1",
            "asked_by_name": "pipeline",
            **fields,
        }
    )
