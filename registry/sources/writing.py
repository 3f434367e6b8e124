"""Writing one page of what a registry said: only what is new or differs, in one transaction.

A page costs a constant number of queries, and a page without changes costs one and writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from portal.accounts.models import Team, User
from portal.actors import Actor
from portal.errors import Upstream
from portal.trail.services import Entry, record_all
from registry.connectors.base import RemoteModel, RemoteVersion, VersionDetail
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import DetailState, ModelVersion, RegisteredModel
from registry.sources import facts
from registry.sources.models import Source

MODEL_COLUMNS = [
    *facts.MODEL_FACTS,
    "created_at",
    "remote_updated_at",
    "fingerprint",
    "last_seen_at",
    "misses",
    "gone_at",
]
VERSION_COLUMNS = [
    *facts.VERSION_FACTS,
    "aliases",
    "created_at",
    "remote_updated_at",
    "fingerprint",
    "last_seen_at",
    "misses",
    "gone_at",
    "detail_state",
    "detail_error",
]
DETAIL_COLUMNS = [*facts.DETAIL_FACTS, "detail_state", "detail_error"]
BATCH = 500
# Any number will do, as long as nothing else in this database locks under it.
LOCK_SPACE = 51_870


@dataclass
class Written:
    """What one page came to: the rows of its items, and how many of them are new or differ."""

    ids: dict[Any, int] = field(default_factory=dict)
    added: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Known:
    """A row as it is compared with a page."""

    id: int
    fingerprint: str
    settled: bool  # present and not missed: nothing to put right even when its facts are equal


def models_write(
    *, actor: Actor, source: Source, page: Sequence[RemoteModel], read_at: datetime
) -> Written:
    """Write a page of models that was read at `read_at`."""
    listed = {remote.name: facts.model_columns(remote) for remote in page}
    rows = RegisteredModel.objects.filter(source=source)
    known = _known(rows.filter(name__in=list(listed)), "name")
    new, differing = _sorted_out(listed, known)
    if new or differing:
        with transaction.atomic():
            _one_writer(source)
            # Compared again under the lock: a change notice may have been followed meanwhile.
            known = _known(rows.filter(name__in=list(listed)), "name")
            new, differing = _sorted_out(listed, known)
            entries = _add_models(source, {name: listed[name] for name in new}, read_at)
            added = {key: entry.subject.pk for key, entry in zip(new, entries, strict=True)}
            changes, touched = _change(
                rows, {known[name].id: listed[name] for name in differing}, read_at, MODEL_COLUMNS
            )
            refresh_models([*added.values(), *touched])
            record_all(actor, [*entries, *changes])
        return Written(_ids(listed, known) | added, added=len(added), changed=len(changes))
    return Written(_ids(listed, known))


def versions_write(
    *,
    actor: Actor,
    source: Source,
    page: Sequence[RemoteVersion],
    owners: Mapping[str, RegisteredModel],
    read_at: datetime,
) -> Written:
    """Write a page of versions; `owners` holds the model of each name, with its aliases."""
    listed = {
        (owners[remote.model].pk, remote.version): facts.version_columns(
            remote, owners[remote.model].aliases
        )
        for remote in page
        if remote.model in owners
    }
    by_id = {model.pk: model for model in owners.values()}
    rows = ModelVersion.objects.filter(model_id__in={model_id for model_id, _ in listed})
    known = _known(rows, "model_id", "version")
    new, differing = _sorted_out(listed, known)
    if not new and not differing:
        return Written(_ids(listed, known))
    with transaction.atomic():
        _one_writer(source)
        known = _known(rows, "model_id", "version")
        new, differing = _sorted_out(listed, known)
        entries = _add_versions({key: listed[key] for key in new}, by_id, read_at)
        added = {key: entry.subject.pk for key, entry in zip(new, entries, strict=True)}
        changes, _ = _change(
            rows.select_related("model"),
            {known[key].id: listed[key] for key in differing},
            read_at,
            VERSION_COLUMNS,
        )
        refresh_models({model_id for model_id, _ in [*new, *differing]})
        record_all(actor, [*entries, *changes])
    return Written(_ids(listed, known) | added, added=len(added), changed=len(changes))


def details_write(
    *, actor: Actor, source: Source, found: Mapping[int, VersionDetail | Upstream]
) -> int:
    """Write what was read of versions, by their ids; returns how many could not be read."""
    with transaction.atomic():
        _one_writer(source)
        rows = ModelVersion.objects.filter(pk__in=found).select_related("model").order_by("pk")
        versions = list(rows.select_for_update(of=("self",)))
        entries = [entry for row in versions for entry in _detail(row, found[row.pk])]
        _upsert(versions, DETAIL_COLUMNS)
        refresh_models({row.model_id for row in versions})
        record_all(actor, entries)
    return sum(row.detail_error != "" and row.detail_state != "complete" for row in versions)


def _one_writer(source: Source) -> None:
    """Let one transaction at a time compare and write this source's rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, source.pk])


def _ids(listed: Mapping[Any, Any], known: Mapping[Any, Known]) -> dict[Any, int]:
    return {key: known[key].id for key in listed if key in known}


