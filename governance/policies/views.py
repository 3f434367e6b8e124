"""The pages of the policies: what is in force, the draft, and what it would block."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from governance.policies import services
from governance.policies.comparison import differences
from governance.policies.form import PolicyForm
from governance.policies.models import PolicyRevision, PolicyState
from governance.policies.queries import (
    draft_now,
    policy_in_force,
    previous_of,
    visible_policies,
)
from governance.policies.reading import Reading
from governance.policies.rules import TIERS
from governance.policies.toml_text import toml_of
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Conflict, Denied, Invalid
from portal.jobs.models import OPEN_STATES, Job

HISTORY = 50


@needs({"GET": "policy.view"})
def policy_list(request: HttpRequest) -> HttpResponse:
    """The policy in force, the draft if there is one, and every revision."""
    in_force = policy_in_force()
    context = {
        "in_force": in_force,
        "reading": Reading(in_force),
        "draft": draft_now(),
        "revisions": list(visible_policies(actor_of(request)).defer("rules", "dry_run")[:HISTORY]),
        "may_edit": allowed(actor_of(request), "policy.edit"),
    }
    return render(request, "policies/policy_list.html", context)


@needs({"GET": "policy.view"})
def policy_detail(request: HttpRequest, number: int) -> HttpResponse:
    """One revision, what differs from another, and for a draft what it would block."""
    return render(request, "policies/policy_detail.html", _detail(request, number))


@needs({"GET": "policy.view"})
def policy_text(request: HttpRequest, number: int) -> HttpResponse:
    """A revision as TOML, to read or to keep in a repository."""
    policy = _policy(request, number)
    response = HttpResponse(toml_of(policy.rules), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="policy-{policy.number}.toml"'
    return response


@needs("policy.edit")
def policy_edit(request: HttpRequest) -> HttpResponse:
    """The draft as a form; the policy in force is what a first draft starts from."""
    draft = draft_now()
    start = draft or policy_in_force()
    form = PolicyForm(request.POST or None, policy=start, draft=draft)
    status = 200
    if request.method == "POST":
        status = _write(request, form)
        if status == 303:
            made = draft_now()
            return redirect("policy_detail", number=made.number if made else start.number)
    context = {"form": form, "draft": draft, "in_force": policy_in_force(), "tiers": TIERS}
    return render(request, "policies/policy_edit.html", context, status=status)


@needs({"POST": "policy.edit"})
def policy_try_page(request: HttpRequest, number: int) -> HttpResponse:
    """Have the draft tried by a worker."""
    policy = _policy(request, number)
    services.policy_try_enqueue(actor=actor_of(request), revision_id=policy.pk)
    messages.info(request, "The draft is tried in the background; reload the page in a moment.")
    return redirect("policy_detail", number=number)


@needs({"POST": "policy.edit"})
def policy_publish_page(request: HttpRequest, number: int) -> HttpResponse:
    """Put the draft in force."""
    policy = _policy(request, number)

    def publish() -> str:
        services.policy_publish(
            actor=actor_of(request),
            revision_id=policy.pk,
            digest=request.POST.get("digest", ""),
            reason=request.POST.get("reason", ""),
        )
        return f"Revision {number} is in force."

    return _act(request, number, publish)


@needs({"POST": "policy.edit"})
def policy_discard_page(request: HttpRequest, number: int) -> HttpResponse:
    """Give the draft up."""
    policy = _policy(request, number)

    def discard() -> str:
        services.policy_discard(
            actor=actor_of(request),
            revision_id=policy.pk,
            reason=request.POST.get("reason", ""),
        )
        return f"Revision {number} is discarded."

    return _act(request, number, discard)


def _policy(request: HttpRequest, number: int) -> PolicyRevision:
    policy_in_force()  # the one that Signet ships with is there before anybody asks for it
    return get_object_or_404(visible_policies(actor_of(request)), number=number)


def _act(request: HttpRequest, number: int, act: Callable[[], str]) -> HttpResponse:
    """Do it and go to the revision; what keeps it from being done is said there."""
    try:
        messages.success(request, act())
    except (Conflict, Denied, Invalid) as error:
        context = {**_detail(request, number), "trouble": error.message}
        return render(request, "policies/policy_detail.html", context, status=error.status)
    return redirect("policy_detail", number=number)


def _detail(request: HttpRequest, number: int) -> dict[str, Any]:
    policy = _policy(request, number)
    actor = actor_of(request)
    other = _other(request, policy)
    jobs = Job.objects.filter(kind="governance.dry_run", key__startswith=f"policy:{policy.pk}:")
    newest = jobs.order_by("-id").first()
    may_edit = allowed(actor, "policy.edit")
    is_draft = policy.state == PolicyState.DRAFT
    return {
        "policy": policy,
        "reading": Reading(policy),
        "other": other,
        "differences": differences(other.rules, policy.rules) if other else [],
        "numbers": _numbers(request, policy),
        "is_draft": is_draft,
        "in_force": policy_in_force(),
        "may_edit": may_edit,
        "wrote": is_draft and actor.key in services.editors_of(policy),
        "tried": bool(policy.dry_run) and policy.dry_run.get("digest") == policy.digest,
        "job": newest if newest and newest.state in (*OPEN_STATES, "failed") else None,
    }


def _numbers(request: HttpRequest, policy: PolicyRevision) -> list[int]:
    """The revisions that this one can be compared with."""
    others = visible_policies(actor_of(request)).exclude(pk=policy.pk)
    return list(others.values_list("number", flat=True)[:HISTORY])


def _other(request: HttpRequest, policy: PolicyRevision) -> PolicyRevision | None:
    """The revision to compare with: the one asked for, else the one before."""
    asked = request.GET.get("against", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 9:
        return visible_policies(actor_of(request)).filter(number=int(asked)).first()
    return previous_of(policy)


def _write(request: HttpRequest, form: PolicyForm) -> int:
    if not form.is_valid():
        return 422
    try:
        made = services.policy_write(
            actor=actor_of(request),
            rules=form.rules(),
            note=form.cleaned_data["note"],
            applies_at_once=form.cleaned_data["applies_at_once"],
            seen=form.cleaned_data["seen"],
        )
    except Invalid as error:
        for place, texts in error.fields.items():
            form.add_problem(place, texts)
        return 422
    except Conflict as error:
        form.add_error(None, error.message)
        return 409
    messages.success(request, f"Draft {made.number} is written. Try it before it is published.")
    return 303
