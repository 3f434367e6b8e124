"""Calling an emergency change: named incident, signed by who calls it, reviewed afterwards."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from governance.policies.queries import policy_in_force
from governance.policies.rules import emergency_rule
from governance.requests.forms import LONGEST, text_area
from governance.requests.fresh_proof import can_prove, is_fresh, proven_at
from governance.requests.services import emergency_call
from governance.requests.signing_views import NO_PROOF, proven
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import SignetError
from registry.cards.views import version_at
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions


class EmergencyForm(forms.Form):
    """Which incident makes a hotfix necessary now."""

    environment = forms.ChoiceField(label="Environment", choices=Environment.choices)
    incident_ref = forms.CharField(
        label="Incident", max_length=200, help_text="Its number or address, such as INC-2041."
    )
    reason = forms.CharField(
        label="Why it cannot wait",
        max_length=LONGEST,
        widget=text_area(),
        help_text="What goes wrong now, and what this version changes about it.",
    )


@needs("approval.emergency", version_at)
def emergency_new(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Call an emergency change for a version."""
    found = version_at(request, pk, version)
    form = EmergencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not is_fresh(request) and not can_prove(request):
            form.add_error(None, NO_PROOF)
            return _page(request, found, form, 422)
        return proven(request, found.pk, request.POST, "called_again", _call, at=EMERGENCY)
    return _page(request, found, form, 422 if request.method == "POST" else 200)


EMERGENCY = "governance.requests.emergency_views."


def called_again(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """Go on with the call after the proof was given."""
    return _call(request, int(state["pk"]), QueryDict(state["typed"]))


def _call(request: HttpRequest, version_id: int, typed: QueryDict) -> HttpResponse:
    form = EmergencyForm(typed)
    found = visible_versions(actor_of(request)).select_related("model").get(pk=version_id)
    if not form.is_valid():
        return _page(request, found, form, 422)
    try:
        called = emergency_call(
            actor=actor_of(request),
            version_id=version_id,
            reauthenticated_at=proven_at(request),
            **form.cleaned_data,
        )
    except SignetError as error:
        messages.error(request, error.message)
        return redirect("emergency_new", found.model_id, found.version)
    messages.warning(request, "Called. Governance on duty must sign it before it holds.")
    return redirect("request_detail", called.pk)


def _page(
    request: HttpRequest, found: ModelVersion, form: EmergencyForm, status: int
) -> HttpResponse:
    context = {
        "version": found,
        "model": found.model,
        "form": form,
        "rule": emergency_rule(policy_in_force()),
    }
    return render(request, "governance/emergency_new.html", context, status=status)
