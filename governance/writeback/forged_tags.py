"""Tags of decisions that were changed in MLflow by somebody else: put back, and told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from governance.findings.models import FindingKind, Severity
from governance.findings.services import finding_open
from governance.writeback.models import WriteBack, WriteState
from governance.writeback.services import writeback_enqueue, written_since
from governance.writeback.tags import DECIDED, expected_tags
from portal.actors import Actor
from portal.trail.services import record
from registry.inventory.models import ModelVersion
from registry.sources.models import Source


def tagged_versions(source: Source, model_ids: Iterable[int] | None) -> list[ModelVersion]:
    """Versions that carry a decision's tags, or should."""
    rows = ModelVersion.objects.filter(model__source=source, gone_at=None)
    if model_ids is not None:
        rows = rows.filter(model_id__in=model_ids)
    written = WriteBack.objects.filter(wanted__has_key="tags").values("version")
    ours = Q(tags__has_any_keys=list(DECIDED)) | Q(pk__in=written)
    related = rows.filter(ours).select_related("model__owner", "model__team", "model__source")
    return list(related.order_by("pk"))


def tags_look(actor: Actor, version: ModelVersion, read_since: datetime) -> int:
    """Put back what was changed among the tags of one version; 1 when something was."""
    origin = original_of(version)
    if written_since(WriteBack.objects.filter(version=origin), read_since).exists():
        return 0
    expected = expected_tags(origin)
    found = {name: version.tags.get(name) for name in DECIDED}
    if found == expected:
        return 0
    changed = {name: value for name, value in expected.items() if found[name] != value}
    with transaction.atomic():
        finding_open(
            actor=actor,
            model=version.model,
            version=version,
            kind=FindingKind.TAG_FORGED,
            severity=Severity.HIGH,
            key=f"tag_forged:{version.pk}",
            text=(
                f"{', '.join(sorted(changed))} of {version} did not say what Signet wrote, and "
                "was put back. Find out who changed it in MLflow; the gate does not read tags."
            ),
            facts={
                "found": {name: _short(found[name]) for name in changed},
                "written": {name: _short(value) for name, value in changed.items()},
            },
        )
        wanted: dict[str, Any] = {"tags": changed}
        if origin.pk != version.pk:
            wanted = {"tags": expected, "copy_to": version.model.name}
        writeback_enqueue(
            actor=actor, version=origin, wanted=wanted, why="put back: tags changed outside Signet"
        )
        record(actor, "tag.put_back", version, before=found, after=expected)
    return 1


def original_of(version: ModelVersion) -> ModelVersion:
    """The version that Signet copied to make this one; itself when it is no such copy."""
    place = f"{version.model.name}/{version.version}"
    copied = WriteBack.objects.filter(seen__copied_to=place, state=WriteState.DONE)
    row = copied.select_related("version__model__source").order_by("-pk").first()
    return row.version if row else version


def _short(value: str | None) -> str | None:
    return value if value is None or len(value) <= 200 else f"{value[:200]}…"
