"""Attaching a file to a card and withdrawing it; the file is stored first, then its row."""

from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from django.db import transaction
from django.db.models import Max
from django.shortcuts import get_object_or_404
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.cards import answers
from registry.cards.answers import BadAnswer
from registry.cards.attachments.content import BadFile, kind_of
from registry.cards.attachments.models import WHOLE_CARD, CardAttachment, Kind
from registry.cards.attachments.names import check_ending, clean_name
from registry.cards.attachments.storage import content_keep, content_store, digest_of
from registry.cards.schema import schema_of
from registry.cards.services import locked_version
from registry.inventory.queries import visible_versions

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Upload:
    """A file that somebody sends, under the name it has there."""

    file: IO[bytes]
    name: str
    size: int


@dataclass(frozen=True)
class _Content:
    name: str
    kind: Kind
    sha256: str
    size: int


def attachment_add(
    *,
    actor: Actor,
    version_id: int,
    field_key: str,
    upload: Upload,
    effective_on: date | None = None,
    expires_on: date | None = None,
    replaces: int | None = None,
) -> CardAttachment:
    """Attach a file to a field, or to the whole card; `replaces` is the number of an older one.

    Invalid names what is wrong with the file or a date; Upstream when it cannot be stored. Either
    way nothing is saved.
    """
    version = get_object_or_404(
        visible_versions(actor).select_related("model__team"), pk=version_id
    )
    require(actor, "card.edit", version)
    _check_field(field_key)
    _check_dates(effective_on, expires_on)
    content = _checked(upload)
    stored_as = content_store(upload.file, content.sha256)
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        old = _current(version.pk, replaces, field_key) if replaces is not None else None
        content_keep(stored_as)
        made = CardAttachment.objects.create(
            version=version,
            number=_next_number(version.pk),
            field_key=field_key,
            name=content.name,
            kind=content.kind,
            size=content.size,
            sha256=content.sha256,
            stored_as=stored_as,
            effective_on=effective_on,
            expires_on=expires_on,
            uploaded_by_id=actor.user_id,
            uploaded_by_name=actor.name[:120],
        )
        if old:
            old.replaced_by = made
            old.save(update_fields=["replaced_by"])
        before = _told(old) if old else None
        record(actor, "card.attach", version, before=before, after=_told(made))
    return made


def attachment_withdraw(
    *, actor: Actor, version_id: int, number: int, reason: str
) -> CardAttachment:
    """Say that a file no longer counts, and why; the file and its row stay."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        why = _reason(reason)
        found = _current(version.pk, number)
        found.withdrawn_at = timezone.now()
        found.withdrawn_by_name = actor.name[:120]
        found.withdrawn_reason = why
        found.save(update_fields=["withdrawn_at", "withdrawn_by_name", "withdrawn_reason"])
        record(actor, "card.attachment_withdraw", version, before=_told(found), reason=why)
    return found


def _check_field(key: str) -> None:
    if key != WHOLE_CARD and key not in schema_of().by_key:
        raise Invalid(
            "Nothing was attached.",
            fields={"field": ["The card has no such field; leave it empty for the whole card."]},
        )


def _check_dates(effective: date | None, expires: date | None) -> None:
    faults = {
        name: [f"Give a day between {EARLIEST.year} and {LATEST.year}."]
        for name, value in (("effective_on", effective), ("expires_on", expires))
        if value and not EARLIEST <= value <= LATEST
    }
    if effective and expires and expires < effective:
        faults["expires_on"] = ["It cannot expire before it takes effect."]
    if faults:
        raise Invalid("Nothing was attached yet; please correct the dates.", fields=faults)


def _checked(upload: Upload) -> _Content:
    name = clean_name(upload.name)
    try:
        kind = kind_of(upload.file, upload.size)
        check_ending(name, kind)
    except BadFile as error:
        raise Invalid("Nothing was attached.", fields={"file": [str(error)]}) from None
    return _Content(name, kind, digest_of(upload.file), upload.size)


def _current(version_id: int, number: int, field_key: str | None = None) -> CardAttachment:
    found = CardAttachment.objects.filter(version_id=version_id, number=number).first()
    if found is None or field_key not in (None, found.field_key):
        raise Conflict(
            f"There is no file {number} here. Reload the page to see what is.", code="unknown-file"
        )
    if not found.is_current:
        raise Conflict(
            f"“{found.name}” was withdrawn or replaced in the meantime; nothing was changed.",
            code="file-withdrawn",
        )
    return found


def _next_number(version_id: int) -> int:
    last = CardAttachment.objects.filter(version_id=version_id).aggregate(last=Max("number"))
    return (last["last"] or 0) + 1


def _reason(text: str) -> str:
    try:
        found = answers.text_of(text, answers.NOTE).strip()
    except BadAnswer as error:
        raise Invalid("Nothing was withdrawn.", fields={"reason": [str(error)]}) from None
    if not found:
        faults = {"reason": ["Say why this file no longer counts."]}
        raise Invalid("Nothing was withdrawn.", fields=faults)
    return found


def _told(attachment: CardAttachment) -> dict[str, Any]:
    """An attachment, for the trail."""
    return {
        "file": attachment.number,
        "field": attachment.field_key,
        "name": attachment.name,
        "kind": attachment.kind,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "effective_on": attachment.effective_on,
        "expires_on": attachment.expires_on,
    }
