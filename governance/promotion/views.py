"""Pages about what serves: going back, and the ledger of the champion."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from governance.promotion.forms import AsOfForm, RollbackForm
from governance.promotion.queries import champion_as_of, visible_moves
from governance.promotion.rollback import rollback, rollback_plan
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Conflict, Invalid
from registry.deployments.models import Deployment
from registry.deployments.queries import visible_deployments
from registry.inventory.queries import visible_models

MOVES_A_PAGE = 50


def deployment_or_404(request: HttpRequest, pk: int) -> Deployment:
    """The deployment, if this person may see it."""
    rows = visible_deployments(actor_of(request))
    related = rows.select_related("version__model__source", "team__business_unit")
    return get_object_or_404(related, pk=pk)


@needs("deployment.rollback", deployment_or_404)
def rollback_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The dry run of a rollback, and doing it with a reason."""
    deployment = deployment_or_404(request, pk)
    form, status = RollbackForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = rollback(
                    actor=actor_of(request),
                    deployment_id=pk,
                    reason=form.cleaned_data["reason"],
                    version_id=form.cleaned_data["version"],
                )
            except Invalid as error:
                form.add_error("reason", error.message)
            except Conflict as error:
                form.add_error(None, error.message)
                status = 409
            else:
                messages.success(
                    request, f"{made.name} is on record with version {made.version.version}."
                )
                return redirect("deployment_list")
    plan = None if deployment.ended_at else rollback_plan(deployment)
    context = {"deployment": deployment, "plan": plan, "form": form}
    return render(request, "promotion/rollback.html", context, status=status)


@needs({"GET": "registry.view"})
def champion_ledger(request: HttpRequest, pk: int) -> HttpResponse:
    """Every move of a model's champion, and which it was at a moment."""
    actor = actor_of(request)
    model = get_object_or_404(visible_models(actor).select_related("source"), pk=pk)
    asked = "at" in request.GET
    form = AsOfForm(request.GET if asked else {"at": timezone.localtime()})
    at = form.cleaned_data["at"] if form.is_valid() else timezone.now()
    moves = Paginator(visible_moves(actor, model), MOVES_A_PAGE)
    context = {
        "model": model,
        "form": form,
        "shown_at": timezone.localtime(at),
        "as_of": champion_as_of(model, at) if asked and form.is_valid() else None,
        "page": moves.get_page(request.GET.get("page")),
    }
    status = 422 if asked and not form.is_valid() else 200
    return render(request, "promotion/ledger.html", context, status=status)
