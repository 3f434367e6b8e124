"""Going back to a version that was approved: what it would do, whether it may, and doing it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.checks.models import ArtifactManifest, ManifestState
from governance.gate.services import gate_ask
from governance.promotion.compatibility import incompatible
from governance.promotion.models import DeploymentApproval
from governance.promotion.services import approval_facts, approval_write
from governance.requests.models import GRANTED_STATES, ApprovalRequest
from governance.requests.services.governing import request_suspend
from governance.requests.standing import Standing, approval_for
from portal.accounts.permissions import require
from portal.actors import Actor, service
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.deployments.models import Deployment
from registry.deployments.queries import visible_deployments
from registry.deployments.services import deployment_record
from registry.inventory.models import ModelVersion, RegisteredModel

MOST_CANDIDATES = 5
SUSPENDED = "SUSPENDED"


@dataclass(frozen=True)
class Point:
    """One thing that was looked at before going back."""

    title: str
    ok: bool
    text: str


@dataclass(frozen=True)
class Candidate:
    """A version to go back to, with everything that was looked at."""

    version: ModelVersion
    standing: Standing
    points: list[Point]
    served_until: datetime | None
    served_ref: str

    @property
    def ok(self) -> bool:
        """Whether nothing stands in its way."""
        return all(point.ok for point in self.points)


@dataclass(frozen=True)
class Plan:
    """What a rollback would do: the candidates, the one it would take, and what it suspends."""

    deployment: Deployment
    candidates: list[Candidate]
    suspends: ApprovalRequest | None

    @property
    def best(self) -> Candidate | None:
        """The candidate that served last and may serve again."""
        return next((one for one in self.candidates if one.ok), None)

    def of(self, version_id: int) -> Candidate | None:
        """The candidate that is this version."""
        return next((one for one in self.candidates if one.version.pk == version_id), None)


def rollback_plan(deployment: Deployment) -> Plan:
    """The dry run: every approved version of the same model, what served last first."""
    version, at = deployment.version, timezone.now()
    if version is None:
        return Plan(deployment, [], None)
    asked = ApprovalRequest.objects.filter(
        version__model=version.model_id,
        environment=deployment.environment,
        state__in=(*GRANTED_STATES, "suspended", "expired", "superseded", "revoked"),
    )
    versions = ModelVersion.objects.filter(pk__in=asked.values("version")).exclude(pk=version.pk)
    related = versions.select_related("model__source", "model__owner", "model__team__business_unit")
    found = [_candidate(deployment, one, at) for one in related]
    found.sort(key=_last_first, reverse=True)
    return Plan(deployment, found[:MOST_CANDIDATES], _standing_request(deployment, at))


def rollback(
    *, actor: Actor, deployment_id: int, reason: str, version_id: int | None = None
) -> Deployment:
    """Serve an earlier approved version from now on, and suspend the approval of the one it was.

    The dry run is made again under the locks; Conflict says what stands in the way by now. Without
    `version_id` it is the one that served last.
    """
    if not reason.strip():
        raise Invalid.at("reason", "Say why; the trail and the owners of both versions see it.")
    acting = service("governance", on_behalf_of=actor.name)
    with transaction.atomic():
        deployment = _locked(actor, deployment_id)
        require(actor, "deployment.rollback", deployment)
        plan = rollback_plan(deployment)
        chosen = _chosen(plan, version_id)
        asked = gate_ask(
            actor=acting,
            model=chosen.version.model.name,
            version=chosen.version.version,
            environment=deployment.environment,
            source=chosen.version.model.source.name,
        )
        if plan.suspends:
            request_suspend(
                actor=acting,
                request_id=plan.suspends.pk,
                code=SUSPENDED,
                text=f"Rolled back by {actor.name}: {reason.strip()}",
            )
        made = deployment_record(
            actor=acting,
            environment=deployment.environment,
            name=deployment.name,
            served_ref=chosen.served_ref,
            version_id=chosen.version.pk,
            purpose=deployment.purpose,
            reason=reason.strip(),
            is_demo=deployment.is_demo,
        )
        approval = approval_write(
            actor=actor,
            deployment=made,
            decision=asked,
            standing=chosen.standing,
            reason=reason.strip(),
            rolled_back_from=deployment,
        )
        record(
            actor,
            "deployment.rollback",
            made,
            before=_serves(deployment),
            after=_serves(made) | approval_facts(approval),
            reason=reason.strip(),
        )
    return made


def _locked(actor: Actor, deployment_id: int) -> Deployment:
    """The live deployment, its model and its requests, locked in the order of all others."""
    rows = visible_deployments(actor).select_for_update(of=("self",))
    rows = rows.select_related("version__model__source", "team__business_unit")
    found = rows.filter(pk=deployment_id).first()
    if found is None:
        raise Invalid("There is no such deployment.", code="unknown-deployment")
    if found.ended_at:
        raise Conflict("This deployment has ended; what serves under its name now is another.")
    if found.version is None:
        raise Conflict("A shadow model has no earlier version to go back to; link it first.")
    RegisteredModel.objects.select_for_update(of=("self",)).get(pk=found.version.model_id)
    asked = ApprovalRequest.objects.filter(
        version__model=found.version.model_id, environment=found.environment
    )
    list(asked.select_for_update(of=("self",)).order_by("pk"))
    return found


def _chosen(plan: Plan, version_id: int | None) -> Candidate:
    chosen = plan.of(version_id) if version_id else plan.best
    if chosen is None:
        raise Conflict(
            "No earlier version may serve there: none has an approval that holds. End the "
            "deployment, or call an emergency change.",
            code="no-rollback-target",
        )
    if not chosen.ok:
        against = " ".join(point.text for point in chosen.points if not point.ok)
        raise Conflict(f"{chosen.version} may not serve. {against}", code="rollback-refused")
    return chosen


def _candidate(deployment: Deployment, version: ModelVersion, at: datetime) -> Candidate:
    standing = approval_for(version, deployment.environment, at=at)
    before = version.deployments.filter(environment=deployment.environment)
    same = before.filter(name=deployment.name).order_by("-started_at").first()
    last = before.order_by("-started_at").first()
    return Candidate(
        version=version,
        standing=standing,
        points=[
            _approval_point(standing),
            _presence_point(version),
            _digest_point(version, standing),
            _schema_point(deployment.version, version),
        ],
        served_until=(last.ended_at or at) if last else None,
        served_ref=same.served_ref if same else f"models:/{version.model.name}/{version.version}",
    )


def _last_first(candidate: Candidate) -> tuple[Any, ...]:
    until = candidate.served_until
    return (until.timestamp() if until else 0.0, candidate.version.ordinal)


def _approval_point(standing: Standing) -> Point:
    if standing.holds and standing.request:
        until = standing.request.expires_at
        text = f"Request {standing.request.pk} holds" + (
            f" until {until:%d %B %Y}." if until else "."
        )
        return Point("Approval", True, text)
    why = " ".join(cause.text for cause in standing.causes[:3])
    return Point("Approval", False, why or "No approval holds.")


def _presence_point(version: ModelVersion) -> Point:
    gone_at = version.gone_at or version.model.gone_at
    if gone_at:
        return Point("Still at its source", False, f"It was deleted, noticed {gone_at:%d %B %Y}.")
    return Point("Still at its source", True, f"Last seen {version.seen_at:%d %B %Y %H:%M} UTC.")


def _digest_point(version: ModelVersion, standing: Standing) -> Point:
    title = "Artifact unchanged"
    newest = ArtifactManifest.objects.filter(version=version).order_by("-pk").first()
    if newest is None or newest.state != ManifestState.COMPLETE:
        return Point(title, False, "The artifact's files could not be read; read them first.")
    subject = standing.request.subject if standing.request else {}
    approved = subject.get("parts", {}).get("artifact", {}).get("digest", "")
    read = f"read {newest.read_at:%d %B %Y %H:%M} UTC"
    if approved and approved != newest.digest:
        return Point(title, False, f"Its digest is not the approved one ({read}).")
    return Point(title, True, f"Digest {newest.digest[:12]}, {read}.")


def _schema_point(now: ModelVersion | None, back: ModelVersion) -> Point:
    title = "Takes the same input"
    against = incompatible(now.signature if now else {}, back.signature)
    if against:
        return Point(title, False, " ".join(against))
    if not back.signature:
        return Point(title, True, "It has no signature to compare; look yourself.")
    return Point(title, True, "Whoever calls it now can call it then.")


def _standing_request(deployment: Deployment, at: datetime) -> ApprovalRequest | None:
    """The approval of what serves now, which a rollback suspends."""
    if deployment.version is None:
        return None
    standing = approval_for(deployment.version, deployment.environment, at=at)
    request = standing.request
    return request if request and request.state in GRANTED_STATES else None


def _serves(deployment: Deployment) -> dict[str, Any]:
    version = deployment.version
    return {
        "deployment": deployment.pk,
        "version": version.version if version else None,
        "served_ref": deployment.served_ref,
    }


def rollbacks_of(deployment: Deployment) -> list[DeploymentApproval]:
    """The rollbacks that ended or began this deployment."""
    rows = DeploymentApproval.objects.filter(rolled_back_from=deployment)
    return list(rows.select_related("deployment__version"))