def _known(rows: models.QuerySet[Any], *key: str) -> dict[Any, Known]:
    found = {}
    columns = rows.values_list(*key, "id", "fingerprint", "gone_at", "misses")
    for *parts, row_id, fingerprint, gone_at, misses in columns:
        name = parts[0] if len(parts) == 1 else tuple(parts)
        found[name] = Known(row_id, fingerprint, gone_at is None and misses == 0)
    return found


def _sorted_out(
    listed: Mapping[Any, Any], known: Mapping[Any, Known]
) -> tuple[list[Any], list[Any]]:
    """Which of a page are new, and which differ from what is known."""
    new = [key for key in listed if key not in known]
    differing = [
        key
        for key, columns in listed.items()
        if key in known
        and (known[key].fingerprint != columns["fingerprint"] or not known[key].settled)
    ]
    return new, differing


def _add_models(
    source: Source, listed: Mapping[str, dict[str, Any]], read_at: datetime
) -> list[Entry]:
    """Insert new models, with the team and owner that their tags name: once, at first sight."""
    teams = {team.slug: team for team in Team.objects.all()} if listed else {}
    names = {str(columns["tags"].get("owner", "")) for columns in listed.values()} - {""}
    people = {
        user.username: user for user in User.objects.filter(username__in=names, is_active=True)
    }
    rows = [
        RegisteredModel(
            source=source,
            name=name,
            last_seen_at=read_at,
            team=teams.get(str(columns["tags"].get("team", ""))),
            owner=people.get(str(columns["tags"].get("owner", ""))),
            **columns,
        )
        for name, columns in listed.items()
    ]
    RegisteredModel.objects.bulk_create(rows, batch_size=BATCH)
    return [Entry("model.found", row, after=_first_facts(row)) for row in rows]


def _first_facts(row: RegisteredModel) -> dict[str, Any]:
    found = {name: facts.shown(getattr(row, name)) for name in facts.MODEL_FACTS}
    return {**found, "team": str(row.team or ""), "owner": str(row.owner or "")}


def _add_versions(
    listed: Mapping[tuple[int, str], dict[str, Any]],
    owners: Mapping[int, RegisteredModel],
    read_at: datetime,
) -> list[Entry]:
    rows = [
        ModelVersion(
            model=owners[model_id],
            version=version,
            ordinal=facts.ordinal(version),
            last_seen_at=read_at,
            **columns,
        )
        for (model_id, version), columns in listed.items()
    ]
    ModelVersion.objects.bulk_create(rows, batch_size=BATCH)
    shown = (*facts.VERSION_FACTS, "aliases")
    return [
        Entry("version.found", row, after={name: facts.shown(getattr(row, name)) for name in shown})
        for row in rows
    ]


def _change(
    rows: models.QuerySet[Any],
    wanted: Mapping[int, dict[str, Any]],
    read_at: datetime,
    columns: Sequence[str],
) -> tuple[list[Entry], list[int]]:
    """Bring rows up to date; those that were read later than this page are left as they are."""
    locked = rows.filter(pk__in=wanted, last_seen_at__lte=read_at).order_by("pk")
    found = list(locked.select_for_update(of=("self",)))
    entries = []
    for row in found:
        entries += _bring_up_to_date(row, wanted[row.pk], read_at)
    _upsert(found, columns)
    return entries, [row.pk for row in found]


def _bring_up_to_date(
    row: RegisteredModel | ModelVersion, columns: dict[str, Any], read_at: datetime
) -> list[Entry]:
    """Set the columns on one row and say what changed; a moved time stamp alone is no event."""
    is_model = isinstance(row, RegisteredModel)
    noun, told = ("model", facts.MODEL_FACTS) if is_model else ("version", facts.VERSION_FACTS)
    before, after = facts.difference(
        {name: getattr(row, name) for name in told}, {name: columns[name] for name in told}
    )
    entries = []
    if row.gone_at:
        entries.append(Entry(f"{noun}.back", row, before={"gone_at": row.gone_at}))
    if after:
        entries.append(Entry(f"{noun}.source_changed", row, before=before, after=after))
    if isinstance(row, ModelVersion) and (after or row.gone_at):
        row.detail_state, row.detail_error = DetailState.PENDING, ""
    for name, value in columns.items():
        setattr(row, name, value)
    row.last_seen_at, row.misses, row.gone_at = read_at, 0, None
    return entries


def _detail(row: ModelVersion, found: VersionDetail | Upstream) -> list[Entry]:
    """Set one version's details; only facts that differ from ones read before are an event."""
    if isinstance(found, Upstream):
        row.detail_error = found.message[:300]
        row.detail_state = DetailState.FAILED if found.permanent else DetailState.PENDING
        return []
    columns = facts.detail_columns(found)
    if found.note:
        # What the source no longer has, Signet keeps as it last was.
        columns = {name: value or getattr(row, name) for name, value in columns.items()}
    first = not (row.run_name or row.params or row.metrics or row.signature or row.flavors)
    before, after = facts.difference({name: getattr(row, name) for name in columns}, columns)
    for name, value in columns.items():
        setattr(row, name, value)
    row.detail_state, row.detail_error = DetailState.COMPLETE, found.note[:300]
    if first or not after:
        return []
    return [Entry("version.details_changed", row, before=before, after=after)]


def _upsert(rows: Sequence[Any], columns: Sequence[str]) -> None:
    """Write `columns` of rows that exist, in one statement a batch without a CASE for each row."""
    if rows:
        type(rows[0]).objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=list(columns),
        )
