"""What a version's approval is about, in parts, and which parts each seat answers for.

A part whose digest differs from the one that a seat signed makes that seat sign again; the other
seats stand. This table is the one place that says so.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from governance.checks.models import ArtifactManifest, ManifestState
from governance.reasons import Reason
from portal.accounts.permissions import Role
from portal.trail.services import canonical
from registry.cards.answers import State
from registry.cards.entries import Entry, Standing, entries_of, standing_of
from registry.cards.pulled import Pulled, pulled_values
from registry.cards.queries import standing_revision
from registry.cards.schema import Field, FieldSource, Schema, schema_of
from registry.inventory.models import ModelVersion

ARTIFACT = "artifact"
CARD_PARTS = {
    "identity": "Business problem and base model",
    "purpose": "Purpose and use",
    "risk": "Risk",
    "data": "Data",
    "model": "Model",
    "evaluation": "Evaluation",
    "fairness": "Fairness",
    "oversight": "Oversight",
    "operation": "Operation",
    "change": "Change and life cycle",
}
LABELS = {ARTIFACT: "Artifact", **CARD_PARTS}
EVERY_PART = frozenset(LABELS)

SEAT_PARTS: dict[str, frozenset[str]] = {
    Role.MODEL_OWNER: EVERY_PART,
    Role.VALIDATOR: frozenset(
        {ARTIFACT, "identity", "purpose", "data", "model", "evaluation", "fairness", "change"}
    ),
    Role.ML_OPS: frozenset({ARTIFACT, "model", "operation", "change"}),
    Role.DATA_GOVERNANCE: EVERY_PART - {"model", "evaluation"},
    Role.PRIVACY: frozenset({ARTIFACT, "purpose", "risk", "data"}),
    Role.SECURITY: frozenset({ARTIFACT, "identity", "risk", "operation"}),
    Role.BUSINESS_OWNER: frozenset({ARTIFACT, "identity", "purpose", "oversight"}),
    Role.EXECUTIVE: frozenset({ARTIFACT, "identity", "purpose", "risk"}),
}


def parts_of_seat(role: str) -> frozenset[str]:
    """The parts a seat answers for; all of them for a role that the table does not name."""
    return SEAT_PARTS.get(role, EVERY_PART)


def reason_of(part: str) -> Reason:
    """The reason code of a part that has changed."""
    return Reason.STALE_DIGEST if part == ARTIFACT else Reason.STALE_CARD


def live_parts(version: ModelVersion) -> dict[str, Any]:
    """The facts of each part as they are now; `version` comes with its model, owner and team."""
    parts: dict[str, Any] = {ARTIFACT: _artifact(version), **{name: {} for name in CARD_PARTS}}
    source = standing_revision(version)
    own = source is not None and source.version_id == version.pk
    schema = schema_of(source.schema_version) if source and own else schema_of()
    entries, pulled = entries_of(version, source, schema), pulled_values(version)
    for field in material_fields(schema):
        told = _told(field, entries.get(field.key), pulled.get(field.key))
        if told is not None:
            parts.setdefault(field.section, {})[field.key] = told
    return parts


def material_fields(schema: Schema) -> Iterable[Field]:
    """The fields whose change asks for a new approval; the risk tier is watched by itself."""
    return (f for f in schema if f.material and f.source is not FieldSource.DERIVED)


def digests_of(parts: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of each part's canonical JSON."""
    return {name: sha256_of(facts) for name, facts in parts.items()}


def sha256_of(facts: Mapping[str, Any]) -> str:
    """SHA-256 over canonical JSON, in hex."""
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


def _artifact(version: ModelVersion) -> dict[str, str]:
    manifests = ArtifactManifest.objects.filter(version=version, state=ManifestState.COMPLETE)
    digest = manifests.order_by("-id").values_list("digest", flat=True).first()
    return {"digest": digest or "", "source": version.source_uri, "run": version.run_id}


def _told(field: Field, entry: Entry | None, pulled: Pulled | None) -> Any:
    """What the card says there, whoever says it; None when it says nothing."""
    standing = standing_of(field, entry, is_pulled=pulled is not None)
    if standing is Standing.PULLED and pulled:
        return {"value": pulled.value}
    if entry is None:
        return None
    if entry["state"] == State.WRITTEN:
        return {"value": entry.get("value")}
    return {"state": str(entry["state"]), "reason": entry.get("reason", "")}
