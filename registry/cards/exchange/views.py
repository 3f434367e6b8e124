"""The pages of cards in other formats: take one home, look at a document, import it."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.accounts.permissions import allowed
from portal.errors import Conflict, Invalid
from registry.cards.answers import NOTE
from registry.cards.exchange.documents import MOST_BYTES, BadDocument, text_of
from registry.cards.exchange.files import card_file
from registry.cards.exchange.formats import FORMATS, Format, format_of
from registry.cards.exchange.imports import Change, Plan, plan_of
from registry.cards.exchange.services import Imported, card_import
from registry.cards.view import card_of
from registry.cards.views import revision_number, version_at
from registry.inventory.models import ModelVersion


@dataclass
class Given:
    """What somebody gave to import, as it goes back into the form."""

    document: str = ""
    standard: str = ""
    note: str = ""
    file_name: str = ""
    plan: Plan | None = None
    form: Format | None = None
    taken: set[str] = field(default_factory=set)
    faults: dict[str, list[str]] = field(default_factory=dict)
    trouble: str = ""

    @property
    def rows(self) -> list[tuple[Change, bool]]:
        """The changes and whether each is to be taken."""
        return [(c, c.field.key in self.taken) for c in (self.plan.changes if self.plan else [])]


@needs({"GET": "card.view"})
def card_exports(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """The formats of a card: what each is for and which answers it has no room for."""
    found = version_at(request, pk, version)
    number = revision_number(request, "revision", found)
    card = card_of(found, number=number)
    said = {item.field.key for item in card.fields if item.value not in (None, "", [])}
    rows = [
        (form, [f.label for f in form.left_out(card.schema) if f.key in said])
        for form in FORMATS.values()
    ]
    context = {
        "version": found,
        "model": found.model,
        "card": card,
        "rows": rows,
        "query": f"?revision={number}" if number else "",
        "may_edit": allowed(actor_of(request), "card.edit", found),
    }
    return render(request, "cards/card_exports.html", context)


@needs({"GET": "card.view"})
def card_export(request: HttpRequest, pk: int, version: str, standard: str) -> HttpResponse:
    """The card as a file."""
    found = version_at(request, pk, version)
    if standard not in FORMATS:
        raise Http404
    return card_file(
        card_of(found, number=revision_number(request, "revision", found)), FORMATS[standard]
    )


@needs("card.edit", version_at)
def card_import_page(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Give a document, see what it would change, then import it."""
    found = version_at(request, pk, version)
    if request.method != "POST":
        return _page(request, found, Given())
    given = _given(request)
    if given.faults:
        return _page(request, found, given, status=422)
    try:
        document = given.document.encode()
        given.form = FORMATS.get(given.standard) or format_of(document)
        if request.POST.get("do") == "import":
            done = _import(request, found, given, given.form)
            messages.success(request, _told(done))
            return redirect("card_detail", pk, version)
        _plan(given, found)
    except BadDocument as error:
        given.faults = dict(error.fields)
        return _page(request, found, given, status=422)
    except (Invalid, Conflict) as error:
        given.trouble = error.message
        given.faults = dict(error.fields) if isinstance(error, Invalid) else {}
        _plan(given, found, keep=True)
        return _page(request, found, given, status=409 if isinstance(error, Conflict) else 422)
    return _page(request, found, given, status=422 if given.plan and given.plan.faults else 200)


def _given(request: HttpRequest) -> Given:
    """What was pasted, or the file in its place."""
    post = request.POST
    given = Given(post.get("document", ""), post.get("standard", ""), post.get("note", "")[:NOTE])
    given.taken = set(post.getlist("take"))
    sent = request.FILES.get("file")
    try:
        if sent is not None:
            # One byte too many is enough to see that it is too long.
            given.document = text_of(sent.read(MOST_BYTES + 1), size=sent.size or 0)
            given.file_name = sent.name or ""
        elif not given.document.strip():
            raise BadDocument("Choose a file, or paste a document.")
    except BadDocument as error:
        given.faults = dict(error.fields)
    return given


def _plan(given: Given, version: ModelVersion, *, keep: bool = False) -> None:
    """Work out what the document would do; conflicts are taken only when somebody says so."""
    if given.form is None:
        return
    given.plan = plan_of(card_of(version), given.form.read(given.document.encode()))
    if not keep:
        given.taken = {c.field.key for c in given.plan.changes if not c.conflict}


def _import(request: HttpRequest, version: ModelVersion, given: Given, form: Format) -> Imported:
    return card_import(
        actor=actor_of(request),
        version_id=version.pk,
        document=given.document.encode(),
        form=form,
        seen=request.POST.get("seen", ""),
        fields=given.taken,
        note=given.note,
    )


def _told(done: Imported) -> str:
    if not done.saved.changed or done.saved.revision is None:
        return "The card already says all of this, so no revision was made."
    count = len(done.saved.changed)
    answers = "one answer" if count == 1 else f"{count} answers"
    return f"Imported {answers} as revision {done.saved.revision.number}."


def _page(
    request: HttpRequest, version: ModelVersion, given: Given, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "version": version,
        "model": version.model,
        "given": given,
        "plan": given.plan,
        "formats": FORMATS.values(),
        "most": MOST_BYTES // 1000,
    }
    return render(request, "cards/card_import.html", context, status=status)
