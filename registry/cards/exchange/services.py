"""Importing a document: as one revision, exactly as its preview said, or not at all."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.cards.exchange.formats import Format
from registry.cards.exchange.imports import Change, Plan, plan_of
from registry.cards.services import Saved, card_save, locked_version
from registry.cards.view import card_of

# How many of the places the trail names; it keeps the document's digest as well.
FIRST = 20


@dataclass(frozen=True)
class Imported:
    """What an import did: the plan it followed and the revision it made, if it changed anything."""

    plan: Plan
    saved: Saved


def card_import(
    *,
    actor: Actor,
    version_id: int,
    document: bytes,
    form: Format,
    seen: str,
    fields: Collection[str],
    note: str = "",
) -> Imported:
    """Put the chosen fields of a document onto a card, in one revision.

    `seen` is the digest of the plan that was agreed to; Conflict when the card has changed so that
    the import would do something else by now. Nothing is saved while an answer has a fault.
    """
    reading = form.read(document)
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        plan = plan_of(card_of(version), reading)
        changes = _chosen(plan, seen, fields)
        saved = card_save(
            actor=actor,
            version_id=version.pk,
            base_revision=plan.card.number,
            changes={change.field.key: change.answer for change in changes},
            note=note or f"Imported: {form.label}",
        )
        if saved.changed:
            record(actor, "card.import", version, after=_told(document, form, plan, saved))
    return Imported(plan, saved)


def _chosen(plan: Plan, seen: str, fields: Collection[str]) -> list[Change]:
    if plan.faults:
        raise Invalid(
            "Nothing was imported: some answers need correcting in the document.",
            fields={f"fields.{f.field.key}": [f"{f.place}: {f.detail}"] for f in plan.faults},
        )
    if plan.digest != seen:
        raise Conflict(
            "The card or the document has changed since you looked, so nothing was imported. This "
            "is what the document would change now.",
            code="card-conflict",
        )
    offered = {change.field.key: change for change in plan.changes}
    if strange := sorted(set(fields) - set(offered)):
        raise Invalid.at("fields", f"The document changes nothing in {strange[0][:80]!r}.")
    return [change for key, change in offered.items() if key in fields]


def _told(document: bytes, form: Format, plan: Plan, saved: Saved) -> dict[str, object]:
    """Where a revision's answers came from, for the trail."""
    return {
        "format": form.key,
        "sha256": hashlib.sha256(document).hexdigest(),
        "bytes": len(document),
        "revision": saved.revision.number if saved.revision else 0,
        "fields": list(saved.changed),
        "not_placed": len(plan.unplaced),
        "first_not_placed": [item.place for item in plan.unplaced[:FIRST]],
    }
