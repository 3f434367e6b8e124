"""What may be done with a saved revision: bring it back, pin it, prove it."""

from django.db import transaction

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Invalid
from portal.trail.services import record
from registry.cards import answers
from registry.cards.answers import BadAnswer
from registry.cards.models import CardPin, CardRevision
from registry.cards.queries import latest_revision
from registry.cards.services import locked_version, revision_digest
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import ModelVersion


def digest_matches(revision: CardRevision) -> bool:
    """Whether the digest that was saved is the one its content gives now."""
    return revision.digest == revision_digest(revision)


def card_restore(
    *, actor: Actor, version_id: int, revision: int, base_revision: int, note: str
) -> CardRevision:
    """Make a new revision that says what an old one said; Conflict if the card has moved on."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        reason = _reason("note", note, "Say why this revision is brought back.")
        old = _revision(version, revision)
        newest = latest_revision(version) or old
        _refuse(old, newest, base_revision)
        restored = _copied(actor, old, newest.number + 1, reason)
        refresh_models([version.model_id])
        record(
            actor,
            "card.restore",
            version,
            before={"revision": newest.number, "digest": newest.digest},
            after={"revision": restored.number, "digest": restored.digest, "of": old.number},
            reason=reason,
        )
    return restored


def revision_pin(*, actor: Actor, version_id: int, number: int, reason: str) -> CardPin:
    """Pin a revision so that everybody sees it was relied on; the first pin of a revision stays."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.edit", version)
        why = _reason("reason", reason, "Say why this revision is pinned.")
        revision = _revision(version, number)
        if existing := CardPin.objects.filter(revision=revision).first():
            return existing
        pin = CardPin.objects.create(
            revision=revision, reason=why, by_id=actor.user_id, by_name=actor.name[:120]
        )
        after = {"revision": revision.number, "digest": revision.digest}
        record(actor, "card.pin", version, after=after, reason=why)
    return pin


def _reason(name: str, text: str, missing: str) -> str:
    try:
        found = answers.text_of(text, answers.NOTE).strip()
    except BadAnswer as error:
        raise Invalid("Nothing was changed.", fields={name: [str(error)]}) from None
    if not found:
        raise Invalid("Nothing was changed.", fields={name: [missing]})
    return found


def _revision(version: ModelVersion, number: int) -> CardRevision:
    found = CardRevision.objects.filter(version=version, number=number).first()
    if found is None:
        raise Conflict(
            f"This card has no revision {number}. Choose one from its list of revisions.",
            code="unknown-revision",
        )
    return found


def _refuse(old: CardRevision, newest: CardRevision, base: int) -> None:
    if newest.number != base:
        raise Conflict(
            f"{newest.author_name} has saved revision {newest.number} since you read revision "
            f"{base}, so nothing was brought back. Read the newest revision and try again.",
            code="card-conflict",
        )
    if old.values == newest.values and old.schema_version == newest.schema_version:
        raise Conflict(
            f"The newest revision already says what revision {old.number} says.",
            code="nothing-to-restore",
        )


def _copied(actor: Actor, old: CardRevision, number: int, note: str) -> CardRevision:
    revision = CardRevision(
        version_id=old.version_id,
        number=number,
        schema_version=old.schema_version,
        values=old.values,
        note=note,
        author_id=actor.user_id,
        author_name=actor.name[:120],
    )
    revision.digest = revision_digest(revision)
    revision.save()
    return revision
