"""The files and comments of one field: a page of its own, and the same beside the card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Conflict, Invalid, Upstream
from registry.cards.attachments.content import LARGEST, LARGEST_WORDS
from registry.cards.comments.anchor import anchor_of
from registry.cards.comments.queries import Thread
from registry.cards.comments.services import may_edit
from registry.cards.markdown import rendered
from registry.cards.notes import WHOLE, CardNotes, notes_of
from registry.cards.view import card_of
from registry.cards.views import version_at
from registry.inventory.models import ModelVersion


@dataclass(frozen=True)
class Failed:
    """A form that was not done: which one, why, and what had been typed into it."""

    form: str
    message: str
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


@needs({"GET": "card.view"})
def card_notes(request: HttpRequest, pk: int, version: str, key: str) -> HttpResponse:
    """A field with its files and comments."""
    found = version_at(request, pk, version)
    return notes_page(request, found, key_of(key))


def key_of(word: str) -> str:
    """The field's key that a part of an address names."""
    return "" if word == WHOLE else word


def done(
    request: HttpRequest, version: ModelVersion, key: str, form: str, do: Callable[[], object]
) -> HttpResponse:
    """Do what a form asks; what fails comes back with its words, in the page or beside it."""
    try:
        do()
    except (Invalid, Conflict, Upstream) as error:
        faults = error.fields if isinstance(error, Invalid) else {}
        status = 422 if isinstance(error, Invalid) else error.status
        failed = Failed(form, error.message, faults, request.POST.dict())
        return notes_page(request, version, key, failed=failed, status=status)
    if request.headers.get("HX-Request"):
        return notes_page(request, version, key, swap=True)
    messages.success(request, "Saved.")
    return redirect("card_notes", version.model_id, version.version, key or WHOLE)


def notes_page(
    request: HttpRequest,
    version: ModelVersion,
    key: str,
    *,
    failed: Failed | None = None,
    swap: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The page of a field's notes, or only the panel for htmx; `swap` also renews the card's."""
    card = card_of(version)
    shown = next((item for item in card.fields if item.field.key == key), None)
    if key and shown is None:
        raise Http404
    actor = actor_of(request)
    notes = notes_of(actor, version)
    found = notes.of(key)
    now = anchor_of(card, key).digest

    def told(thread: Thread) -> dict[str, Any]:
        comments = [thread.first, *thread.replies]
        return {
            "thread": thread,
            "earlier": bool(thread.first.about_digest and thread.first.about_digest != now),
            "comments": [(c, rendered(c.text), may_edit(actor, c)) for c in comments],
        }

    context = {
        "version": version,
        "model": version.model,
        "card_notes": notes,
        "notes": found,
        "field": shown,
        "label": shown.field.label if shown else "The whole card",
        "threads": [told(thread) for thread in found.threads if thread.is_open],
        "resolved": [told(thread) for thread in found.resolved],
        "own_files": [file for file in found.current if file.version_id == version.pk],
        "failed": failed,
        "swap": swap,
        "beside": bool(request.headers.get("HX-Request")),
        "largest": LARGEST,
        "largest_words": LARGEST_WORDS,
        **_rights(notes),
    }
    template = "cards/notes.html#panel" if context["beside"] else "cards/notes.html"
    return render(request, template, context, status=status)


def _rights(notes: CardNotes) -> dict[str, bool]:
    return {"may_attach": notes.may_attach, "may_comment": notes.may_comment}
