"""Commenting on a card: remarks, replies, corrections of one's own, resolving."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from portal.accounts.permissions import require
from portal.actors import Actor
from portal.errors import Conflict, Denied, Invalid
from portal.trail.services import record
from registry.cards import answers
from registry.cards.answers import BadAnswer
from registry.cards.comments.anchor import Anchor, anchor_of
from registry.cards.comments.models import CardComment
from registry.cards.schema import schema_of
from registry.cards.services import locked_version
from registry.cards.view import card_of
from registry.inventory.models import ModelVersion

LONGEST = 5_000
MAY_EDIT_FOR = timedelta(minutes=15)


def comment_add(*, actor: Actor, version_id: int, field_key: str, text: str) -> CardComment:
    """Say something about a field, or about the whole card when `field_key` is empty."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.comment", version)
        said = _text(text)
        if field_key and field_key not in schema_of().by_key:
            faults = {"field": ["The card has no such field; leave it empty for the whole card."]}
            raise Invalid("Nothing was said yet.", fields=faults)
        anchor = anchor_of(card_of(version), field_key)
        made = _written(actor, version, field_key, said, anchor, None)
        record(actor, "card.comment", version, after=_told(made))
    return made


def comment_reply(*, actor: Actor, version_id: int, number: int, text: str) -> CardComment:
    """Answer a remark; a reply to a reply joins the same thread."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.comment", version)
        said = _text(text)
        found = _comment(version, number)
        parent = found.parent or found
        if parent.resolved_at:
            raise Conflict(
                f"{parent.resolved_by_name} has resolved this in the meantime. Reopen it, then "
                "answer.",
                code="comment-resolved",
            )
        made = _written(actor, version, parent.field_key, said, Anchor(), parent)
        record(actor, "card.comment", version, after=_told(made))
    return made


def comment_edit(*, actor: Actor, version_id: int, number: int, text: str) -> CardComment:
    """Correct one's own words, for a quarter of an hour; the trail keeps the first ones."""
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.comment", version)
        found = _comment(version, number)
        if not is_own(actor, found):
            raise Denied("Only its author can change a comment. Reply to it instead.")
        if not may_edit(actor, found):
            raise Conflict(
                "A comment can be changed for 15 minutes, and those have passed. Reply to it "
                "instead.",
                code="comment-too-old",
            )
        before = _told(found)
        found.text, found.edited_at = _text(text), timezone.now()
        found.save(update_fields=["text", "edited_at"])
        record(actor, "card.comment_edit", version, before=before, after=_told(found))
    return found


def comment_resolve(*, actor: Actor, version_id: int, number: int) -> CardComment:
    """Say that a remark is settled; nothing happens when it already is."""
    return _settle(actor, version_id, number, resolved=True)


def comment_reopen(*, actor: Actor, version_id: int, number: int) -> CardComment:
    """Say that a remark is not settled after all; nothing happens when it is open."""
    return _settle(actor, version_id, number, resolved=False)


def is_own(actor: Actor, comment: CardComment) -> bool:
    """Whether `actor` wrote it."""
    return actor.user_id is not None and actor.user_id == comment.author_id


def may_edit(actor: Actor, comment: CardComment) -> bool:
    """Whether `actor` wrote it and may still correct it."""
    return is_own(actor, comment) and timezone.now() - comment.created_at < MAY_EDIT_FOR


def _settle(actor: Actor, version_id: int, number: int, *, resolved: bool) -> CardComment:
    with transaction.atomic():
        version = locked_version(actor, version_id)
        require(actor, "card.comment", version)
        found = _comment(version, number)
        found = found.parent or found
        if bool(found.resolved_at) == resolved:
            return found
        found.resolved_at = timezone.now() if resolved else None
        found.resolved_by_name = actor.name[:120] if resolved else ""
        found.save(update_fields=["resolved_at", "resolved_by_name"])
        verb = "card.comment_resolve" if resolved else "card.comment_reopen"
        record(actor, verb, version, after={"comment": found.number, "field": found.field_key})
    return found


def _comment(version: ModelVersion, number: int) -> CardComment:
    comments = CardComment.objects.filter(version=version, number=number)
    found = comments.select_related("parent").first()
    if found is None:
        raise Conflict(
            f"There is no comment {number} here. Reload the page to see what is.",
            code="unknown-comment",
        )
    return found


def _text(text: str) -> str:
    try:
        said = answers.text_of(text, LONGEST).strip()
    except BadAnswer as error:
        raise Invalid("Nothing was said yet.", fields={"text": [str(error)]}) from None
    if not said:
        raise Invalid("Nothing was said yet.", fields={"text": ["Write what you want to say."]})
    return said


def _written(
    actor: Actor,
    version: ModelVersion,
    field_key: str,
    text: str,
    anchor: Anchor,
    parent: CardComment | None,
) -> CardComment:
    last = CardComment.objects.filter(version=version).aggregate(last=Max("number"))["last"]
    return CardComment.objects.create(
        version=version,
        number=(last or 0) + 1,
        field_key=field_key,
        parent=parent,
        text=text,
        about_text=anchor.text,
        about_digest=anchor.digest,
        author_id=actor.user_id,
        author_name=actor.name[:120],
    )


def _told(comment: CardComment) -> dict[str, Any]:
    """A comment, for the trail."""
    return {
        "comment": comment.number,
        "field": comment.field_key,
        "reply_to": comment.parent.number if comment.parent else None,
        "text": comment.text,
        "about_digest": comment.about_digest,
    }
