"""Attaching, withdrawing and reading files in the browser."""

from datetime import date
from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.accounts.access import needs
from portal.accounts.actors import actor_of
from portal.errors import Invalid
from registry.cards.attachments.models import CardAttachment, Kind
from registry.cards.attachments.queries import visible_attachments
from registry.cards.attachments.services import Upload, attachment_add, attachment_withdraw
from registry.cards.attachments.storage import content_open
from registry.cards.note_views import done, key_of
from registry.cards.views import version_at, whole
from registry.inventory.models import ModelVersion

# An HTML page has a type that no browser shows: it is evidence to keep, not a page of ours.
MEDIA_TYPES = {
    Kind.PDF: "application/pdf",
    Kind.PNG: "image/png",
    Kind.CSV: "text/csv; charset=utf-8",
    Kind.HTML: "application/octet-stream",
}
INERT = "sandbox; default-src 'none'"


def _version_with(request: HttpRequest, pk: int, version: str, **_: Any) -> ModelVersion:
    return version_at(request, pk, version)


@needs({"POST": "card.edit"}, _version_with)
def attach(request: HttpRequest, pk: int, version: str, key: str) -> HttpResponse:
    """Attach a file to a field."""
    found = version_at(request, pk, version)

    def add() -> CardAttachment:
        sent = request.FILES.get("file")
        if sent is None:
            raise Invalid("Nothing was attached.", fields={"file": ["Choose a file."]})
        replaces = request.POST.get("replaces", "")
        return attachment_add(
            actor=actor_of(request),
            version_id=found.pk,
            field_key=key_of(key),
            upload=Upload(sent.file, sent.name or "", sent.size or 0),
            effective_on=_day(request, "effective_on"),
            expires_on=_day(request, "expires_on"),
            replaces=whole(replaces) if replaces else None,
        )

    return done(request, found, key_of(key), "attach", add)


@needs({"POST": "card.edit"}, _version_with)
def withdraw(request: HttpRequest, pk: int, version: str, number: int) -> HttpResponse:
    """Say that a file no longer counts, and why."""
    found = version_at(request, pk, version)
    file = _file(request, found, number)
    return done(
        request,
        found,
        file.field_key,
        f"withdraw-{number}",
        lambda: attachment_withdraw(
            actor=actor_of(request),
            version_id=found.pk,
            number=number,
            reason=request.POST.get("reason", ""),
        ),
    )


@needs({"GET": "card.view"})
def download(request: HttpRequest, pk: int, version: str, number: int) -> FileResponse:
    """A file to keep; the browser opens none of them here."""
    return as_download(_file(request, version_at(request, pk, version), number))


@needs({"GET": "card.view"})
def picture(request: HttpRequest, pk: int, version: str, number: int) -> FileResponse:
    """A PNG picture for our own pages; 404 for every other kind."""
    files = visible_attachments(actor_of(request)).filter(kind=Kind.PNG)
    found = version_at(request, pk, version)
    return _response(get_object_or_404(files, version=found, number=number), as_attachment=False)


def as_download(file: CardAttachment) -> FileResponse:
    """The stored content under its name, as a download that cannot act in our origin."""
    return _response(file, as_attachment=True)


def _response(file: CardAttachment, *, as_attachment: bool) -> FileResponse:
    response = FileResponse(
        content_open(file.stored_as),
        as_attachment=as_attachment,
        filename=file.name,
        content_type=MEDIA_TYPES[Kind(file.kind)],
    )
    response["Content-Length"] = str(file.size)
    response["Content-Security-Policy"] = INERT
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _file(request: HttpRequest, version: ModelVersion, number: int) -> CardAttachment:
    files = visible_attachments(actor_of(request))
    return get_object_or_404(files, version=version, number=number)


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.POST.get(name, "").strip()
    try:
        return forms.DateField(input_formats=["%Y-%m-%d"], required=False).clean(text)
    except forms.ValidationError:
        raise Invalid(
            "Nothing was attached yet; please correct the dates.",
            fields={name: ["Write the date as year-month-day, such as 2027-03-31."]},
        ) from None
