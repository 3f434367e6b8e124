"""What a request asks people to judge, in one canonical form with a digest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.policies.rules import SeatRule
from governance.requests.models import ApprovalRequest
from governance.requests.parts import LABELS, digests_of, live_parts, sha256_of
from portal.trail.services import canonical
from registry.inventory.models import ModelVersion

FORMAT = 1


@dataclass(frozen=True)
class Subject:
    """The facts that are judged, their digest, and the digest of each part."""

    facts: dict[str, Any]
    digest: str
    parts: dict[str, str]


def subject_of(version: ModelVersion, environment: str, request: ApprovalRequest) -> Subject:
    """What the request is about as things are now: what it pins, with the live parts.

    Equal to `request.digest` exactly as long as nothing material has changed since it was filed.
    """
    pins = {name: value for name, value in request.subject.items() if name != "parts"}
    return made({**pins, "environment": environment, "parts": live_parts(version)})


def frozen_subject(
    request: ApprovalRequest,
    *,
    flags: list[str],
    seats: list[SeatRule],
    filer_id: int | None = None,
) -> Subject:
    """The subject of a request that is filed now, from the rows that it pins and who filed it."""
    before = request.subject.get("filers", []) if request.subject else []
    filers = {pk for pk in (request.requester_id, filer_id, *before) if pk}
    version = request.version
    revision, run, policy, plan = (
        request.card_revision,
        request.check_run,
        request.policy,
        request.plan,
    )
    facts = {
        "format": FORMAT,
        "request": request.pk,
        "kind": request.kind,
        "model": version.model.name,
        "source": version.model.source_id,
        "version": version.version,
        "version_id": version.pk,
        "environment": request.environment,
        "purpose": request.purpose,
        "filers": sorted(filers),
        "incident": request.incident_ref,
        "tier": request.tier,
        "flags": flags,
        "policy": {"revision": policy.number, "digest": policy.digest} if policy else None,
        "card": {
            "version": revision.version.version,
            "revision": revision.number,
            "digest": revision.digest,
        }
        if revision
        else None,
        "checks": {"run": run.pk, "digest": run.digest} if run else None,
        "plan": {
            "id": plan.pk,
            "envelope": plan.envelope,
            "quota": plan.quota,
            "expires_on": plan.expires_on.isoformat(),
        }
        if plan
        else None,
        "seats": [{"role": seat.role, "after": list(seat.after)} for seat in seats],
        "parts": live_parts(version),
    }
    return made(facts)


def made(facts: dict[str, Any]) -> Subject:
    """The subject that consists of these facts, exactly as they are stored."""
    facts = json.loads(canonical(facts))
    return Subject(facts, sha256_of(facts), digests_of(facts["parts"]))


def part_digests(facts: Mapping[str, Any]) -> dict[str, str]:
    """The digest of each part of a stored subject."""
    return digests_of(facts.get("parts", {}))


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts that differ, in the order of the card."""
    return [name for name in LABELS if before.get(name) != now.get(name)]


def changed_fields(before: Mapping[str, Any], now: Mapping[str, Any], part: str) -> list[str]:
    """The keys within a part that differ between two stored subjects."""
    old, new = before.get("parts", {}).get(part, {}), now.get("parts", {}).get(part, {})
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
