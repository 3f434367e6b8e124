"""The page of one request: what is asked, what speaks for and against it, and what one may do."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from governance.reasons import Reason
from governance.requests.forms import CommentForm, DecisionForm
from governance.requests.models import ApprovalRequest
from governance.requests.pages.request_page import RequestPage
from governance.requests.queries import visible_requests
from governance.requests.services import (
    condition_close,
    evidence_opened,
    request_comment,
    request_nudge,
    request_reinstate,
    request_revoke,
    request_submit,
    request_suspend,
    request_withdraw,
)
from governance.requests.standing import with_facts
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Conflict, Invalid

CHECK = "check-"


def request_or_404(request: HttpRequest, pk: int, **_: Any) -> ApprovalRequest:
    """The approval request of an address, if this person may read it."""
    found = with_facts(visible_requests(actor_of(request)))
    return get_object_or_404(found.select_related("version__model__source", "requester"), pk=pk)


@needs({"GET": "approval.view"})
def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one request on one page."""
    from governance.requests.signing_views import typed_before

    found = request_or_404(request, pk)
    typed = typed_before(request, pk)
    return detail_page(request, found, typed=typed, status=422 if typed else 200)


def detail_page(
    request: HttpRequest,
    found: ApprovalRequest,
    *,
    decision: DecisionForm | None = None,
    typed: tuple[Any, str] | None = None,
    comment: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with a form as it was typed where that was not accepted."""
    page = RequestPage(actor_of(request), found, at=timezone.now())
    roles = [turn.state.seat.role for turn in page.my_turns]
    if decision is None and roles:
        decision = DecisionForm(typed[0] if typed else None, request=found, roles=roles)
        if typed:
            decision.is_valid()
            decision.add_error(None, typed[1])
    context = {
        "view": page,
        "request_": found,
        "version": found.version,
        "model": found.version.model,
        "decision": decision,
        "refused": typed[1] if typed and decision is None else "",
        "comment": comment or CommentForm(initial={"field": request.GET.get("about", "")}),
    }
    return render(request, "governance/request_detail.html", context, status=status)


@needs({"GET": "approval.view"})
def request_evidence(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """One piece of evidence, noted as opened by whoever may sign."""
    found = request_or_404(request, pk)
    page = RequestPage(actor_of(request), found, at=timezone.now())
    place = _place_of(page, what)
    result = next((row for row in page.results if f"{CHECK}{row.check_id}" == what), None)
    if place is None and result is None:
        raise Http404
    if request.method == "GET":
        evidence_opened(actor=actor_of(request), request_id=pk, what=what)
    if place:
        return redirect(place)
    context = {"view": page, "request_": found, "result": result, "what": what}
    name = "governance/evidence.html"
    if request.headers.get("HX-Request"):
        name += "#evidence"
    return render(request, name, context)


def _place_of(page: RequestPage, what: str) -> str | None:
    """The page of evidence that has one of its own."""
    from django.urls import reverse

    version = page.version
    here = [version.model_id, version.version]
    if what == "card":
        pinned = page.request.card_revision
        if pinned is None:
            return reverse("card_detail", args=here)
        own = [version.model_id, pinned.version.version, pinned.number]
        return reverse("card_revision", args=own)
    places = {"artifact": "artifact_detail", "checks": "checks_detail", "version": "version_detail"}
    return reverse(places[what], args=here) if what in places else None


def _done(
    request: HttpRequest, pk: int, do: Callable[[], object], said: str, place: str = ""
) -> HttpResponse:
    """Do what a small form asks, say how it went, and go back to the request."""
    try:
        do()
    except (Invalid, Conflict) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)
    back = redirect("request_detail", pk)
    back["Location"] += place
    return back


@needs({"POST": "approval.request"}, request_or_404)
def request_file(request: HttpRequest, pk: int) -> HttpResponse:
    """File a draft, or file anew what has changed."""
    actor = actor_of(request)

    def do() -> None:
        purpose = request.POST.get("purpose")
        seen = request.POST.get("seen") or None
        request_submit(actor=actor, request_id=pk, seen=seen, purpose=purpose)

    return _done(request, pk, do, "The request is filed. Whoever signs first is told.")


@needs({"POST": "approval.request"}, request_or_404)
def request_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a request."""
    reason = request.POST.get("reason", "")

    def do() -> None:
        request_withdraw(actor=actor_of(request), request_id=pk, reason=reason)

    return _done(request, pk, do, "The request is withdrawn.")


@needs({"POST": "approval.request"}, request_or_404)
def request_remind(request: HttpRequest, pk: int) -> HttpResponse:
    """Remind whoever's turn it is."""

    def do() -> None:
        request_nudge(actor=actor_of(request), request_id=pk)

    return _done(request, pk, do, "Everybody whose turn it is gets a mail.", "#seats")


@needs({"POST": "approval.comment"}, request_or_404)
def request_remark(request: HttpRequest, pk: int) -> HttpResponse:
    """Comment on a request or on one field of its card."""
    form = CommentForm(request.POST)
    if not form.is_valid():
        return detail_page(request, request_or_404(request, pk), comment=form, status=422)
    given = form.cleaned_data

    def do() -> None:
        request_comment(
            actor=actor_of(request), request_id=pk, text=given["text"], field_key=given["field"]
        )

    return _done(request, pk, do, "Your comment is there.", "#comments")


@needs({"POST": "approval.govern"}, request_or_404)
def request_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Suspend an approval until it is reviewed."""
    text = request.POST.get("reason", "")

    def do() -> None:
        request_suspend(actor=actor_of(request), request_id=pk, code=Reason.SUSPENDED, text=text)

    return _done(request, pk, do, "The approval is suspended; the gate stops new deployments.")


@needs({"POST": "approval.govern"}, request_or_404)
def request_let_stand(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a suspended approval stand again."""
    reason = request.POST.get("reason", "")

    def do() -> None:
        request_reinstate(actor=actor_of(request), request_id=pk, reason=reason)

    return _done(request, pk, do, "The suspension is lifted.")


@needs({"POST": "approval.govern"}, request_or_404)
def request_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke an approval for good."""
    reason = request.POST.get("reason", "")

    def do() -> None:
        request_revoke(actor=actor_of(request), request_id=pk, reason=reason)

    return _done(request, pk, do, "The approval is revoked; the gate stops new deployments.")


@needs({"POST": "approval.condition"}, request_or_404)
def condition_met(request: HttpRequest, pk: int, condition: int) -> HttpResponse:
    """Close a condition with what shows that it is met."""
    evidence = request.POST.get("reason", "")

    def do() -> None:
        condition_close(actor=actor_of(request), condition_id=condition, evidence=evidence)

    return _done(request, pk, do, "The condition is closed.", "#conditions")
