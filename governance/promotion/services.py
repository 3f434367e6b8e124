"""Recording what serves, under the gate's answer; the champion alias follows."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open
from governance.gate.models import GateAnswer, GateDecision, GateMode
from governance.gate.services import gate_ask
from governance.policies.queries import policy_in_force
from governance.policies.rules import approval_needed
from governance.promotion.models import DeploymentApproval
from governance.promotion.statements import decision_behind
from governance.requests.models import ApprovalRequest
from governance.requests.standing import Standing, approval_for
from governance.writeback.bypasses import ungated_key
from governance.writeback.promotion import alias_enqueue
from portal.accounts.permissions import require
from portal.actors import Actor, service
from portal.errors import Invalid
from portal.trail.services import record
from registry.deployments.doors import NotApproved
from registry.deployments.models import Deployment, Environment
from registry.deployments.services import deployment_record
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.inventory.queries import visible_versions


def deployment_take(
    *,
    actor: Actor,
    environment: str,
    name: str,
    served_ref: str,
    version_id: int | None = None,
    team_id: int | None = None,
    purpose: str = "",
    started_at: datetime | None = None,
    reason: str = "",
    statement: Any = None,
    commit: str = "",
    pipeline_url: str = "",
) -> Deployment:
    """Record that a version serves from now on, if the gate lets it; else NotApproved.

    The gate is asked anew, and its answer kept. Where it is enforced, a token also brings the
    statement that the pipeline got before it deployed. A deployment to production moves the
    champion alias. Without a version it is a shadow model, about which the gate knows nothing.
    """
    facts: dict[str, Any] = {
        "environment": environment,
        "name": name,
        "served_ref": served_ref,
        "version_id": version_id,
        "team_id": team_id,
        "purpose": purpose,
        "started_at": started_at,
        "reason": reason,
    }
    if version_id is None or environment not in Environment.values:
        return deployment_record(actor=actor, **facts)
    version = _version(actor, version_id)
    require(actor, "deployment.record", version)
    asked = _ask_gate(actor, version, environment, commit, pipeline_url)
    brought = None
    if statement or (actor.kind == "token" and asked.mode == GateMode.ENFORCE):
        brought = decision_behind(statement, version=version, environment=environment)
    with transaction.atomic():
        standing = _locked_standing(version, environment, name)
        _refuse_unless(asked, standing)
        made = deployment_record(actor=actor, **facts)
        if DeploymentApproval.objects.filter(deployment=made).exists():
            return made
        approval = approval_write(
            actor=actor,
            deployment=made,
            decision=brought or asked,
            standing=standing,
            commit=commit,
            pipeline_url=pipeline_url,
            reason=reason,
        )
        record(actor, "deployment.gate", made, after=approval_facts(approval), reason=reason)
    return made


def approval_write(
    *,
    actor: Actor,
    deployment: Deployment,
    decision: GateDecision,
    standing: Standing,
    commit: str = "",
    pipeline_url: str = "",
    reason: str = "",
    rolled_back_from: Deployment | None = None,
) -> DeploymentApproval:
    """Keep under which answer and approval a deployment was recorded; the caller records it.

    What is approved for production gets the champion alias; what is not opens a finding.
    """
    approval = DeploymentApproval.objects.create(
        deployment=deployment,
        decision=decision,
        request=standing.request if standing.holds else None,
        mode=decision.mode,
        commit=commit[:64],
        pipeline_url=pipeline_url[:500],
        by_id=actor.user_id,
        by_name=actor.name[:120],
        rolled_back_from=rolled_back_from,
        reason=reason,
    )
    if deployment.environment == Environment.PRODUCTION:
        if standing.holds:
            alias_enqueue(
                actor=actor,
                version=deployment.version,
                why=f"deployed as {deployment.name}",
                request=standing.request,
            )
        elif approval_needed(policy_in_force(), deployment.environment):
            _ungated(deployment, standing)
    return approval


def approval_facts(approval: DeploymentApproval) -> dict[str, Any]:
    """What the trail keeps of it."""
    return {
        "decision": approval.decision_id,
        "request": approval.request_id,
        "mode": approval.mode,
        "commit": approval.commit,
        "pipeline_url": approval.pipeline_url,
        "rolled_back_from": approval.rolled_back_from_id,
    }


def _version(actor: Actor, version_id: int) -> ModelVersion:
    rows = visible_versions(actor).select_related("model__source", "model__team__business_unit")
    found = rows.filter(pk=version_id).first()
    if found is None:
        raise Invalid.at("version", "There is no such version in the inventory.")
    return found


def _ask_gate(
    actor: Actor, version: ModelVersion, environment: str, commit: str, pipeline_url: str
) -> GateDecision:
    """The gate's answer of this moment, kept also when it refuses."""
    return gate_ask(
        actor=service("governance", on_behalf_of=actor.name),
        model=version.model.name,
        version=version.version,
        environment=environment,
        commit=commit,
        pipeline_url=pipeline_url,
        source=version.model.source.name,
    )


def _locked_standing(version: ModelVersion, environment: str, name: str) -> Standing:
    """The standing of the approval, with everything locked that it and the record depend on."""
    live = Deployment.objects.filter(environment=environment, name=name.strip(), ended_at=None)
    list(live.select_for_update(of=("self",)))
    RegisteredModel.objects.select_for_update(of=("self",)).get(pk=version.model_id)
    asked = ApprovalRequest.objects.filter(version=version, environment=environment)
    list(asked.select_for_update(of=("self",)).order_by("pk"))
    return approval_for(version, environment, at=timezone.now())


def _refuse_unless(asked: GateDecision, standing: Standing) -> None:
    if asked.answer == GateAnswer.DENY:
        raise NotApproved(f"{asked.text} Nothing was recorded.", asked.reasons)
    enforced = asked.mode == GateMode.ENFORCE
    if enforced and approval_needed(policy_in_force(), asked.environment) and not standing.holds:
        why = " ".join(cause.text for cause in standing.causes)
        raise NotApproved(f"The approval ended a moment ago. {why}", standing.codes)


def _ungated(deployment: Deployment, standing: Standing) -> None:
    why = " ".join(cause.text for cause in standing.causes[:3])
    finding_open(
        actor=service("governance"),
        model=deployment.version.model,
        version=deployment.version,
        kind=FindingKind.UNGATED,
        severity=Severity.HIGH,
        key=ungated_key(deployment),
        text=f"{deployment.name} was deployed to production without an approval. {why}",
        facts={"deployment": deployment.pk, "reasons": standing.codes},
    )
