"""Saving what people typed and then left."""

from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.http import Http404
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.models import User
from portal.errors import SignetError
from portal.jobs.context import JobContext
from portal.jobs.registry import job
from portal.jobs.schedule import every
from registry.cards.drafts.models import CardDraft
from registry.cards.drafts.services import drafts_publish

IDLE = timedelta(minutes=30)
NOTE = "Saved from drafts that nobody touched for 30 minutes"


@job("cards.publish_drafts", title="Save drafts of cards that were left", service="cards")
def publish_drafts(context: JobContext) -> dict[str, Any]:
    """Make a revision, in their author's name, of drafts that have been left for half an hour."""
    groups = CardDraft.objects.order_by().values_list("version_id", "author_id")
    left = groups.annotate(last=Max("changed_at")).filter(last__lt=timezone.now() - IDLE)
    made = 0
    for version_id, author_id, _ in left.filter(author__is_active=True):
        context.check_cancelled()
        actor = person(User.objects.get(pk=author_id))
        try:
            saved = drafts_publish(actor=actor, version_id=version_id, note=NOTE).saved
        except (SignetError, Http404) as error:
            context.log(f"version {version_id}, author {author_id}: {error}")
            continue
        made += bool(saved.changed)
    return {"text": f"{made} revision{'' if made == 1 else 's'} made of drafts."}


every(minutes=10, kind="cards.publish_drafts")
