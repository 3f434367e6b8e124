"""Scans of a server that fails; the peer is a stub of faults (tests/connectors/peer.py)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.actors import service
from portal.errors import Conflict
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion, RegisteredModel
from registry.sources import sync
from registry.sources.models import Source, SyncRun, SyncState
from registry.sources.queries import stale_banner
from registry.sources.services import pause_after, source_ensure
from registry.sources.sync import model_reread, only_scan_of, source_scan
from registry.sources.tasks import sources_due
from tests.connectors.peer import Answer, Peer, healthy, running_peer
from tests.factories import make_source

SYNC = service("sync")
STAMP = {"creation_timestamp": 1_790_000_000_000, "last_updated_timestamp": 1_790_000_000_000}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with running_peer() as made:
        yield made


@pytest.fixture
def source(db: None, peer: Peer) -> Source:
    return make_source("Faulty", base_url=peer.address, public_url=peer.address)


def scan(source: Source) -> SyncRun:
    run = source_scan(actor=SYNC, source_id=source.pk)
    source.refresh_from_db()
    return run


def serving(*names: str) -> dict[str, Answer]:
    """A server with these models, each with one version without a run."""
    models = [{"name": name, **STAMP} for name in names]
    versions = [{"name": name, "version": "1", "source": "s3://x/y", **STAMP} for name in names]
    return {
        "/version": Answer(b"3.17.2"),
        "/api/2.0/mlflow/registered-models/search": Answer({"registered_models": models}),
        "/api/2.0/mlflow/model-versions/search": Answer({"model_versions": versions}),
    }


def by_path(peer: Peer, answers: dict[str, Answer]) -> None:
    missing = Answer({"message": "not found"}, 404)
    peer.reply = lambda asked: answers.get(asked.path, missing)


def test_failing_source_is_recorded_once_and_recovers(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a"))
    scan(source)
    peer.reply = lambda asked: Answer({"message": "database is gone"}, 500)

    first, second = scan(source), scan(source)

    assert first.state == second.state == SyncState.FAILED
    assert "database is gone" in first.error
    assert source.failing_since
    assert source.failures == 2
    assert source.next_full_at
    assert timedelta(seconds=50) < source.next_full_at - timezone.now() <= timedelta(seconds=60)
    assert stale_banner() == [source]
    assert RegisteredModel.objects.get(name="a").gone_at is None

    by_path(peer, serving("a"))
    run = scan(source)

    assert run.state == SyncState.COMPLETE
    assert (source.failing_since, source.failures, source.last_error) == (None, 0, "")
    assert stale_banner() == []
    verbs = TrailEvent.objects.filter(subject_kind="registry.source").order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == ["source.unreachable", "source.reachable"]


def test_pauses_grow_from_half_a_minute_to_ten() -> None:
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 4, 5, 6, 99)] == [
        30, 60, 120, 240, 480, 600, 600,
    ]  # fmt: skip


def test_scan_that_breaks_off_keeps_what_came_and_misses_nothing(
    source: Source, peer: Peer
) -> None:
    by_path(peer, serving("a", "b"))
    scan(source)
    broken = serving("a", "c")
    broken["/api/2.0/mlflow/model-versions/search"] = Answer(b"<html>")
    by_path(peer, broken)

    run = scan(source)

    assert run.state == SyncState.PARTIAL
    assert "not JSON" in run.error
    assert run.added == 1
    assert RegisteredModel.objects.get(name="b").misses == 0
    assert source.failing_since


def test_page_that_repeats_makes_no_complete_scan(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a", "b"))
    scan(source)
    models = {"registered_models": [{"name": "a", **STAMP}], "next_page_token": "again"}
    answers = {**serving("a"), "/api/2.0/mlflow/registered-models/search": Answer(models)}
    by_path(peer, answers)

    run = scan(source)

    assert run.state == SyncState.PARTIAL
    assert RegisteredModel.objects.get(name="b").misses == 0


def test_one_miss_and_a_return_leave_nothing_behind(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a", "b"))
    scan(source)
    by_path(peer, serving("a"))
    scan(source)
    assert RegisteredModel.objects.get(name="b").misses == 1
    by_path(peer, serving("a", "b"))
    scan(source)
    assert RegisteredModel.objects.get(name="b").misses == 0
    assert ModelVersion.objects.get(model__name="b").misses == 0
    by_path(peer, serving("a"))
    scan(source)
    assert RegisteredModel.objects.get(name="b").gone_at is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer({"message": "no permission"}, 403), "may no longer read b"),
        (Answer({"message": "busy"}, 500), "could not be checked"),
        (Answer({"registered_model": {"name": "b", **STAMP}}), ""),
    ],
)
def test_only_a_404_confirms_that_something_is_gone(
    source: Source, peer: Peer, answer: Answer, said: str
) -> None:
    by_path(peer, serving("a", "b"))
    scan(source)
    by_path(peer, {**serving("a"), "/api/2.0/mlflow/registered-models/get": answer})
    scan(source)

    run = scan(source)

    assert RegisteredModel.objects.get(name="b").gone_at is None
    assert ModelVersion.objects.get(model__name="b").gone_at is None
    assert said in run.error
    assert run.gone == 0
    assert source.failing_since is None


def test_access_lost_and_regained(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a", "b"))
    scan(source)
    forbidden = {"/api/2.0/mlflow/registered-models/get": Answer({"message": "no"}, 403)}
    for _ in range(4):
        by_path(peer, {**serving("a"), **forbidden})
        scan(source)
    by_path(peer, serving("a", "b"))
    assert scan(source).state == SyncState.COMPLETE
    assert RegisteredModel.objects.get(name="b").gone_at is None


def test_details_that_fail_wait_for_the_next_scan(source: Source, peer: Peer) -> None:
    answers = serving("a")
    version = {"name": "a", "version": "1", "source": "", "run_id": "r1", **STAMP}
    answers["/api/2.0/mlflow/model-versions/search"] = Answer({"model_versions": [version]})
    answers["/api/2.0/mlflow/runs/get"] = Answer({"message": "busy"}, 503)
    by_path(peer, answers)

    run = scan(source)

    found = ModelVersion.objects.get(model__name="a")
    assert (found.detail_state, run.failed) == ("pending", 1)
    assert run.state == SyncState.PARTIAL
    assert source.failing_since is None
    assert "busy" in found.detail_error

    params = {"info": {"run_id": "r1"}, "data": {"params": [{"key": "depth", "value": "6"}]}}
    answers["/api/2.0/mlflow/runs/get"] = Answer({"run": params})
    assert scan(source).state == SyncState.COMPLETE
    found.refresh_from_db()
    assert (found.detail_state, found.detail_error, found.params) == (
        "complete",
        "",
        {"depth": "6"},
    )


def test_rest_of_the_details_comes_with_a_scan_right_after(
    source: Source, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path(peer, serving("a", "b", "c"))
    monkeypatch.setattr(sync, "DETAIL_SECONDS", 0.0)
    scan(source)
    assert ModelVersion.objects.filter(detail_state="pending").count() == 3
    assert source.next_full_at
    assert source.next_full_at <= timezone.now()
    monkeypatch.setattr(sync, "DETAIL_SECONDS", 60.0)
    scan(source)
    assert not ModelVersion.objects.filter(detail_state="pending").exists()
    assert source.next_full_at > timezone.now()


def test_model_made_during_the_scan_is_fetched(source: Source, peer: Peer) -> None:
    answers = serving("a", "late")
    models = {"registered_models": [{"name": "a", **STAMP}]}
    late = {"registered_model": {"name": "late", **STAMP}}
    answers["/api/2.0/mlflow/registered-models/search"] = Answer(models)
    answers["/api/2.0/mlflow/registered-models/get"] = Answer(late)
    by_path(peer, answers)
    assert scan(source).state == SyncState.COMPLETE
    assert ModelVersion.objects.filter(model__name="late").exists()


def test_name_that_cannot_be_kept_is_counted_and_skipped(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a", "x" * 300))
    run = scan(source)
    assert run.state == SyncState.PARTIAL
    assert run.failed == 2
    assert "cannot keep" in run.error
    assert RegisteredModel.objects.get().name == "a"


def test_scan_that_was_killed_is_closed_by_the_next(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a"))
    killed = SyncRun.objects.create(
        source=source, kind="full", asked_by="sync", started_at=timezone.now()
    )
    scan(source)
    killed.refresh_from_db()
    assert killed.state == SyncState.FAILED
    assert killed.finished_at


def test_cancelled_scan_says_so_and_counts_as_no_failure(source: Source, peer: Peer) -> None:
    by_path(peer, serving("a"))

    class Stop(Exception):
        pass

    def progress(done: int, total: int, text: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        source_scan(actor=SYNC, source_id=source.pk, progress=progress)
    source.refresh_from_db()
    run = SyncRun.objects.get()
    assert run.state in (SyncState.PARTIAL, SyncState.FAILED)
    assert "cancelled" in run.error
    assert source.failing_since is None
    assert scan(source).state == SyncState.COMPLETE


@pytest.mark.django_db(transaction=True)
def test_two_scans_of_one_source_exclude_each_other(peer: Peer) -> None:
    import threading

    from django.db import connection

    source = make_source("Locked", base_url=peer.address)
    outcome: list[object] = []

    def second() -> None:
        try:
            outcome.append(source_scan(actor=SYNC, source_id=source.pk))
        except Conflict as conflict:
            outcome.append(conflict)
        finally:
            connection.close()

    peer.reply = healthy
    with only_scan_of(source):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert isinstance(outcome[0], Conflict)
    assert "is being synced already" in outcome[0].message
    assert scan(source).state == SyncState.COMPLETE


def test_notice_while_the_source_is_away_waits_for_the_full_scan(
    source: Source, peer: Peer
) -> None:
    Source.objects.filter(pk=source.pk).update(
        failing_since=timezone.now(), next_full_at=timezone.now() + timedelta(minutes=5)
    )
    assert model_reread(actor=SYNC, source_id=source.pk, name="a") is None
    assert peer.asked == []


def test_page_read_before_a_notice_was_followed_does_not_undo_it(
    source: Source, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notice is followed while the full scan still holds an older page of the same model."""
    old, new = ({"name": "a", "description": text, **STAMP} for text in ("old", "new"))
    answers = {
        **serving(),
        "/api/2.0/mlflow/registered-models/get": Answer({"registered_model": new}),
        "/api/2.0/mlflow/registered-models/search": Answer({"registered_models": [old]}),
    }
    by_path(peer, answers)
    scan(source)
    write = sync.models_write

    def overtaken(**arguments: object) -> object:
        monkeypatch.setattr(sync, "models_write", write)
        model_reread(actor=SYNC, source_id=source.pk, name="a")
        return write(**arguments)

    monkeypatch.setattr(sync, "models_write", overtaken)
    scan(source)
    assert RegisteredModel.objects.get(name="a").description == "new"


