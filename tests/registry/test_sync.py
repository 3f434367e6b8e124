"""A full scan of the real MLflow server; every test reads only the models that it made itself."""

from django.db import connection

from portal.actors import service
from portal.trail.models import TrailEvent
from registry.inventory.models import DetailState, Lifecycle, ModelVersion, RegisteredModel
from registry.sources.models import Source, SyncRun, SyncState
from registry.sources.sync import source_scan
from tests.factories import make_team, make_user
from tests.registry.writer import COMMIT, Writer, unique

SYNC = service("sync")


def scan(source: Source) -> SyncRun:
    run = source_scan(actor=SYNC, source_id=source.pk)
    source.refresh_from_db()
    return run


def model_of(name: str) -> RegisteredModel:
    return RegisteredModel.objects.get(name=name)


def version_of(name: str, number: str) -> ModelVersion:
    return ModelVersion.objects.select_related("model").get(model__name=name, version=number)


def events_about(name: str) -> list[str]:
    """The verbs of all events about a model and its versions, oldest first."""
    rows = TrailEvent.objects.filter(subject_label__startswith=name).order_by("seq")
    return list(rows.values_list("verb", flat=True))


def rows_written(name: str) -> set[tuple[str, int]]:
    """PostgreSQL's own mark of the last write on each row of a model."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'model', xmin::text::bigint FROM registry_registeredmodel WHERE name = %s "
            "UNION ALL SELECT version, v.xmin::text::bigint FROM registry_modelversion v "
            "JOIN registry_registeredmodel m ON m.id = v.model_id WHERE name = %s",
            [name, name],
        )
        return set(cursor.fetchall())


def test_first_scan_brings_models_versions_and_the_facts_of_their_runs(
    source: Source, writer: Writer
) -> None:
    name = writer.model(domain="pricing")
    writer.full_version(name)
    writer.tag_version(name, "1", "note", "first")
    writer.alias(name, "champion", "1")

    run = scan(source)

    assert run.state == SyncState.COMPLETE, run.error
    assert run.added >= 2
    assert run.requests >= 3
    assert run.finished_at
    model, version = model_of(name), version_of(name, "1")
    assert model.tags == {"domain": "pricing"}
    assert model.aliases == {"champion": "1"}
    assert (model.champion_version, model.latest_version, model.version_count) == ("1", "1", 1)
    assert version.aliases == ["champion"]
    assert version.tags == {"note": "first"}
    assert version.detail_state == DetailState.COMPLETE
    assert version.detail_error == ""
    assert (version.run_name, version.run_user, version.git_commit) == ("nightly", "ada", COMMIT)
    assert version.experiment.startswith("experiment-")
    assert version.params == {"max_depth": "6"}
    assert version.metrics == {"roc_auc": 0.91, "broken": None}
    assert version.logged_model_id.startswith("m-")
    assert version.flavors == ["python_function", "sklearn"]
    assert version.signature["inputs"] == [
        {"name": "price", "type": "double", "required": True},
        {"name": "store", "type": "string", "required": False},
    ]
    assert version.signature["params"][0]["default"] == "0.5"
    (data,) = version.datasets
    assert (data["name"], data["digest"], data["context"]) == ("sales", "5f9cf632", "training")
    assert (data["rows"], data["columns"][0]["name"]) == (20, "price")
    assert source.server_version.startswith("3.")
    assert source.last_complete_at
    assert source.next_full_at
    assert events_about(name) == ["model.found", "version.found"]


def test_second_scan_writes_no_row_and_no_event(source: Source, writer: Writer) -> None:
    name = writer.model()
    writer.full_version(name)
    writer.version(name)
    scan(source)
    written, events = rows_written(name), events_about(name)

    run = scan(source)

    assert run.state == SyncState.COMPLETE, run.error
    assert run.models_seen >= 1
    assert rows_written(name) == written
    assert len(written) == 3
    assert events_about(name) == events


def test_what_a_scan_finds_unchanged_was_seen_by_it(source: Source, writer: Writer) -> None:
    name = writer.model()
    writer.version(name)
    writer.version(name)
    scan(source)
    scan(source)
    latest = Source.objects.get().last_complete_at
    assert model_of(name).seen_at == version_of(name, "2").seen_at == latest

    writer.delete_version(name, "2")
    scan(source)
    assert version_of(name, "2").seen_at == latest
    assert version_of(name, "1").seen_at > latest
    scan(source)
    assert version_of(name, "2").seen_at == latest


def test_changes_that_move_no_time_stamp_are_found(source: Source, writer: Writer) -> None:
    name = writer.model()
    writer.version(name)
    writer.version(name)
    writer.alias(name, "champion", "1")
    scan(source)

    writer.tag_model(name, "domain", "forecasting")
    writer.tag_version(name, "1", "reviewed", "yes")
    writer.alias(name, "champion", "2")
    scan(source)

    model = model_of(name)
    assert model.tags == {"domain": "forecasting"}
    assert model.champion_version == "2"
    assert version_of(name, "1").tags == {"reviewed": "yes"}
    assert version_of(name, "1").aliases == []
    assert version_of(name, "2").aliases == ["champion"]
    assert events_about(name)[3:] == ["model.source_changed", "version.source_changed"]
    event = TrailEvent.objects.get(subject_label=name, verb="model.source_changed")
    assert '"before":{"aliases":{"champion":"1"},"tags":{}}' in event.body
    assert '"after":{"aliases":{"champion":"2"},"tags":{"domain":"forecasting"}}' in event.body


def test_new_description_and_new_version_are_found(source: Source, writer: Writer) -> None:
    name = writer.model()
    scan(source)
    assert model_of(name).lifecycle == Lifecycle.EMPTY

    writer.describe(name, "Weekly demand for each store.")
    writer.full_version(name)
    scan(source)

    assert model_of(name).description == "Weekly demand for each store."
    assert model_of(name).lifecycle == Lifecycle.REGISTERED
    assert version_of(name, "1").metrics["roc_auc"] == 0.91


def test_deleted_model_is_gone_after_two_scans_and_keeps_its_facts(
    source: Source, writer: Writer
) -> None:
    name = writer.model(domain="pricing")
    writer.full_version(name)
    scan(source)
    writer.delete_model(name)

    scan(source)
    assert model_of(name).gone_at is None
    assert model_of(name).misses == 1
    run = scan(source)

    assert run.gone >= 1
    model, version = model_of(name), version_of(name, "1")
    assert model.gone_at
    assert model.lifecycle == Lifecycle.GONE
    assert model.tags == {"domain": "pricing"}
    assert version.gone_at
    assert version.metrics["roc_auc"] == 0.91
    assert version.source_uri.startswith("models:/m-")
    assert events_about(name)[-1] == "model.gone"
    written = rows_written(name)
    scan(source)
    assert rows_written(name) == written


def test_deleted_version_is_gone_and_its_model_stays(source: Source, writer: Writer) -> None:
    name = writer.model()
    writer.version(name)
    writer.version(name)
    scan(source)
    writer.delete_version(name, "2")

    scan(source)
    scan(source)

    assert version_of(name, "2").gone_at
    assert version_of(name, "1").gone_at is None
    assert model_of(name).gone_at is None
    assert (model_of(name).latest_version, model_of(name).version_count) == ("1", 1)
    assert events_about(name)[-1] == "version.gone"


def test_model_that_comes_back_is_no_longer_gone(source: Source, writer: Writer) -> None:
    name = writer.model()
    scan(source)
    writer.delete_model(name)
    scan(source)
    scan(source)
    assert model_of(name).gone_at

    writer.model(name)
    writer.version(name)
    scan(source)

    assert model_of(name).gone_at is None
    assert model_of(name).misses == 0
    assert model_of(name).lifecycle == Lifecycle.REGISTERED
    assert "model.back" in events_about(name)


def test_renamed_model_is_gone_and_another_one_is_new(source: Source, writer: Writer) -> None:
    name, new = writer.model(), unique("renamed")
    writer.version(name)
    scan(source)
    writer.rename(name, new)

    scan(source)
    scan(source)

    assert model_of(name).gone_at
    assert version_of(new, "1").gone_at is None
    event = TrailEvent.objects.get(subject_label=name, verb="model.gone")
    assert f"Perhaps renamed: {new}" in event.body


def test_team_and_owner_are_taken_from_tags_once(source: Source, writer: Writer) -> None:
    team, other = make_team(), make_team()
    owner = make_user(username=unique("owner"))
    name = writer.model(team=team.slug, owner=owner.username, task="regression")
    scan(source)
    model = model_of(name)
    assert (model.team, model.owner, model.task) == (team, owner, "regression")

    writer.tag_model(name, "team", other.slug)
    writer.tag_model(name, "task", "forecasting")
    scan(source)

    model = model_of(name)
    assert (model.team, model.task) == (team, "forecasting")


def test_unknown_team_and_owner_are_left_open(source: Source, writer: Writer) -> None:
    name = writer.model(team="nobody-here", owner="<script>")
    scan(source)
    assert (model_of(name).team, model_of(name).owner) == (None, None)


def test_copied_version_has_the_facts_of_its_original(source: Source, writer: Writer) -> None:
    name, copy = writer.model(), writer.model()
    writer.full_version(name)
    writer.version(copy, source=f"models:/{name}/1")

    scan(source)

    assert version_of(copy, "1").metrics["roc_auc"] == 0.91
    assert version_of(copy, "1").logged_model_id == version_of(name, "1").logged_model_id


def test_deleted_run_leaves_the_last_known_facts(source: Source, writer: Writer) -> None:
    name = writer.model()
    writer.version(name, run_id="0" * 32)
    scan(source)
    version = version_of(name, "1")
    assert version.detail_state == DetailState.COMPLETE
    assert "no longer exists" in version.detail_error
    ModelVersion.objects.filter(pk=version.pk).update(metrics={"mae": 2.5})

    writer.tag_version(name, "1", "note", "again")
    scan(source)

    assert version_of(name, "1").metrics == {"mae": 2.5}
