"""The demo's approvals: requests in different states, walked through the services people use."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from governance.checks.services import checks_run, manifest_read
from governance.findings.models import Finding
from governance.gate.demo import answers_ask
from governance.gate.models import GateAnswer, GateDecision
from governance.packs.models import EvidencePack
from governance.packs.services import pack_ask
from governance.plans.models import ChangePlan
from governance.promotion.models import DeploymentApproval
from governance.promotion.services import deployment_take
from governance.requests.models import (
    ApprovalRequest,
    Condition,
    Delegation,
    EmergencyReview,
    SignOff,
    Suspension,
)
from governance.requests.services import (
    Promise,
    request_comment,
    request_open,
    request_sign,
    request_submit,
)
from governance.writeback.models import AliasMove, WriteBack
from portal.actors import service
from registry.demo.recipes import CHALLENGERS, CHAMPIONS
from registry.demo.walk import demo_actor
from registry.inventory.models import ModelVersion, RegisteredModel

ENVIRONMENT = "production"
GOVERNANCE = service("governance")


def steps() -> list[tuple[str, Callable[[], Any]]]:
    """What loading adds: evidence first, then the requests that rest on it."""
    return [
        ("Checks", evidence_read),
        ("Approvals", approvals_walk),
        ("Gate", gate_asked),
        ("Promotion", approved_deploy),
    ]


def evidence_read() -> None:
    """Read the artifacts of what serves or challenges, and run the checks on them."""
    for version in _versions():
        if not version.manifests.exists():
            manifest_read(actor=GOVERNANCE, version_id=version.pk)
        checks_run(
            actor=GOVERNANCE,
            version_id=version.pk,
            environment=ENVIRONMENT,
            why="the demo was loaded",
        )


def approvals_walk() -> None:
    """Requests approved, approved with a condition, waiting, sent back, and a draft."""
    _walk("juice-brand-choice", CHAMPIONS, "scientist2", _by_its_owner)
    _walk("basket-value", CHAMPIONS, "scientist", _approved)
    _walk("grocery-demand-forecast", CHAMPIONS, "scientist2", _conditional)
    _walk("coupon-redemption", CHALLENGERS, "scientist", _waiting)
    _walk("produce-demand-forecast", CHAMPIONS, "scientist2", _sent_back)
    _walk("basket-value", CHALLENGERS, "scientist", None)


def gate_asked() -> None:
    """What pipelines were told about the versions of the demo."""
    answers_ask(demo_actor("owner"), _versions())


def approved_deploy() -> None:
    """Put what serves on record under its approval where one holds, and have its pack built."""
    for version in _versions():
        serves = version.deployments.filter(environment=ENVIRONMENT, ended_at=None).first()
        asked = version.gate_decisions.filter(environment=ENVIRONMENT).order_by("-id").first()
        if not serves or not asked or asked.answer != GateAnswer.ALLOW:
            continue
        if DeploymentApproval.objects.filter(deployment=serves).exists():
            continue
        deployment_take(
            actor=demo_actor("owner"),
            environment=ENVIRONMENT,
            name=serves.name,
            served_ref=serves.served_ref,
            version_id=version.pk,
            reason="Approved; it goes on serving under the approval.",
            statement=asked.envelope,
        )
        pack_ask(actor=demo_actor("auditor"), version_id=version.pk)


def clear(models: list[RegisteredModel]) -> dict[str, int]:
    """Delete everything governance keeps about these models; sign-offs of a demo may go."""
    ids = [model.pk for model in models]
    of_version = Q(version__model__in=ids)
    of_request = Q(request__version__model__in=ids)
    asked = ApprovalRequest.objects.filter(of_version)
    DeploymentApproval.objects.filter(of_request | Q(deployment__version__model__in=ids)).delete()
    AliasMove.objects.filter(model__in=ids).delete()
    WriteBack.objects.filter(of_version).delete()
    EvidencePack.objects.filter(of_version).delete()
    GateDecision.objects.filter(of_request | of_version).delete()
    Finding.objects.filter(model__in=ids).delete()
    for kept in (Suspension, EmergencyReview, Condition, SignOff):
        kept.objects.filter(of_request).delete()
    count = asked.count()
    asked.delete()
    ChangePlan.objects.filter(model__in=ids).delete()
    Delegation.objects.filter(Q(delegator__is_demo=True) | Q(delegate__is_demo=True)).delete()
    return {"approval requests": count}


def _versions() -> list[ModelVersion]:
    wanted = Q(pk__in=[])
    for numbers in (CHAMPIONS, CHALLENGERS):
        for name, number in numbers.items():
            wanted |= Q(model__name=name, version=number)
    return list(ModelVersion.objects.filter(wanted, model__is_demo=True).order_by("pk"))


def _walk(
    model: str,
    numbers: dict[str, str],
    author: str,
    ahead: Callable[[ApprovalRequest], None] | None,
) -> None:
    """File what nobody has filed yet, and lead it to where it is to be shown."""
    version = ModelVersion.objects.get(
        model__name=model, model__is_demo=True, version=numbers[model]
    )
    if version.approval_requests.exists():
        return
    request = request_open(
        actor=demo_actor(author),
        version_id=version.pk,
        environment=ENVIRONMENT,
        purpose=f"Version {version.version} of {model} for the stores.",
    )
    if ahead:
        ahead(request_submit(actor=demo_actor(author), request_id=request.pk))


def _sign(
    request: ApprovalRequest, username: str, role: str, reason: str, **fields: Any
) -> SignOff:
    return request_sign(
        **{
            "actor": demo_actor(username),
            "request_id": request.pk,
            "role": role,
            "decision": "approve",
            "reason": reason,
            "digest": request.digest,
            "reauthenticated_at": timezone.now(),
            **fields,
        }
    )


def _approved(request: ApprovalRequest) -> None:
    _sign(request, "owner", "model_owner", "Sizes the offers better than the rule it replaces.")
    _sign(request, "validator", "validator", "Error by segment read; no segment is worse.")


def _by_its_owner(request: ApprovalRequest) -> None:
    _sign(request, "owner", "model_owner", "An internal study; nothing is decided by it alone.")


def _conditional(request: ApprovalRequest) -> None:
    _sign(request, "owner", "model_owner", "Less waste in the pilot stores.")
    due = timezone.now().date() + timedelta(days=30)
    _sign(
        request,
        "validator",
        "validator",
        "Good on known stores; new stores were not tested.",
        decision="conditional",
        conditions=[Promise("Evaluate the forecast for new stores", _owner(request), due)],
    )
    _sign(request, "operations", "ml_ops", "Runbook read, roll-back rehearsed.")
    _sign(request, "policy", "data_governance", "Data sources and uses are as declared.")


def _waiting(request: ApprovalRequest) -> None:
    request_comment(
        actor=demo_actor("validator"),
        request_id=request.pk,
        field_key="threshold",
        text="How was this threshold chosen?",
    )
    _sign(request, "owner", "model_owner", "Worth it for the autumn campaign.")


def _sent_back(request: ApprovalRequest) -> None:
    _sign(
        request,
        "validator",
        "validator",
        "The evaluation covers June only; add a winter month.",
        decision="return",
    )


def _owner(request: ApprovalRequest) -> int:
    return int(request.requester_id or 0)
