"""Reads of attachments."""

from django.db.models import QuerySet

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.attachments.models import CardAttachment
from registry.cards.schema import schema_of
from registry.inventory.models import ModelVersion


def visible_attachments(actor: Actor) -> QuerySet[CardAttachment]:
    """The attachments of every card that `actor` may read."""
    attachments = CardAttachment.objects.all()
    return attachments if allowed(actor, "card.view") else attachments.none()


def attachments_by_field(version: ModelVersion) -> dict[str, list[CardAttachment]]:
    """A card's files by field, newest first, those taken over from earlier versions included.

    As with answers, a field whose answer is taken over takes its files over too, from the nearest
    earlier version that has any, until this version has one of its own. One query.
    """
    rows = CardAttachment.objects.filter(
        version__model_id=version.model_id, version__ordinal__lte=version.ordinal
    )
    rows = rows.select_related("version", "replaced_by").order_by("-version__ordinal", "-number")
    inheriting = {field.key for field in schema_of() if field.inherits and field.editable}
    found: dict[str, list[CardAttachment]] = {}
    for row in rows:
        kept = found.setdefault(row.field_key, [])
        own = row.version_id == version.pk
        nearest = not kept or kept[0].version_id == row.version_id
        if own or (nearest and row.is_current and row.field_key in inheriting):
            kept.append(row)
    return {key: files for key, files in found.items() if files}
