"""Tags of decisions that were changed in MLflow by somebody else: put back, and told."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open
from governance.gate.questions import PRODUCTION_PREFIX
from governance.writeback.models import WriteBack, WriteState
from governance.writeback.services import writeback_enqueue, written_since
from governance.writeback.tags import DECIDED, WRITTEN, expected_of, expected_tags, tags_of
from portal.actors import Actor
from portal.trail.services import record
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources.models import Source


def tags_look(
    *, actor: Actor, source: Source, model_ids: Iterable[int] | None, read_since: datetime
) -> int:
    """Put back what was changed among the tags of decisions; how many versions it was."""
    versions = _tagged(source, model_ids)
    # Read for all of them at once; only those that seem to differ are looked at under a lock.
    origins = {version.pk: original_of(version) for version in versions}
    written = _written({origin.pk for origin in origins.values()})
    suspects = [
        version
        for version in versions
        if tags_of(version.tags) != expected_of(written.get(origins[version.pk].pk, []))
    ]
    return sum(_put_back(actor, version, origins[version.pk], read_since) for version in suspects)


def _tagged(source: Source, model_ids: Iterable[int] | None) -> list[ModelVersion]:
    """Versions that carry a decision's tags, or should."""
    rows = ModelVersion.objects.filter(model__source=source, gone_at=None)
    if model_ids is not None:
        rows = rows.filter(model_id__in=model_ids)
    written = WriteBack.objects.filter(wanted__has_key="tags").values("version")
    ours = Q(tags__has_any_keys=list(DECIDED)) | Q(pk__in=written)
    related = rows.filter(ours).select_related("model__owner", "model__team", "model__source")
    shown = related.only(
        "version", "tags", "model__name", "model__owner", "model__team", "model__source"
    )
    return list(shown.order_by("pk"))


def _written(version_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    """What was written about each version, in order."""
    rows = WriteBack.objects.filter(version__in=version_ids, state__in=WRITTEN).order_by("pk")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for version_id, wanted in rows.values_list("version_id", "wanted"):
        found[version_id].append(wanted)
    return found


def _put_back(
    actor: Actor, version: ModelVersion, origin: ModelVersion, read_since: datetime
) -> int:
    """Compare again with nobody deciding meanwhile, then tell and put back; 1 when it was so."""
    with transaction.atomic():
        # Whoever decides about a version holds its model's row.
        RegisteredModel.objects.select_for_update(no_key=True).get(pk=origin.model_id)
        if written_since(WriteBack.objects.filter(version=origin), read_since).exists():
            return 0
        expected, found = expected_tags(origin), tags_of(version.tags)
        changed = {name: value for name, value in expected.items() if found[name] != value}
        if not changed:
            return 0
        _tell(actor, version, origin, found, changed)
        wanted: dict[str, Any] = {"tags": changed}
        if origin.pk != version.pk:
            wanted = {"tags": expected, "copy_to": version.model.name}
        writeback_enqueue(
            actor=actor, version=origin, wanted=wanted, why="put back: tags changed outside Signet"
        )
        record(actor, "tag.put_back", version, before=_short(found), after=_short(expected))
    return 1


def _tell(
    actor: Actor,
    version: ModelVersion,
    origin: ModelVersion,
    found: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    finding_open(
        actor=actor,
        model=version.model,
        version=version,
        kind=FindingKind.TAG_FORGED,
        severity=Severity.HIGH,
        key=f"tag_forged:{version.pk}",
        text=(
            f"{', '.join(sorted(changed))} of {version} did not say what Signet wrote, and was put "
            "back. Find out who changed it in MLflow; the gate does not read tags."
        ),
        facts={
            "found": _short({name: found[name] for name in changed}),
            "written": _short(changed),
        },
        owner=version.model.owner or origin.model.owner,
    )


def original_of(version: ModelVersion) -> ModelVersion:
    """The version that Signet copied to make this one; itself when it is no such copy."""
    if not version.model.name.startswith(PRODUCTION_PREFIX):
        return version
    place = f"{version.model.name}/{version.version}"
    copied = WriteBack.objects.filter(seen__copied_to=place, state=WriteState.DONE)
    row = copied.select_related("version__model__owner", "version__model__source").first()
    return row.version if row else version


def _short(tags: dict[str, Any]) -> dict[str, Any]:
    """The tags with what is too long to be read cut off; a forger may write 100,000 letters."""
    return {
        name: value if value is None or len(value) <= 200 else f"{value[:200]}…"
        for name, value in tags.items()
    }
