"""The one place that derives what the inventory lists: states, counts, task and search text."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from django.db import connection, transaction

from registry.cards.gaps import CardFacts, card_facts
from registry.cards.models import CardRevision
from registry.cards.queries import standing_revisions
from registry.deployments.models import Deployment
from registry.inventory.models import Lifecycle, ModelVersion, RegisteredModel
from registry.inventory.task import task_of

BATCH = 500
IN_REVIEW = (Lifecycle.IN_REVIEW, Lifecycle.CHANGES_REQUESTED)
DERIVED = [
    "task",
    "lifecycle",
    "version_count",
    "latest_version",
    "champion_version",
    "card_required",
    "card_answered",
    "card_gaps",
    "card_contact",
    "card_review_on",
    "search_text",
]


ApprovalStates = Callable[[Iterable[int]], Mapping[int, Lifecycle]]
_approval_states: list[ApprovalStates] = []


def approval_states_from(states: ApprovalStates) -> None:
    """Let a higher app say where approvals have brought versions: by version, as it knows them."""
    if states not in _approval_states:
        _approval_states.append(states)


@dataclass
class Facts:
    """What one batch of models is derived from."""

    versions: dict[int, list[ModelVersion]]
    newest: dict[int, ModelVersion]
    revisions: dict[int, CardRevision]
    serving: set[int]
    served: set[int]
    approvals: dict[int, Lifecycle]


def refresh_models(model_ids: Iterable[int]) -> None:
    """Derive the listed columns anew, in a constant number of queries for each 500 models."""
    waiting = iter(sorted(set(model_ids)))
    while batch := list(islice(waiting, BATCH)):
        _refresh_batch(batch)


def _refresh_batch(ids: list[int]) -> None:
    with transaction.atomic():
        locked = RegisteredModel.objects.select_for_update(of=("self",))
        models = list(
            locked.filter(pk__in=ids).select_related("owner", "team__business_unit").order_by("pk")
        )
        facts = _facts(models)
        changed = [model for model in models if _derive(model, facts)]
        _store(changed)
        moved = [
            version
            for model in models
            for version in facts.versions[model.pk]
            if _derive_version(model, version, facts)
        ]
        ModelVersion.objects.bulk_update(moved, ["lifecycle"])


def _facts(models: list[RegisteredModel]) -> Facts:
    by_id = {model.pk: model for model in models}
    ids = list(by_id)
    versions: dict[int, list[ModelVersion]] = defaultdict(list)
    light = ModelVersion.objects.filter(model_id__in=ids).order_by("model_id", "-ordinal")
    for version in light.only("model_id", "version", "gone_at", "lifecycle"):
        versions[version.model_id].append(version)
    present = {key: [v for v in found if v.gone_at is None] for key, found in versions.items()}
    wanted = [found[0].pk for found in present.values() if found]
    newest = list(ModelVersion.objects.filter(pk__in=wanted))
    for version in newest:
        version.model = by_id[version.model_id]
    periods = Deployment.objects.filter(version__model_id__in=ids).values_list(
        "version_id", "ended_at"
    )
    serving = {version for version, ended_at in periods if ended_at is None}
    return Facts(
        versions=versions,
        newest={version.model_id: version for version in newest},
        revisions=standing_revisions(newest),
        serving=serving,
        served={version for version, _ in periods} - serving,
        approvals=_approved(present),
    )


# One statement for a whole batch: Django's bulk_update takes seven times as long over it.
_STORE = f"""
    UPDATE {RegisteredModel._meta.db_table} AS kept
    SET {", ".join(f"{name} = derived.{name}" for name in DERIVED)}
    FROM jsonb_populate_recordset(NULL::{RegisteredModel._meta.db_table}, %s) AS derived
    WHERE kept.id = derived.id
"""  # noqa: S608 - every name in it is ours


def _store(models: list[RegisteredModel]) -> None:
    if not models:
        return
    rows = [{"id": m.pk, **{name: getattr(m, name) for name in DERIVED}} for m in models]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [json.dumps(rows, default=str)])


def _derive(model: RegisteredModel, facts: Facts) -> bool:
    """Set the derived columns; whether any of them changed."""
    before = [getattr(model, name) for name in DERIVED]
    present = [v for v in facts.versions[model.pk] if v.gone_at is None]
    newest = facts.newest.get(model.pk)
    model.task = task_of(model, newest)
    model.lifecycle = _model_lifecycle(model, present, facts)
    model.version_count = len(present)
    model.latest_version = newest.version if newest else ""
    model.champion_version = str(model.aliases.get("champion", ""))
    card = (
        card_facts(newest, facts.revisions.get(newest.pk), tier=model.risk_tier)
        if newest
        else CardFacts()
    )
    model.card_required, model.card_answered = card.required, card.answered
    model.card_gaps = dict(card.gaps)
    model.card_contact, model.card_review_on = card.contact, card.review_on
    model.search_text = _search_text(model)
    return before != [getattr(model, name) for name in DERIVED]


def _derive_version(model: RegisteredModel, version: ModelVersion, facts: Facts) -> bool:
    before = version.lifecycle
    version.lifecycle = (
        Lifecycle.GONE if model.gone_at or version.gone_at else _served_state(version, facts)
    )
    return before != version.lifecycle


def _approved(present: dict[int, list[ModelVersion]]) -> dict[int, Lifecycle]:
    ids = [version.pk for versions in present.values() for version in versions]
    found: dict[int, Lifecycle] = {}
    for states in _approval_states:
        found.update(states(ids))
    return found


def _served_state(version: ModelVersion, facts: Facts) -> Lifecycle:
    """Serving, else in review, else served before, else what was decided about it."""
    if version.pk in facts.serving:
        return Lifecycle.DEPLOYED
    decided = facts.approvals.get(version.pk, Lifecycle.REGISTERED)
    if version.pk in facts.served and decided not in IN_REVIEW:
        return Lifecycle.RETIRED
    return decided


def _model_lifecycle(
    model: RegisteredModel, present: list[ModelVersion], facts: Facts
) -> Lifecycle:
    """Gone, empty, deployed while any version serves, else the state of the newest version."""
    if model.gone_at:
        return Lifecycle.GONE
    if not present:
        return Lifecycle.EMPTY
    if any(version.pk in facts.serving for version in present):
        return Lifecycle.DEPLOYED
    return _served_state(present[0], facts)


def _search_text(model: RegisteredModel) -> str:
    """What a search looks through in small letters; people and teams are joined instead."""
    tags = (f"{name} {value}" for name, value in sorted(model.tags.items()))
    return "\n".join([model.name, model.description, model.get_task_display(), *tags]).lower()
