"""Reads of cards and their revisions."""

from collections.abc import Iterable

from django.db.models import QuerySet

from portal.accounts.permissions import allowed
from portal.actors import Actor
from registry.cards.models import CardRevision
from registry.inventory.models import ModelVersion


def visible_revisions(actor: Actor) -> QuerySet[CardRevision]:
    """The revisions of every card that `actor` may read."""
    revisions = CardRevision.objects.all()
    return revisions if allowed(actor, "card.view") else revisions.none()


def latest_revision(version: ModelVersion) -> CardRevision | None:
    """The newest revision of the version's own card."""
    return CardRevision.objects.filter(version=version).order_by("-number").first()


def earlier_revision(version: ModelVersion) -> CardRevision | None:
    """The newest revision of the nearest earlier version of the model that has one."""
    earlier = CardRevision.objects.filter(
        version__model_id=version.model_id, version__ordinal__lt=version.ordinal
    )
    return earlier.select_related("version").order_by("-version__ordinal", "-number").first()


def standing_revision(version: ModelVersion) -> CardRevision | None:
    """The revision that a version's card starts from: its own newest, else an earlier version's."""
    return latest_revision(version) or earlier_revision(version)


def standing_revisions(versions: Iterable[ModelVersion]) -> dict[int, CardRevision]:
    """`standing_revision` for many versions at once, by version, in two queries."""
    wanted = list(versions)
    known: dict[int, list[tuple[int, int]]] = {}
    carrying = CardRevision.objects.filter(version__model_id__in={v.model_id for v in wanted})
    rows = carrying.values_list("version__model_id", "version__ordinal", "version_id").distinct()
    for model_id, ordinal, version_id in rows.order_by():
        known.setdefault(model_id, []).append((ordinal, version_id))
    nearest: dict[int, int] = {}
    for version in wanted:
        found = [pair for pair in known.get(version.model_id, []) if pair[0] <= version.ordinal]
        if found:
            nearest[version.pk] = max(found)[1]
    newest = CardRevision.objects.filter(version_id__in=set(nearest.values()))
    newest = newest.select_related("version").order_by("version_id", "-number")
    revisions = {revision.version_id: revision for revision in newest.distinct("version_id")}
    return {version_id: revisions[from_id] for version_id, from_id in nearest.items()}
