"""Reads of comments."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import QuerySet

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.comments.models import CardComment
from registry.inventory.models import ModelVersion


@dataclass
class Thread:
    """A remark with its replies."""

    first: CardComment
    replies: list[CardComment] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it."""
        return self.first.resolved_at is None


def visible_comments(actor: Actor) -> QuerySet[CardComment]:
    """The comments on every card that `actor` may read."""
    comments = CardComment.objects.all()
    return comments if allowed(actor, "card.view") else comments.none()


def threads_by_field(version: ModelVersion) -> dict[str, list[Thread]]:
    """A card's threads by field, oldest first; one query."""
    threads: dict[int, Thread] = {}
    found: dict[str, list[Thread]] = {}
    for comment in CardComment.objects.filter(version=version).order_by("number"):
        if comment.parent_id in threads:
            threads[comment.parent_id].replies.append(comment)
            continue
        threads[comment.pk] = Thread(comment)
        found.setdefault(comment.field_key, []).append(threads[comment.pk])
    return found


def open_comments(version: ModelVersion) -> dict[str, int]:
    """How many open threads each field of a card has; one query."""
    waiting = CardComment.objects.filter(
        version=version, parent__isnull=True, resolved_at__isnull=True
    )
    return dict(Counter(waiting.values_list("field_key", flat=True)))
