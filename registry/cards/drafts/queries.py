"""Reads of drafts: one's own, and what colleagues are writing at the same card."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.drafts.models import CardDraft
from registry.inventory.models import ModelVersion

# Who has not typed for so long is not writing at the moment.
WRITING_FOR = timedelta(hours=24)


def visible_drafts(actor: Actor, version: ModelVersion) -> QuerySet[CardDraft]:
    """The drafts at a card, for those who may edit it; drafts are no part of the card yet."""
    drafts = CardDraft.objects.filter(version=version)
    return drafts if allowed(actor, "card.edit", version) else drafts.none()


def drafts_by_field(
    actor: Actor, version: ModelVersion
) -> tuple[dict[str, CardDraft], dict[str, list[CardDraft]]]:
    """The actor's own drafts by field, and those that others are writing, in one query."""
    own: dict[str, CardDraft] = {}
    others: dict[str, list[CardDraft]] = {}
    for draft in visible_drafts(actor, version).select_related("author"):
        if draft.author_id == actor.user_id:
            own[draft.field_key] = draft
        elif is_recent(draft):
            others.setdefault(draft.field_key, []).append(draft)
    return own, others


def own_drafts(actor: Actor, version: ModelVersion) -> QuerySet[CardDraft]:
    """What the actor has typed at a card and not saved as a revision yet."""
    return visible_drafts(actor, version).filter(author_id=actor.user_id)


def others_writing(actor: Actor, version: ModelVersion, key: str) -> list[CardDraft]:
    """What colleagues have typed into the same field and not saved as a revision yet."""
    drafts = visible_drafts(actor, version).filter(field_key=key).exclude(author_id=actor.user_id)
    return [draft for draft in drafts.select_related("author") if is_recent(draft)]


def is_recent(draft: CardDraft) -> bool:
    """Whether its author may still be at it."""
    return timezone.now() - draft.changed_at < WRITING_FOR