def test_source_of_the_settings_is_made_and_moved(db: None, settings: object) -> None:
    settings.MLFLOW_URI = "http://ada:hush@mlflow.example:5000"
    settings.MLFLOW_PUBLIC_URL = "https://mlflow.example"
    source = source_ensure(actor=SYNC)
    assert (source.name, source.base_url) == ("MLflow", "http://mlflow.example:5000")
    assert source.next_full_at
    assert source_ensure(actor=SYNC).pk == source.pk
    settings.MLFLOW_URI = "http://mlflow.example:5001"
    assert source_ensure(actor=SYNC).pk == source.pk
    assert Source.objects.get().base_url == "http://mlflow.example:5001"
    verbs = TrailEvent.objects.order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["source.add", "source.move"]
    assert "hush" not in "".join(TrailEvent.objects.values_list("body", flat=True))


def test_due_source_gets_one_job(db: None, settings: object) -> None:
    from portal.jobs.models import Job

    settings.MLFLOW_URI = settings.MLFLOW_PUBLIC_URL = "http://mlflow.example:5000"
    sources_due()
    sources_due()
    job = Job.objects.get()
    assert (job.kind, job.asked_by_name) == ("registry.sync", "sync")
    Job.objects.update(state="done")
    Source.objects.update(next_full_at=timezone.now() + timedelta(minutes=5))
    sources_due()
    assert Job.objects.count() == 1
