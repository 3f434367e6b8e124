"""The tags that say in MLflow what was decided; they inform, and the gate never believes them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone

from governance.gate.judging import judge
from governance.gate.payloads import OURS, moment, payload_of
from governance.gate.questions import question_read
from governance.gate.statements import sign
from governance.requests.models import GRANTED_STATES, ApprovalRequest
from governance.writeback.models import WriteBack, WriteState
from portal.actors import service
from portal.trail.services import canonical
from registry.inventory.models import ModelVersion

STATUS, REQUEST, EXPIRES, TOKEN = (
    "signet.status",
    "signet.request",
    "signet.expires",
    "signet.token",
)
DECIDED = (STATUS, REQUEST, EXPIRES, TOKEN)
WRITTEN = (WriteState.DONE, WriteState.OVERTAKEN)


def granted_tags(request: ApprovalRequest) -> dict[str, str | None]:
    """What is written when an approval is given, with a token that is checked offline."""
    expires = request.expires_at.isoformat() if request.expires_at else None
    return {
        STATUS: str(request.state),
        REQUEST: str(request.pk),
        EXPIRES: expires,
        TOKEN: token_of(request),
    }


def ended_tags(request: ApprovalRequest, code: str) -> dict[str, str | None]:
    """What is written when it ends: why, and no token any more."""
    state = str(request.state)
    return {
        STATUS: code.lower() if state in GRANTED_STATES else state,
        REQUEST: str(request.pk),
        EXPIRES: None,
        TOKEN: None,
    }


def token_of(request: ApprovalRequest) -> str | None:
    """A signed statement like a gate answer, valid as long as the approval; None if none holds."""
    version = request.version
    question = question_read(
        model=version.model.name,
        version=version.version,
        environment=request.environment,
        source=version.model.source.name,
    )
    judged = judge(service("governance"), question, at=timezone.now(), locking=False)
    judged = replace(judged, request=request)
    if not judged.approved:
        return None
    payload = payload_of(judged)
    ours = payload["predicate"][OURS]
    ours["valid_until"] = moment(request.expires_at) if request.expires_at else None
    return canonical(sign(payload))


def expected_tags(version: ModelVersion, *, soon: bool = False) -> dict[str, str | None]:
    """What a version's tags should say by what was written last; each tag None if never written.

    `soon` counts what waits to be written as well.
    """
    counted = [*WRITTEN, *([WriteState.WAITING] if soon else [])]
    rows = WriteBack.objects.filter(version=version, state__in=counted)
    return expected_of(rows.order_by("pk").values_list("wanted", flat=True))


def expected_of(wanted: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """What the tags of decisions say after these write-backs, in their order."""
    expected: dict[str, Any] = dict.fromkeys(DECIDED)
    for one in wanted:
        expected |= one.get("tags") or {}
    return tags_of(expected)


def tags_of(tags: Mapping[str, Any]) -> dict[str, str | None]:
    """The tags of decisions among these, None for each that is not there."""
    return {name: tags.get(name) for name in DECIDED}


def copies_of(version: ModelVersion) -> list[str]:
    """The registered models into which this version was copied."""
    rows = WriteBack.objects.filter(version=version, state=WriteState.DONE)
    copied = rows.filter(wanted__has_key="copy_to").order_by("pk")
    return list(dict.fromkeys(copied.values_list("wanted__copy_to", flat=True)))
