"""The page of a model, and the forms on who answers for it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Conflict, Invalid
from portal.fragments import render_part
from registry.inventory.banners import stale_banners
from registry.inventory.forms import AssignForm
from registry.inventory.model_page import ModelPage
from registry.inventory.models import RegisteredModel
from registry.inventory.queries import visible_models
from registry.inventory.services import model_assign


def model_or_404(request: HttpRequest, pk: int) -> RegisteredModel:
    """The model with its owner, team and source, if this person may see it."""
    found = visible_models(actor_of(request))
    return get_object_or_404(found.select_related("owner", "team__business_unit", "source"), pk=pk)


@needs({"GET": "registry.view"})
def model_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A model, its versions side by side and its chart; for htmx the chart or the versions."""
    context = ModelPage(actor_of(request), model_or_404(request, pk), request.GET)
    shown = {"view": context, "model": context.model, "banners": stale_banners()}
    parts = {"chart": "chart", "versions": "versions"}
    return render_part(request, "inventory/model_detail.html", shown, parts)


@needs("model.assign", model_or_404)
def model_assign_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Name the owner and the team of a model."""

    def save(data: dict[str, Any]) -> str:
        model_assign(
            actor=actor_of(request),
            model_id=pk,
            owner_id=data["owner"].pk if data["owner"] else None,
            team_id=data["team"].pk if data["team"] else None,
            reason=data["reason"],
            seen=data["seen"],
        )
        return "Owner and team are saved."

    return _form_page(request, pk, AssignForm, "Owner and team", save)


def _form_page(
    request: HttpRequest,
    pk: int,
    form_class: type[AssignForm],
    title: str,
    save: Callable[[dict[str, Any]], str],
) -> HttpResponse:
    """Draw a form and save it; on any error the typed text stays."""
    model = model_or_404(request, pk)
    form = form_class(request.POST or None, model=model)
    status = 200
    if request.method == "POST":
        status = _submit(request, form, save)
        if status == 303:
            return redirect("model_detail", pk=pk)
        if status == 409:
            form = _anew(form, form_class, model_or_404(request, pk))
    context = {"form": form, "model": model, "title": title}
    return render(request, "inventory/model_form.html", context, status=status)


def _submit(request: HttpRequest, form: forms.Form, save: Callable[[dict[str, Any]], str]) -> int:
    if not form.is_valid():
        return 422
    try:
        messages.success(request, save(form.cleaned_data))
    except Invalid as error:
        for field, texts in error.fields.items():
            form.add_error(field, texts)
        return 422
    except Conflict as error:
        form.add_error(None, error.message)
        return 409
    return 303


def _anew(form: forms.Form, form_class: Any, model: RegisteredModel) -> forms.Form:
    """The form as typed, over what is there now: pressing again overrides it knowingly."""
    typed = form.data.copy()
    fresh = form_class(typed, model=model)
    typed["seen"] = fresh.initial["seen"]
    fresh.full_clean()
    fresh.add_error(
        None,
        f"Somebody changed this while you were typing. It is now: {now_text(model)}. "
        "Nothing was saved; save again to replace it with what you see here.",
    )
    return fresh


def now_text(model: RegisteredModel) -> str:
    """Who answers for a model and how risky it is, in one line."""
    return (
        f"owner {model.owner or 'none'}, team {model.team or 'none'}, "
        f"tier {model.risk_tier or 'none'}"
    )
