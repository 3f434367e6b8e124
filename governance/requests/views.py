"""Lists of approval requests: what waits for me, what expires, what was decided, delegations."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from governance.requests.forms import DelegationForm
from governance.requests.models import ApprovalRequest, Delegation
from governance.requests.pages.decided import Wanted, decided_requests, wanted_of
from governance.requests.pages.expiring import expiring_rows, horizon_of
from governance.requests.pages.inbox import (
    Inbox,
    filed_requests,
    governance_requests,
    inbox_of,
    listed,
    owed_conditions,
    states_of,
    team_requests,
)
from governance.requests.pages.request_page import role_names
from governance.requests.services import delegation_end, delegation_give
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import Role, allowed
from portal.errors import Conflict, Invalid

PAGE = 25
DELEGATIONS = 50
VIEWS = {
    "mine": "For me",
    "delegated": "Delegated to me",
    "team": "My teams",
    "filed": "Filed by me",
}


@needs({"GET": "approval.view"})
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for this person, what others delegated, what their teams and they have filed."""
    actor, now = actor_of(request), timezone.now()
    signs = allowed(actor, "approval.sign")
    view = request.GET.get("view", "mine" if signs else "team")
    view = view if view in VIEWS else "mine"
    found = inbox_of(actor, at=now) if signs else Inbox([], [])
    counts = {"mine": _able(found.mine), "delegated": _able(found.delegated)}
    context = {
        "view": view,
        "views": [(name, label, counts.get(name)) for name, label in VIEWS.items()],
        "waiting": found.mine if view == "mine" else found.delegated,
        "conditions": list(owed_conditions(actor)[:PAGE]),
        "governed": list(governance_requests(actor)[:PAGE]),
        "signs": signs,
        "now": now,
        "here": "inbox",
    }
    if view in ("team", "filed"):
        rows = team_requests(actor) if view == "team" else filed_requests(actor)
        context["page"] = _page(request, listed(rows).order_by("due_at", "-pk"))
    return render(request, "governance/inbox.html", context)


def _able(waiting: list[Any]) -> int:
    return sum(1 for one in waiting if not one.against)


def _page(request: HttpRequest, rows: QuerySet[ApprovalRequest]) -> Page[ApprovalRequest]:
    """One page of requests, each with the roles it waits for."""
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    for row in page:
        opened = [state.seat for state in states_of(row) if state.is_open]
        row.waits_for = role_names(seat.role for seat in opened)  # type: ignore[attr-defined]
        since = [seat.opened_at for seat in opened if seat.opened_at]
        row.waits_since = min(since, default=row.submitted_at)  # type: ignore[attr-defined]
    return page


@needs({"GET": "approval.view"})
def approval_expiring(request: HttpRequest) -> HttpResponse:
    """Approvals that end soon, and conditions that come due."""
    now = timezone.now()
    horizon = horizon_of(request.GET.get("days"))
    context = {
        **expiring_rows(actor_of(request), at=now, days=horizon),
        "days": horizon,
        "now": now,
        "here": "expiring",
    }
    return render(request, "governance/expiring.html", context)


@needs({"GET": "approval.view"})
def approval_decisions(request: HttpRequest) -> HttpResponse:
    """Past decisions, searched by words, outcome, tier, environment, task and time."""
    wanted: Wanted = wanted_of(request.GET)
    rows = listed(decided_requests(actor_of(request), wanted)).order_by("-decided_on", "-pk")
    context = {
        "wanted": wanted,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "here": "decided",
    }
    name = "governance/decided.html"
    if request.headers.get("HX-Request"):
        name += "#results"
    return render(request, name, context)


@needs({"GET": "approval.view", "POST": "approval.delegate"})
def delegation_list(request: HttpRequest) -> HttpResponse:
    """Who signs for whom, and the form to let a colleague sign."""
    actor = actor_of(request)
    may_give = allowed(actor, "approval.delegate")
    form = DelegationForm(request.POST or None, actor=actor) if may_give else None
    status = 200
    if request.method == "POST" and form is not None:
        status = _give(request, form)
        if status == 303:
            return redirect("delegation_list")
    rows = Delegation.objects.select_related("delegator", "delegate")
    own = Q(delegator=actor.user_id) | Q(delegate=actor.user_id)
    shown = rows if allowed(actor, "approval.govern") else rows.filter(own)
    context = {
        "form": form,
        "rows": [_named(row) for row in shown[:DELEGATIONS]],
        "now": timezone.now(),
        "governs": allowed(actor, "approval.govern"),
        "here": "delegations",
    }
    return render(request, "governance/delegations.html", context, status=status)


def _named(row: Delegation) -> Delegation:
    row.role_label = str(Role(row.role).label)  # type: ignore[attr-defined]
    return row


def _give(request: HttpRequest, form: DelegationForm) -> int:
    if not form.is_valid():
        return 422
    given = form.cleaned_data
    try:
        row = delegation_give(
            actor=actor_of(request),
            delegate_id=given["delegate"].pk,
            role=given["role"],
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            reason=given["reason"],
        )
    except Invalid as error:
        for texts in error.fields.values() or [[error.message]]:
            form.add_error(None, texts)
        return 422
    except Conflict as error:
        form.add_error(None, error.message)
        return error.status
    messages.success(request, f"{row.delegate} signs for you from {row.starts_at:%d %B %Y}.")
    return 303


@needs({"POST": "approval.view"})
def delegation_stop(request: HttpRequest, delegation: int) -> HttpResponse:
    """End a delegation before its time."""
    row = delegation_end(
        actor=actor_of(request),
        delegation_id=delegation,
        reason=request.POST.get("reason", "")[:300],
    )
    messages.success(request, f"{row.delegate} signs for {row.delegator} no longer.")
    return redirect("delegation_list")
