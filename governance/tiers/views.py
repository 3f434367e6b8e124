"""The page on which a model's risk is assessed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from governance.policies.queries import policy_in_force
from governance.tiers.form import TierForm, result_of
from governance.tiers.queries import visible_assessments
from governance.tiers.services import tier_assess
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Conflict, Denied, Invalid
from registry.inventory.model_views import model_or_404
from registry.inventory.models import RegisteredModel

HISTORY = 20


@needs({"GET": "registry.view", "POST": "tier.assess"}, model_or_404)
def tier_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The questionnaire with what it comes to: a preview while somebody answers, then saved."""
    model = model_or_404(request, pk)
    earlier = list(visible_assessments(actor_of(request)).filter(model=model)[:HISTORY])
    form = TierForm(request.POST or None, model=model, standing=earlier[0] if earlier else None)
    status = 200
    if request.method == "POST" and "preview" not in request.POST:
        status = _save(request, form, pk)
        if status == 303:
            return redirect("model_detail", pk=pk)
    context = {
        **_shown(request, model, form),
        "earlier": earlier,
        "form": form,
    }
    live = bool(request.htmx) and "preview" in request.POST
    template = "tiers/tier_page.html#result" if live else "tiers/tier_page.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


@needs({"GET": "registry.view"}, model_or_404)
def tier_old_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the tier used to be set: the questionnaire took its place."""
    return redirect("tier_assess", pk=pk)


def _shown(request: HttpRequest, model: RegisteredModel, form: TierForm) -> dict[str, Any]:
    actor = actor_of(request)
    return {
        "model": model,
        "result": result_of(form, policy_in_force()),
        "may_assess": allowed(actor, "tier.assess", model),
        "may_lower": allowed(actor, "tier.lower", model),
    }


def _save(request: HttpRequest, form: TierForm, pk: int) -> int:
    """Save what was answered; on any error it stays on the form with what is wrong."""
    if not form.is_valid():
        return 422
    try:
        made = tier_assess(
            actor=actor_of(request),
            model_id=pk,
            answers=form.answers(),
            override_tier=form.cleaned_data["override_tier"],
            override_reason=form.cleaned_data["override_reason"],
            seen=form.cleaned_data["seen"],
        )
    except Invalid as error:
        for field, texts in error.fields.items():
            form.add_error(field, texts)
        return 422
    except Conflict as error:
        form.add_error(None, error.message)
        return 409
    except Denied as error:
        form.add_error("override_tier", error.message)
        return 403
    messages.success(request, f"The model is {made.get_tier_display()}.")
    return 303
