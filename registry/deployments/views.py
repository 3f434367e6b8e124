"""What serves where, and the forms that keep the record."""

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
from registry.deployments.doors import deployment_take
from registry.deployments.forms import EndForm, LinkForm, RecordForm
from registry.deployments.listing import DeploymentListing
from registry.deployments.models import Deployment
from registry.deployments.queries import visible_deployments
from registry.deployments.services import deployment_end, shadow_link
from registry.inventory.banners import stale_banners


def deployment_or_404(request: HttpRequest, pk: int) -> Deployment:
    """The deployment, if this person may see it."""
    found = visible_deployments(actor_of(request))
    return get_object_or_404(found.select_related("version__model", "team__business_unit"), pk=pk)


@needs({"GET": "registry.view"})
def deployment_list(request: HttpRequest) -> HttpResponse:
    """Every deployment, shadow models called out."""
    listing = DeploymentListing(actor_of(request), request.GET)
    context = {"listing": listing, "page": listing.page, "banners": stale_banners()}
    template = "deployments/deployment_list.html"
    return render_part(request, template, context, {"results": "results"})


@needs("deployment.record")
def deployment_new(request: HttpRequest) -> HttpResponse:
    """Record that something serves."""
    actor = actor_of(request)
    form = RecordForm(request.POST or None, actor=actor)

    def save(data: dict[str, Any]) -> str:
        made = deployment_take(
            actor=actor,
            environment=data["environment"],
            name=data["name"],
            served_ref=data["served_ref"],
            version_id=data["version"].pk if data["version"] else None,
            team_id=data["team"].pk if data["team"] else None,
            purpose=data["purpose"],
        )
        return f"{made.name} is on record."

    return _form_page(request, form, save, title="Record a deployment", verb="Record")


@needs("deployment.record", deployment_or_404)
def deployment_end_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that a deployment serves no longer."""
    deployment = deployment_or_404(request, pk)

    def save(data: dict[str, Any]) -> str:
        deployment_end(actor=actor_of(request), deployment_id=pk, reason=data["reason"])
        return f"{deployment.name} has ended."

    form = EndForm(request.POST or None)
    return _form_page(request, form, save, title=f"End {deployment.name}", verb="Record the end")


@needs("deployment.record", deployment_or_404)
def shadow_link_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which registered version a shadow model is."""
    deployment = deployment_or_404(request, pk)
    actor = actor_of(request)

    def save(data: dict[str, Any]) -> str:
        version = data["version"]
        shadow_link(actor=actor, deployment_id=pk, version_id=version.pk, reason=data["reason"])
        return f"{deployment.name} is {version}."

    form = LinkForm(request.POST or None, actor=actor)
    return _form_page(request, form, save, title=f"What is {deployment.name}?", verb="Link")


def _form_page(
    request: HttpRequest,
    form: forms.BaseForm,
    save: Callable[[dict[str, Any]], str],
    **context: str,
) -> HttpResponse:
    """Draw a form and save it; on any error the typed text stays."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                messages.success(request, save(form.cleaned_data))
                return redirect("deployment_list")
            except Invalid as error:
                for field, texts in error.fields.items():
                    form.add_error(field if field in form.fields else None, texts)
            except Conflict as error:
                form.add_error(None, error.message)
                status = 409
    context = {"form": form, **context}  # type: ignore[dict-item]
    return render(request, "deployments/deployment_form.html", context, status=status)
