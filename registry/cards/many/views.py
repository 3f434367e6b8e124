"""The list of cards with what each misses, and changing several at once."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Invalid
from portal.fragments import part_asked
from registry.cards.many.forms import ChangeForm, packed, unpacked
from registry.cards.many.listing import CardListing
from registry.cards.many.services import Outcome, Seen, cards_change, cards_plan

PARTS = {"results": "update", "inventory": "inventory"}


@needs({"GET": "card.view"})
def card_list(request: HttpRequest) -> HttpResponse:
    """Every card with its gaps; for htmx only the part that changes."""
    listing = CardListing(actor_of(request), request.GET)
    request.GET = listing.query  # links to other pages and orders repeat only what was understood
    part = part_asked(request, PARTS)
    context = {
        "listing": listing,
        "page": listing.page,
        "sort": listing.criteria.sort,
        "refocus": part and not (request.htmx.trigger or "").startswith(("filters", "sort-")),
    }
    template = "cards/card_list.html"
    response = render(request, f"{template}#{part}" if part else template, context)
    if part:
        response["HX-Push-Url"] = f"{request.path}?{listing.address}".removesuffix("?")
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@needs("card.change_many")
def card_change(request: HttpRequest) -> HttpResponse:
    """Owner, contact and review date of the chosen cards: what would change, then the change."""
    actor = actor_of(request)
    if request.method != "POST":
        chosen = cards_plan(actor=actor, model_ids=_chosen(request))
        if not chosen:
            messages.warning(request, "Choose the cards to change first.")
            return redirect("card_list")
        return _change_page(request, ChangeForm(), chosen)
    seen = unpacked(request.POST.get("seen", ""))
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return _change_page(request, form, _standing(request, seen), status=422)
    if "save" not in request.POST:
        return _preview(request, form, seen)
    outcomes = cards_change(actor=actor, seen=seen, wanted=form.wanted)
    return _result(request, outcomes)


def _chosen(request: HttpRequest) -> list[int]:
    wanted = request.GET.getlist("model")
    return [int(text) for text in wanted if re.fullmatch(r"[0-9]{1,15}", text)]


def _standing(request: HttpRequest, seen: list[Seen]) -> list[Outcome]:
    return cards_plan(actor=actor_of(request), model_ids=[card.model_id for card in seen])


def _preview(request: HttpRequest, form: ChangeForm, seen: list[Seen]) -> HttpResponse:
    ids = [card.model_id for card in seen]
    try:
        plan = cards_plan(actor=actor_of(request), model_ids=ids, wanted=form.wanted)
    except Invalid as error:
        for key, texts in error.fields.items():
            form.add_error(key, " ".join(texts))
        return _change_page(request, form, _standing(request, seen), status=422)
    return _change_page(request, form, plan, preview=True)


def _change_page(
    request: HttpRequest,
    form: ChangeForm,
    outcomes: list[Outcome],
    *,
    preview: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "outcomes": outcomes,
        "seen": packed(outcomes),
        "preview": preview,
        "count": sum(outcome.state == "change" for outcome in outcomes),
    }
    return render(request, "cards/card_change.html", context, status=status)


def _result(request: HttpRequest, outcomes: list[Outcome]) -> HttpResponse:
    """Back to the list when every card is as wanted, else what happened to each."""
    count = sum(outcome.state == "change" for outcome in outcomes)
    said = f"{count} card{'' if count == 1 else 's'} changed."
    if all(outcome.state in ("change", "same") for outcome in outcomes):
        messages.success(request, said)
        return redirect("card_list")
    context = {"outcomes": outcomes, "said": said, "count": count}
    return render(request, "cards/card_changed.html", context)
