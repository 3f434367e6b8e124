"""The read view of a model card, and what all its pages share."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from registry.cards.drafts.queries import own_drafts
from registry.cards.gaps import Gap
from registry.cards.notes import notes_of
from registry.cards.places import place_of
from registry.cards.queries import latest_revision, visible_revisions
from registry.cards.reading import reading
from registry.cards.view import CardView, card_of
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions


def version_at(request: HttpRequest, pk: int, version: str) -> ModelVersion:
    """The version that an address names, with what its card needs; 404 if it cannot be seen."""
    related = ("model__owner", "model__source", "model__team__business_unit")
    versions = visible_versions(actor_of(request)).select_related(*related)
    return get_object_or_404(versions, model_id=pk, version=version)


@needs({"GET": "card.view"})
def card_detail(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The card to read, now or as a revision left it."""
    found = version_at(request, pk, version)
    number = revision_number(request, "revision", found)
    card = card_of(found, number=number)
    return card_page(request, card, is_old=number is not None)


def card_page(request: HttpRequest, card: CardView, *, is_old: bool) -> HttpResponse:
    """The read view of a card."""
    context = page_context(request, card, is_old=is_old) | reading(actor_of(request), card)
    newest = latest_revision(card.version) if is_old else card.revision
    context["is_newest"] = newest == card.revision
    if context["may_edit"]:
        context["draft_count"] = own_drafts(actor_of(request), card.version).count()
    return render(request, "cards/card_detail.html", context)


def page_context(request: HttpRequest, card: CardView, *, is_old: bool = False) -> dict[str, Any]:
    """What the head of every page of a card shows: its notes, its gaps and who may edit."""
    may_edit = allowed(actor_of(request), "card.edit", card.version)
    return {
        "card_notes": notes_of(actor_of(request), card.version),
        "card": card,
        "version": card.version,
        "model": card.version.model,
        "may_edit": may_edit and not is_old,
        "gap_groups": _gap_groups(card, may_edit=may_edit and not is_old),
        "is_old": is_old,
    }


def _gap_groups(card: CardView, *, may_edit: bool) -> list[dict[str, Any]]:
    """The gaps of each section with the place where each is filled."""
    return [
        {"section": item.section, "gaps": [(gap, _gap_link(card, gap, may_edit)) for gap in found]}
        for item in card.sections
        if (found := [gap for gap in card.gaps if gap.field.section == item.section.key])
    ]


def _gap_link(card: CardView, gap: Gap, may_edit: bool) -> str:
    version = card.version
    return place_of(version.model_id, version.version, gap.field, may_edit=may_edit)


def whole(text: str) -> int:
    """A whole number that was typed or sent; -1 for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1


def revision_number(request: HttpRequest, name: str, version: ModelVersion) -> int | None:
    """The revision that the address names; 404 for one that is not there, None without."""
    text = request.GET.get(name, "")
    if not text:
        return None
    revisions = visible_revisions(actor_of(request))
    return get_object_or_404(revisions, version=version, number=max(whole(text), 0)).number


def address_of(name: str, version: ModelVersion) -> str:
    """The address of one of a card's pages."""
    return reverse(name, args=[version.model_id, version.version])
