"""Pages of change plans: what a model's plans allow and have used, and proposing one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from governance.plans.envelope import outside, pipeline_of
from governance.plans.forms import PlanForm
from governance.plans.models import ChangePlan
from governance.plans.queries import left_of, plan_causes, plan_request, uses_of, visible_plans
from governance.plans.services import plan_end, plan_propose
from governance.policies.queries import policy_in_force
from governance.policies.rules import plan_rule
from governance.requests.models import ApprovalRequest
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Conflict, Invalid
from registry.cards.views import version_at
from registry.inventory.model_views import model_or_404
from registry.inventory.models import ModelVersion, RegisteredModel

MOST = 20


@dataclass(frozen=True)
class PlanView:
    """One plan as its page shows it."""

    plan: ChangePlan
    request: ApprovalRequest | None
    causes: list[str]
    left: int
    uses: list[ApprovalRequest]
    newest: list[str]


@needs({"GET": "approval.view"}, model_or_404)
def plan_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The change plans of a model, with what each has approved and may still approve."""
    model, at = model_or_404(request, pk), timezone.now()
    actor = actor_of(request)
    newest = model.versions.filter(gone_at=None).first()
    plans = visible_plans(actor).filter(model=model).order_by("-id")[:MOST]
    context = {
        "model": model,
        "plans": [_shown(plan, newest, at) for plan in plans],
        "newest": newest,
        "may": allowed(actor, "plan.propose", model),
    }
    return render(request, "plans/plan_list.html", context)


@needs("plan.propose", version_at)
def plan_new(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Propose a change plan around a version, within what its tier allows."""
    found = version_at(request, pk, version)
    rule = plan_rule(policy_in_force(), found.model.risk_tier)
    form = PlanForm(request.POST or None, version=found, rule=rule)
    status = 200
    if request.method == "POST":
        status, asked = _propose(request, form, found.pk)
        if asked is not None:
            messages.success(request, "The plan is a draft. File it so that people can sign it.")
            return redirect("request_detail", asked.pk)
    context = {
        "model": found.model,
        "version": found,
        "form": form,
        "rule": rule,
        "pipeline": pipeline_of(found),
    }
    return render(request, "plans/plan_new.html", context, status=status)


def _model_of(request: HttpRequest, pk: int, plan: int) -> RegisteredModel:
    return model_or_404(request, pk)


@needs({"POST": "plan.propose"}, _model_of)
def plan_stop(request: HttpRequest, pk: int, plan: int) -> HttpResponse:
    """End a plan before its time."""
    found = get_object_or_404(visible_plans(actor_of(request)), pk=plan, model=pk)
    try:
        plan_end(actor=actor_of(request), plan_id=found.pk, reason=request.POST.get("reason", ""))
    except Invalid as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The plan is ended; it approves nothing more.")
    return redirect("plan_list", pk)


def _propose(
    request: HttpRequest, form: PlanForm, version_id: int
) -> tuple[int, ApprovalRequest | None]:
    if not form.is_valid():
        return 422, None
    given: dict[str, Any] = {
        name: form.cleaned_data[name]
        for name in ("environment", "purpose", "quota", "expires_on", "most_days")
    }
    try:
        asked = plan_propose(
            actor=actor_of(request), version_id=version_id, limits=form.limits(), **given
        )
    except (Invalid, Conflict) as error:
        form.add_error(None, error.message)
        return 422 if isinstance(error, Invalid) else error.status, None
    return 303, asked


def _shown(plan: ChangePlan, newest: ModelVersion | None, at: datetime) -> PlanView:
    asked = plan_request(plan)
    is_newer = newest is not None and asked is not None and newest.ordinal > asked.version.ordinal
    return PlanView(
        plan=plan,
        request=asked,
        causes=[text for _, text in plan_causes(plan, at)],
        left=left_of(plan),
        uses=list(uses_of(plan).select_related("version__model").order_by("-id")[:MOST]),
        newest=outside(plan.envelope, newest) if newest and is_newer else [],
    )
