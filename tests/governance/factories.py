"""Plain builders for governance's rows; what they write is frozen and signed as in earnest."""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.checks.models import (
    ArtifactManifest,
    CheckResult,
    CheckRun,
    ManifestState,
    Verdict,
)
from governance.policies.queries import policy_in_force
from governance.requests.models import ApprovalRequest, Decision, Seat, SignOff
from governance.requests.needs import flags_of, seats_needed
from governance.requests.statements import meaning_of, seal
from governance.requests.subjects import frozen_subject
from portal.accounts.models import Team, User
from portal.accounts.permissions import PLACES, Place, Role
from portal.trail.services import canonical
from registry.cards.models import CardRevision
from registry.cards.queries import standing_revision
from registry.inventory.models import ModelVersion
from tests.cards.facts import make_full_version
from tests.factories import make_model, make_team, make_user

CHECKS = (
    ("card_complete", "The model card is complete"),
    ("evaluation_present", "An evaluation is recorded"),
    ("artifact_digest", "The artifact's digest is recorded"),
    ("artifact_scan", "The artifact has no unsafe serialisation"),
    ("critical_findings", "No critical finding is open"),
)


def make_candidate(tier: str = "T3", *, team: Team | None = None, **fields: Any) -> ModelVersion:
    """A version with lineage of a tiered model of a team, that a request may be about."""
    model = make_model(team=team or make_team(), risk_tier=tier)
    return make_full_version(model, **fields)


def make_manifest(version: ModelVersion, *, content: str = "model.pkl", **fields: Any) -> Any:
    """The artifact of a version as read: one file, its digest from its content."""
    sha = hashlib.sha256(content.encode()).hexdigest()
    files = [{"path": "model.pkl", "size": len(content), "sha256": sha}]
    digest = hashlib.sha256(canonical([["model.pkl", len(content), sha]]).encode()).hexdigest()
    values = {"state": ManifestState.COMPLETE, "digest": digest, "files": files}
    return ArtifactManifest.objects.create(**{"version": version, **values, **fields})


def make_check_run(
    version: ModelVersion,
    environment: str = "production",
    *,
    verdicts: dict[str, str] | None = None,
    **fields: Any,
) -> CheckRun:
    """A run in which everything passes, but for what `verdicts` says otherwise."""
    found = {name: str(Verdict.PASS) for name, _ in CHECKS} | (verdicts or {})
    run = CheckRun.objects.create(
        **{
            "version": version,
            "environment": environment,
            "tier": version.model.risk_tier or "T1",
            "policy": policy_in_force(),
            "manifest": version.manifests.first(),
            "digest": hashlib.sha256(canonical(found).encode()).hexdigest(),
            **fields,
        }
    )
    titles = dict(CHECKS)
    CheckResult.objects.bulk_create(
        CheckResult(
            run=run,
            check_id=name,
            title=titles.get(name, name.replace("_", " ").capitalize()),
            verdict=verdict,
            is_required=True,
            looked_at=f"Version {version.version}",
            detail="Read for a test.",
        )
        for name, verdict in found.items()
    )
    return run


def make_request(
    version: ModelVersion | None = None,
    environment: str = "production",
    *,
    state: str = "draft",
    requester: User | None = None,
    **fields: Any,
) -> ApprovalRequest:
    """A request in a state; from `submitted` on it is frozen and has its policy's seats."""
    version = version or make_candidate()
    by = requester or make_user(Role.DATA_SCIENTIST, team=version.model.team)
    request = ApprovalRequest.objects.create(
        version=version,
        environment=environment,
        requester=by,
        requester_name=str(by),
        **{"purpose": "Serve the shops of the north.", **fields},
    )
    if state == "draft":
        return request
    if not ArtifactManifest.objects.filter(version=version).exists():
        make_manifest(version)
    _freeze(request, state)
    return request


def _freeze(request: ApprovalRequest, state: str) -> None:
    version, now = request.version, timezone.now()
    request.tier = version.model.risk_tier or "T1"
    request.policy = policy_in_force()
    request.card_revision = standing_revision(version) or _revision(version)
    request.check_run = version.check_runs.first() or make_check_run(version, request.environment)
    request.round = 1
    request.submitted_at = request.submitted_at or now
    request.due_at = request.due_at or now + timedelta(days=5)
    flags = flags_of(version.model)
    needs = seats_needed(request.policy, request.tier, flags)
    subject = frozen_subject(request, flags=flags, seats=needs)
    request.subject, request.digest = subject.facts, subject.digest
    if state in ("approved", "conditional", "suspended", "revoked", "expired", "superseded"):
        request.decided_at = request.decided_at or now
        request.expires_at = request.expires_at or now + timedelta(days=365)
    request.state = state
    request.save()
    Seat.objects.bulk_create(
        Seat(request=request, role=n.role, after=list(n.after), why=n.why, opened_at=now)
        for n in needs
    )


def _revision(version: ModelVersion) -> CardRevision:
    return CardRevision.objects.create(version=version, number=1, schema_version="1")


def make_signer(role: str, request: ApprovalRequest, **fields: Any) -> User:
    """Somebody who holds the role of a seat for this request's model."""
    if PLACES.get(Role(role)) is Place.TEAM_OR_UNIT:
        fields.setdefault("team", request.version.model.team)
    return make_user(Role(role), **fields)


def make_sign_off(
    request: ApprovalRequest,
    role: str,
    *,
    decision: str = Decision.APPROVE,
    signer: User | None = None,
    **fields: Any,
) -> SignOff:
    """A signature on what the request froze, sealed with Signet's key."""
    by = signer or make_signer(role, request)
    row = SignOff(
        request=request,
        seat=request.seats.get(role=role),
        signer=by,
        signer_name=str(by),
        role=role,
        decision=decision,
        meaning=meaning_of(decision, str(Role(role).label), request.environment),
        digest=request.digest,
        subject=request.subject,
        **{
            "round": request.round,
            "reason": "The evidence holds.",
            "reauthenticated_at": timezone.now(),
            "at": timezone.now(),
            **fields,
        },
    )
    seal(row)
    row.save()
    return row


def make_approved(
    version: ModelVersion | None = None, environment: str = "production", **fields: Any
) -> ApprovalRequest:
    """A request that everybody has signed, so that its approval holds."""
    request = make_request(version, environment, state="approved", **fields)
    for seat in request.seats.all():
        make_sign_off(request, seat.role)
    return request
