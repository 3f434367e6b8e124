"""The pages of a card's revisions: the list, what changed, one revision, and the files of each."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Invalid
from registry.cards.annex_iv import outline
from registry.cards.history import (
    FieldDiff,
    changed_labels,
    differences,
    entries_at,
    entry_differences,
)
from registry.cards.models import CardRevision
from registry.cards.printed import card_pdf
from registry.cards.queries import latest_revision, visible_revisions
from registry.cards.revisions import card_restore, digest_matches
from registry.cards.schema import schema_of
from registry.cards.view import CardView, card_of
from registry.cards.views import card_page, revision_number, version_at, whole
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

PER_PAGE = 50


@needs({"GET": "card.view"})
def card_history(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Every revision of the card, and what changed between two of them."""
    found = version_at(request, pk, version)
    revisions = visible_revisions(actor_of(request)).filter(version=found).select_related("pin")
    revisions = revisions.order_by("-number")
    page = Paginator(revisions, PER_PAGE).get_page(request.GET.get("page"))
    new = revision_number(request, "b", found) or (revisions[0].number if revisions else 0)
    old = whole(request.GET.get("a", ""))
    old = old if 0 <= old < new else max(new - 1, 0)
    champion = _champion(request, found)
    context = {
        "champion": champion,
        "against_champion": _against(found, champion) if champion and revisions else [],
        "may_restore": allowed(actor_of(request), "card.edit", found),
        "version": found,
        "model": found.model,
        "page": page,
        "rows": _rows(found, list(page), revisions),
        "numbers": list(revisions.values_list("number", flat=True)),
        "old": old,
        "old_text": str(old),
        "new_text": str(new),
        "new": new,
        "differences": _differences(found, revisions, old, new) if new else [],
    }
    return render(request, "cards/card_history.html", context)


def _differences(
    version: ModelVersion, revisions: QuerySet[CardRevision], old: int, new: int
) -> list[Any]:
    pair = {r.number: r for r in revisions.filter(number__in=[old, new])}
    return differences(version, pair.get(old), pair[new])


def _rows(
    version: ModelVersion, shown: list[CardRevision], revisions: QuerySet[CardRevision]
) -> list[dict[str, Any]]:
    """The revisions of a page, each with the labels of what it changed."""
    if not shown:
        return []
    earliest = revisions.filter(number=shown[-1].number - 1).first()
    rows = []
    for revision, before in zip(shown, [*shown[1:], earliest], strict=True):
        schema = schema_of(revision.schema_version)
        labels = changed_labels(schema, entries_at(version, before), revision.values)
        rows.append(
            {
                "revision": revision,
                "labels": labels,
                "matches": digest_matches(revision),
                "pin": getattr(revision, "pin", None),
            }
        )
    return rows


def _champion(request: HttpRequest, version: ModelVersion) -> ModelVersion | None:
    name = str(version.model.aliases.get("champion", ""))
    if not name or name == version.version:
        return None
    versions = visible_versions(actor_of(request)).select_related("model")
    return versions.filter(model_id=version.model_id, version=name).first()


def _against(version: ModelVersion, champion: ModelVersion) -> list[FieldDiff]:
    """What the newest card says differently from the champion's card."""
    new, theirs = latest_revision(version), latest_revision(champion)
    schema = schema_of(new.schema_version) if new else schema_of()
    return entry_differences(schema, entries_at(champion, theirs), entries_at(version, new))


@needs({"GET": "card.view"})
def card_revision(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """One revision at an address that always shows it."""
    found = version_at(request, pk, version)
    revisions = visible_revisions(actor_of(request))
    get_object_or_404(revisions, version=found, number=number)
    return card_page(request, card_of(found, number=number), is_old=True)


def _version_of(request: HttpRequest, pk: int, version: str, number: int) -> ModelVersion:
    return version_at(request, pk, version)


@needs("card.edit", _version_of)
def card_bring_back(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """Ask why, then make a new revision that says what this one said."""
    found = version_at(request, pk, version)
    get_object_or_404(visible_revisions(actor_of(request)), version=found, number=number)
    newest = latest_revision(found)
    context: dict[str, Any] = {"version": found, "model": found.model, "number": number}
    context |= {"newest": newest.number if newest else 0, "faults": [], "note": ""}
    if request.method == "POST":
        try:
            made = card_restore(
                actor=actor_of(request),
                version_id=found.pk,
                revision=number,
                base_revision=whole(request.POST.get("base_revision", "")),
                note=request.POST.get("note", ""),
            )
        except Invalid as error:
            faults = error.fields.get("note", [error.message])
            context |= {"faults": faults, "note": request.POST.get("note", "")}
            return render(request, "cards/card_restore.html", context, status=422)
        messages.success(request, f"Revision {made.number} says what revision {number} said.")
        return redirect(reverse("card_history", args=[pk, version]))
    return render(request, "cards/card_restore.html", context)


@needs({"GET": "card.view"})
def card_as_pdf(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The card as a PDF, now or as a revision left it."""
    card = _asked_for(request, pk, version)
    return pdf_file(card)


@needs({"GET": "card.view"})
def card_as_annex_iv(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The card in the order of Annex IV, as one HTML file to keep."""
    return annex_iv_file(_asked_for(request, pk, version))


def _asked_for(request: HttpRequest, pk: int, version: str) -> CardView:
    found = version_at(request, pk, version)
    return card_of(found, number=revision_number(request, "revision", found))


def pdf_file(card: CardView) -> HttpResponse:
    """A card's PDF as a download."""
    return _file(card, card_pdf(card), "application/pdf", "pdf")


def annex_iv_file(card: CardView) -> HttpResponse:
    """A card's Annex IV outline as a download."""
    return _file(card, outline(card).encode(), "text/html; charset=utf-8", "annex-iv.html")


def _file(card: CardView, content: bytes, kind: str, ending: str) -> HttpResponse:
    parts = (card.version.model.name, card.version.version, f"r{card.number}")
    name = f"card-{slugify('-'.join(parts))}.{ending}"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response
