"""Asking for approval: what blocks, who must sign, and whether it would deploy, before filing."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from governance.requests.forms import FilingForm
from governance.requests.models import ApprovalRequest
from governance.requests.pages.filing import FilingPage
from governance.requests.services import request_open, request_submit
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Conflict, Invalid
from registry.cards.views import version_at
from registry.deployments.models import Environment


@needs("approval.request", version_at)
def request_new(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """File a request for a version, or begin one as a draft."""
    found = version_at(request, pk, version)
    asked = request.GET.get("environment", "")
    environment = asked if asked in Environment.values else str(Environment.PRODUCTION)
    page = FilingPage(actor_of(request), found, environment)
    form = FilingForm(request.POST or None, initial=_initial(request, page))
    status = 200
    if request.method == "POST":
        status, opened = _file(request, form, found.pk)
        if opened is not None:
            return redirect("request_detail", opened.pk)
    context = {"view": page, "version": found, "model": found.model, "form": form}
    return render(request, "governance/request_new.html", context, status=status)


def _initial(request: HttpRequest, page: FilingPage) -> dict[str, Any]:
    """A new request starts from what the earlier one said."""
    earlier = page.earlier(request.GET.get("from", ""))
    return {
        "environment": page.environment,
        "purpose": earlier.purpose if earlier else "",
        "copied_from": earlier.pk if earlier else None,
    }


def _file(
    request: HttpRequest, form: FilingForm, version_id: int
) -> tuple[int, ApprovalRequest | None]:
    if not form.is_valid():
        return 422, None
    given, actor = form.cleaned_data, actor_of(request)
    try:
        opened = request_open(
            actor=actor,
            version_id=version_id,
            environment=given["environment"],
            purpose=given["purpose"],
            copied_from=given["copied_from"],
        )
    except (Invalid, Conflict) as error:
        form.add_error(None, error.message)
        return 422 if isinstance(error, Invalid) else error.status, None
    if "draft" in request.POST:
        messages.success(request, "The draft is kept. Nobody is asked before you file it.")
        return 303, opened
    try:
        request_submit(actor=actor, request_id=opened.pk, purpose=given["purpose"])
    except (Invalid, Conflict) as error:
        messages.error(request, f"It is kept as a draft and not filed. {error.message}")
    else:
        messages.success(request, "The request is filed. Whoever signs first is told.")
    return 303, opened
