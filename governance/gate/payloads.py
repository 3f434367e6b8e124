"""A gate answer as an in-toto statement with SLSA's verification summary as its predicate."""

import base64
import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from governance.gate.judging import Judgement
from governance.gate.models import GateDecision
from registry.inventory.models import ModelVersion

STATEMENT = "https://in-toto.io/Statement/v1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
# Extension fields carry a URI as their name, as in-toto asks.
OURS = "urn:signet:gate:v1"


def payload_of(judgement: Judgement) -> dict[str, Any]:
    """The statement of a judgement; what the standard has no word for stands under `OURS`."""
    question, version = judgement.question, judgement.version
    uri = resource_uri(version, question.model, question.named)
    return {
        "_type": STATEMENT,
        "subject": [{"name": uri, "digest": _digests(judgement, uri)}],
        "predicateType": SUMMARY,
        "predicate": {
            "verifier": {"id": settings.PORTAL_URL, "version": {"signet": settings.VERSION}},
            "timeVerified": moment(judgement.at),
            "resourceUri": uri,
            "policy": _policy(judgement),
            "verificationResult": "PASSED" if judgement.approved else "FAILED",
            "verifiedLevels": ["SIGNET_APPROVED"] if judgement.approved else ["SIGNET_DENIED"],
            "slsaVersion": "1.1",
            OURS: _ours(judgement),
        },
    }


def _ours(judgement: Judgement) -> dict[str, Any]:
    question, version, request = judgement.question, judgement.version, judgement.request
    ends = judgement.valid_until
    return {
        "answer_id": str(uuid.uuid4()),
        "answer": judgement.answer.value,
        "mode": str(judgement.mode),
        "model": question.model,
        "version": version.version if version else "",
        "asked": question.named,
        "source": version.model.source.base_url if version else "",
        "environment": question.environment,
        "artifact_sha256": judgement.digest,
        "asked_sha256": question.digest,
        "commit": question.commit,
        "pipeline_url": question.pipeline_url,
        "reasons": [{"code": o.code.value, "text": o.text} for o in judgement.objections],
        "conditions": [
            {"text": c.text, "owner": str(c.owner), "due_on": c.due_on.isoformat()}
            for c in judgement.conditions
        ],
        "request": request.pk if request else None,
        "request_digest": request.digest if request else "",
        "valid_until": moment(ends) if ends else None,
        "link": link_of(judgement),
    }


def resource_uri(version: ModelVersion | None, model: str, named: str) -> str:
    """The version as MLflow writes it."""
    if version:
        return f"models:/{version.model.name}/{version.version}"
    return f"models:/{model}{named}" if named.startswith("@") else f"models:/{model}/{named}"


def _digests(judgement: Judgement, uri: str) -> dict[str, str]:
    """The artifact's SHA-256; without one the name's, so that the subject is never empty."""
    if judgement.digest:
        return {"sha256": judgement.digest}
    source = judgement.version.model.source.base_url if judgement.version else ""
    return {"signetName": hashlib.sha256(f"{source} {uri}".encode()).hexdigest()}


def _policy(judgement: Judgement) -> dict[str, Any]:
    policy = judgement.policy
    if policy is None:
        return {"uri": f"{settings.PORTAL_URL}/policies/"}
    return {
        "uri": f"{settings.PORTAL_URL}/policies/{policy.number}/",
        "digest": {"sha256": policy.digest},
    }


def link_of(judgement: Judgement) -> str:
    """The page that says more: the request's, else the version's, else the list of models."""
    version, request = judgement.version, judgement.request
    try:
        if request:
            return settings.PORTAL_URL + reverse("request_detail", args=[request.pk])
    except NoReverseMatch:  # approvals have no pages in this installation
        pass
    if version:
        place = reverse("version_detail", args=[version.model_id, version.version])
        return settings.PORTAL_URL + place
    return settings.PORTAL_URL + reverse("model_list")


def payload_in(decision: GateDecision) -> dict[str, Any]:
    """What a stored answer's envelope says, as it was written; {} for an answer without one."""
    text = decision.envelope.get("payload")
    return json.loads(base64.b64decode(text)) if text else {}


def ours_in(decision: GateDecision) -> dict[str, Any]:
    """Signet's own part of a stored answer's statement."""
    found = payload_in(decision).get("predicate", {}).get(OURS, {})
    return found if isinstance(found, dict) else {}


def moment(at: datetime) -> str:
    """A time as in-toto writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def words_of(judgement: Judgement) -> str:
    """The answer in words: the first line says it, one line for each reason follows."""
    what = judgement.version or f"{judgement.question.model} {judgement.question.named}"
    where = judgement.question.environment
    if judgement.approved:
        lines = [f"{what} may run in {where}."]
        lines += [f"Condition until {c.due_on:%d %B %Y}: {c.text}" for c in judgement.conditions]
    elif judgement.mode == "enforce":
        lines = [f"{what} may not run in {where}."]
    else:
        lines = [
            f"{what} is not approved for {where}. The gate only {judgement.mode}s there, so this "
            "does not stop it."
        ]
    return "\n".join([*lines, *(objection.text for objection in judgement.objections)])
