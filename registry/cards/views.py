"""The pages of a model card: read, edit by section, and its revisions."""

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Invalid
from registry.cards.forms import SectionForm
from registry.cards.gaps import Gap
from registry.cards.models import CardRevision
from registry.cards.notes import notes_of
from registry.cards.queries import latest_revision, visible_revisions
from registry.cards.reading import reading
from registry.cards.services import CardConflict, Saved, card_save
from registry.cards.view import CardView, SectionView, card_of
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

SET_ON_MODEL = {
    "technical_owner": "model_assign",
    "team": "model_assign",
    "risk_tier": "model_tier",
    "tier_rationale": "model_tier",
}


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
    context = _context(request, card, is_old=is_old) | reading(actor_of(request), card)
    newest = latest_revision(card.version) if is_old else card.revision
    context["is_newest"] = newest == card.revision
    return render(request, "cards/card_detail.html", context)


@needs("card.edit", version_at)
def card_edit(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """One section of the card as a form."""
    found = version_at(request, pk, version)
    card = card_of(found)
    section = _section(request, card)
    if request.method == "POST":
        return _save(request, card, section)
    return _edit_page(request, SectionForm.of(card, section.section.key))


def _save(request: HttpRequest, card: CardView, section: SectionView) -> HttpResponse:
    base = whole(request.POST.get("base_revision", ""))
    read = card if base == card.number else _card_at(card.version, base)
    form = SectionForm.of(read, section.section.key, request.POST)
    note = request.POST.get("note", "")
    try:
        saved = card_save(
            actor=actor_of(request),
            version_id=card.version.pk,
            base_revision=base,
            changes=form.changes(),
            note=note,
        )
    except Invalid as error:
        return _edit_page(request, form.with_faults(error.fields), note=note, status=422)
    except CardConflict as conflict:
        keys = [clash.field.key for clash in conflict.clashes]
        newest = form.over(card_of(card.version), keys)
        return _edit_page(request, newest, note=note, conflict=conflict, status=409)
    messages.success(request, _told(card, saved))
    return redirect(_after(request, card, section))


def _card_at(version: ModelVersion, base: int) -> CardView:
    try:
        return card_of(version, number=base)
    except CardRevision.DoesNotExist:
        raise Http404 from None


def _told(card: CardView, saved: Saved) -> str:
    if not saved.changed:
        return "Nothing had changed, so no revision was made."
    number = saved.revision.number if saved.revision else 0
    text = f"Saved as revision {number}."
    if saved.merged:
        labels = ", ".join(card.schema.by_key[key].label for key in saved.merged)
        text += f" Meanwhile somebody else changed {labels}; both changes are kept."
    return text


def _after(request: HttpRequest, card: CardView, section: SectionView) -> str:
    """Where to go after saving: the next section, or the same one."""
    keys = [item.section.key for item in card.sections if item.section.editable]
    here = keys.index(section.section.key)
    if "next" in request.POST and here + 1 < len(keys):
        here += 1
    elif "next" in request.POST:
        return _address("card_detail", card.version)
    return f"{_address('card_edit', card.version)}?section={keys[here]}"


def _edit_page(
    request: HttpRequest,
    form: SectionForm,
    *,
    note: str = "",
    conflict: CardConflict | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(request, form.read) | {"form": form, "note": note, "conflict": conflict}
    return render(request, "cards/card_edit.html", context, status=status)


def _context(request: HttpRequest, card: CardView, *, is_old: bool = False) -> dict[str, Any]:
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
    key = gap.field.key
    if key in SET_ON_MODEL:
        return reverse(SET_ON_MODEL[key], args=[card.version.model_id])
    if may_edit:
        return f"{_address('card_edit', card.version)}?section={gap.field.section}#field-{key}"
    return f"{_address('card_detail', card.version)}#{gap.field.section}"


def _section(request: HttpRequest, card: CardView) -> SectionView:
    """The section that was asked for, else the first with a gap."""
    offered = [item for item in card.sections if item.section.editable]
    wanted = request.GET.get("section", "")
    if wanted:
        found = next((item for item in offered if item.section.key == wanted), None)
        if found is None:
            raise Http404
        return found
    return next((item for item in offered if item.gaps), offered[0])


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


def _address(name: str, version: ModelVersion) -> str:
    return reverse(name, args=[version.model_id, version.version])
