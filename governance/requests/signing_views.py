"""Signing: a fresh proof of who signs, the decision, and the receipt that comes of it."""

from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.reauthentication import stash_and_reauthenticate
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from governance.gate.statements import public_keys
from governance.requests.forms import DecisionForm
from governance.requests.fresh_proof import can_prove, is_fresh, proven_at
from governance.requests.models import ApprovalRequest, EmergencyReview, SignOff
from governance.requests.pages.inbox import inbox_forget
from governance.requests.pages.receipt import evidence_words, written_state
from governance.requests.pages.request_page import RequestPage
from governance.requests.request_views import detail_page, request_or_404
from governance.requests.services import emergency_renew, emergency_review, request_sign
from governance.requests.statements import broken
from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import Role
from portal.errors import SignetError

NO_PROOF = (
    "Signing asks for a password or a second factor, and you have neither here because you sign in "
    "elsewhere. Set up two-factor sign-in from the menu beside your name, then sign. What you "
    "wrote is kept."
)
TYPED = "approval-typed-{}"
MOST = 10_000  # signatures that one request can have, far beyond any real one
HERE = "governance.requests.signing_views."


@needs({"POST": "approval.sign"})
def request_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign a seat; without a fresh proof of who signs that comes first, and nothing is lost."""
    found = request_or_404(request, pk)
    form = _form(request, found, request.POST)
    if not form.roles:
        return _refused(request, pk, request.POST, _why_not(request, found))
    if not form.is_valid():
        return detail_page(request, found, decision=form, status=422)
    return proven(request, pk, request.POST, "decided_again", _sign)


def proven(
    request: HttpRequest,
    pk: int,
    typed: QueryDict,
    callback: str,
    do: Callable[[HttpRequest, int, QueryDict], HttpResponse],
    *,
    at: str = HERE,
) -> HttpResponse:
    """Do what was typed once the person has proven who they are; ask for the proof if need be."""
    if is_fresh(request):
        return do(request, pk, typed)
    if not can_prove(request):
        return _refused(request, pk, typed, NO_PROOF)
    state = {"pk": pk, "typed": typed.urlencode()}
    return stash_and_reauthenticate(request, state, at + callback)


def decided_again(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """Go on with the signature after the proof was given."""
    return _sign(request, int(state["pk"]), QueryDict(state["typed"]))


def _form(request: HttpRequest, found: ApprovalRequest, typed: QueryDict) -> DecisionForm:
    page = RequestPage(actor_of(request), found, at=timezone.now())
    roles = [turn.state.seat.role for turn in page.my_turns]
    if not roles:
        # Pressed twice: the seat is signed, and the service gives back that signature.
        mine = found.sign_offs.filter(signer=page.actor.user_id, round=found.round)
        roles = list(mine.values_list("role", flat=True))
    return DecisionForm(typed, request=found, roles=roles)


def _why_not(request: HttpRequest, found: ApprovalRequest) -> str:
    page = RequestPage(actor_of(request), found, at=timezone.now())
    if page.moved:
        return f"{', '.join(page.moved)} changed after it was filed; it must be filed again first."
    if page.turns:
        return page.turns[0].why_not
    return "This request has no seat that you can sign now."


def _sign(request: HttpRequest, pk: int, typed: QueryDict) -> HttpResponse:
    found = request_or_404(request, pk)
    form = _form(request, found, typed)
    if not form.is_valid():
        return _refused(request, pk, typed, "What you wrote is not complete; see below.")
    given = form.cleaned_data
    try:
        row = request_sign(
            actor=actor_of(request),
            request_id=pk,
            role=given["role"],
            decision=given["decision"],
            reason=given["reason"],
            digest=given["digest"],
            conditions=form.promises,
            reauthenticated_at=proven_at(request),
        )
    except SignetError as error:
        return _refused(request, pk, typed, error.message)
    inbox_forget(actor_of(request))
    return redirect("request_receipt", pk, place_of(row))


def _refused(request: HttpRequest, pk: int, typed: QueryDict, why: str) -> HttpResponse:
    """Back to the request with what was typed and why it was not taken."""
    request.session[TYPED.format(pk)] = {"typed": typed.urlencode(), "why": why}
    back = redirect("request_detail", pk)
    back["Location"] += "#decide"
    return back


def typed_before(request: HttpRequest, pk: int) -> tuple[QueryDict, str] | None:
    """What was typed into a form that was not taken, and why; shown once."""
    kept = request.session.pop(TYPED.format(pk), None)
    return (QueryDict(kept["typed"]), str(kept["why"])) if kept else None


def place_of(row: SignOff) -> int:
    """Which signature of its request it is, counted from one."""
    return SignOff.objects.filter(request=row.request_id, pk__lte=row.pk).count()


@needs({"GET": "approval.view"})
def request_receipt(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One signature as its receipt: who, when, what it means, and what came of it in MLflow."""
    found = request_or_404(request, pk)
    rows = found.sign_offs.select_related("signer", "on_behalf_of").order_by("id")
    row = (
        rows.prefetch_related("conditions__owner")[number - 1 :].first()
        if 0 < number <= MOST
        else None
    )
    if row is None:
        raise Http404
    context = {
        "request_": found,
        "version": found.version,
        "model": found.version.model,
        "row": row,
        "number": number,
        "role": str(Role(row.role).label),
        "broken": broken(row, public_keys()),
        "opened": evidence_words(found, row.evidence_opened),
        "mine": row.signer_id == actor_of(request).user_id,
        "view": RequestPage(actor_of(request), found, at=timezone.now()),
        "written": written_state(found),
    }
    name = "governance/receipt.html"
    if request.headers.get("HX-Request"):
        name += "#written"
    return render(request, name, context)


@needs({"POST": "approval.govern"}, request_or_404)
def request_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an emergency approval hold for one more period."""
    return proven(request, pk, request.POST, "renewed_again", _renew)


def renewed_again(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """Go on with the renewal after the proof was given."""
    return _renew(request, int(state["pk"]), QueryDict(state["typed"]))


def _renew(request: HttpRequest, pk: int, typed: QueryDict) -> HttpResponse:
    try:
        row = emergency_renew(
            actor=actor_of(request),
            request_id=pk,
            reason=typed.get("reason", ""),
            reauthenticated_at=proven_at(request),
        )
    except SignetError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The emergency approval holds until {_at(row)}.")
    return redirect("request_detail", pk)


def _at(row: ApprovalRequest) -> str:
    return f"{row.expires_at:%d %B %Y, %H:%M} UTC" if row.expires_at else "further notice"


@needs({"POST": "approval.govern"}, request_or_404)
def request_review(request: HttpRequest, pk: int) -> HttpResponse:
    """A third person's verdict on an emergency change."""
    return proven(request, pk, request.POST, "reviewed_again", _review)


def reviewed_again(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """Go on with the review after the proof was given."""
    return _review(request, int(state["pk"]), QueryDict(state["typed"]))


def _review(request: HttpRequest, pk: int, typed: QueryDict) -> HttpResponse:
    try:
        row: EmergencyReview = emergency_review(
            actor=actor_of(request),
            request_id=pk,
            verdict=typed.get("verdict", ""),
            reason=typed.get("reason", ""),
            reauthenticated_at=proven_at(request),
        )
    except SignetError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Your verdict is kept: {row.get_verdict_display().lower()}.")
    return redirect("request_detail", pk)
