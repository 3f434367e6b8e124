"""Pages about findings: what is wrong, who sees to it, and closing it."""

import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from governance.findings.forms import AssignForm, CloseForm, RaiseForm
from governance.findings.listing import FindingListing
from governance.findings.models import Finding, FindingKind
from governance.findings.queries import visible_findings
from governance.findings.services import finding_assign, finding_close, finding_open
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Conflict, Denied, Invalid
from portal.fragments import render_part
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions


def finding_or_404(request: HttpRequest, pk: int) -> Finding:
    """The finding, if this person may see it."""
    rows = visible_findings(actor_of(request))
    related = rows.select_related("model__team__business_unit", "version__model", "owner")
    return get_object_or_404(related, pk=pk)


def version_or_404(request: HttpRequest, pk: int, version: str) -> ModelVersion:
    """The version, if this person may see it."""
    rows = visible_versions(actor_of(request)).select_related("model__owner", "model__team")
    return get_object_or_404(rows, model_id=pk, version=version)


@needs({"GET": "finding.view"})
def finding_list(request: HttpRequest) -> HttpResponse:
    """Every finding."""
    listing = FindingListing(actor_of(request), request.GET)
    context = {"listing": listing, "page": listing.page}
    return render_part(request, "findings/finding_list.html", context, {"results": "results"})


@needs({"GET": "finding.view"})
def finding_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding, with what this person may do about it."""
    return _page(request, finding_or_404(request, pk))


@require_POST
@needs({"POST": "finding.manage"}, lambda request, pk: finding_or_404(request, pk).model)
def finding_close_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a finding."""
    finding, form = finding_or_404(request, pk), CloseForm(request.POST)

    def close() -> None:
        finding_close(actor=actor_of(request), finding_id=pk, **form.cleaned_data)

    return _done(request, finding, form, close, "closing", "The finding is closed.")


@require_POST
@needs({"POST": "finding.manage"}, lambda request, pk: finding_or_404(request, pk).model)
def finding_assign_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a finding to somebody, or another day."""
    finding, form = finding_or_404(request, pk), AssignForm(request.POST)

    def assign() -> None:
        owner = form.cleaned_data.pop("owner")
        finding_assign(
            actor=actor_of(request),
            finding_id=pk,
            owner_id=owner.pk if owner else None,
            **form.cleaned_data,
        )

    return _done(request, finding, form, assign, "assigning", "It is kept who sees to it.")


@needs("finding.manage", lambda request, pk, version: version_or_404(request, pk, version).model)
def finding_new(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Raise a finding about a version."""
    found = version_or_404(request, pk, version)
    form = RaiseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = finding_open(
            actor=actor_of(request),
            model=found.model,
            version=found,
            kind=FindingKind.REVIEW,
            key=f"review:{uuid.uuid4()}",
            **form.cleaned_data,
        )
        messages.success(request, "The finding is open.")
        return redirect("finding_detail", pk=made.pk)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "version": found}
    return render(request, "findings/finding_form.html", context, status=status)


def _done(
    request: HttpRequest,
    finding: Finding,
    form: forms.Form,
    act: Callable[[], None],
    name: str,
    said: str,
) -> HttpResponse:
    """Do what a form asks; on any error the page comes again with what was typed."""
    status = 422
    if form.is_valid():
        try:
            act()
            messages.success(request, said)
            return redirect("finding_detail", pk=finding.pk)
        except Invalid as error:
            for field, texts in error.fields.items():
                form.add_error(field if field in form.fields else None, texts)
        except (Conflict, Denied) as error:
            form.add_error(None, error.message)
            status = error.status
    return _page(request, finding, status=status, **{name: form})


def _page(
    request: HttpRequest, finding: Finding, *, status: int = 200, **given: forms.Form
) -> HttpResponse:
    actor = actor_of(request)
    shown = {"owner": finding.owner, "due_on": finding.due_on}
    context = {
        "finding": finding,
        "may_manage": allowed(actor, "finding.manage", finding.model),
        "is_own": finding.owner_id is not None and finding.owner_id == actor.user_id,
        "closing": CloseForm(),
        "assigning": AssignForm(initial=shown),
        **given,
    }
    return render(request, "findings/finding_detail.html", context, status=status)
