"""The outbox, delivered to a real MLflow: in order, once in effect, read back, never lost."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from governance.findings.models import Finding
from governance.writeback.delivery import LOCK_SPACE, writebacks_hurry
from governance.writeback.ledger import OUTSIDE
from governance.writeback.models import AliasMove, WriteBack, WriteState
from governance.writeback.services import writeback_enqueue, writeback_retry
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied
from portal.jobs.models import Job, JobState
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion
from registry.sources.models import Source
from tests.factories import make_actor
from tests.governance.promotion.remote import (
    both,
    delivered,
    job_of,
    remote_aliases,
    remote_tags,
    remote_version,
    run,
)
from tests.registry.writer import Writer

pytestmark = pytest.mark.django_db
SIGNET = service("governance")


def wish(version: ModelVersion, **wanted: object) -> WriteBack:
    with transaction.atomic():
        return writeback_enqueue(actor=SIGNET, version=version, wanted=wanted, why="approved")


def test_tags_and_alias_are_written_read_back_and_kept_in_the_ledger(
    writer: Writer, source: Source
):
    model, (version,) = both(writer, source)
    writer.tag_version(model.name, "1", "signet.token", "old")
    row = wish(
        version,
        tags={"signet.status": "approved", "signet.token": None},
        alias={"name": "champion", "to": "1"},
    )
    row = delivered(row)
    assert row.state == WriteState.DONE
    assert row.seen["before"][f"{model.name}/1"]["signet.token"] == "old"
    assert remote_tags(writer, model.name, "1") == {"signet.status": "approved"}
    assert remote_aliases(writer, model.name) == {"champion": "1"}
    move = AliasMove.objects.get(model=model)
    assert (move.from_version, move.to_version, move.is_bypass) == ("", "1", False)
    assert TrailEvent.objects.filter(verb="writeback.done").count() == 1
    assert Job.objects.filter(kind="registry.sync_hint").count() == 1


def test_a_delivery_that_is_repeated_has_no_further_effect(writer: Writer, source: Source):
    _, (version,) = both(writer, source)
    row = wish(version, tags={"signet.status": "approved"}, alias={"name": "champion", "to": "1"})
    delivered(row)
    Job.objects.filter(pk=job_of(row).pk).update(state=JobState.WAITING, run_after=timezone.now())
    delivered(row)
    assert AliasMove.objects.count() == 1
    assert TrailEvent.objects.filter(verb="writeback.done").count() == 1


def test_write_backs_of_a_model_are_delivered_in_the_order_of_the_decisions(
    writer: Writer, source: Source
):
    model, (first, second) = both(writer, source, versions=2)
    rows = [
        wish(version, alias={"name": "champion", "to": version.version})
        for version in (first, second)
    ]
    delivered(rows[1])
    delivered(rows[0])
    assert remote_aliases(writer, model.name) == {"champion": "2"}
    moves = AliasMove.objects.order_by("pk").values_list("from_version", "to_version")
    assert list(moves) == [("", "1"), ("1", "2")]


def test_a_later_decision_about_the_same_tags_overtakes_one_that_waits(
    writer: Writer, source: Source
):
    model, (version,) = both(writer, source)
    early = wish(version, tags={"signet.status": "approved"})
    late = wish(version, tags={"signet.status": "revoked", "signet.token": None})
    delivered(late)
    early.refresh_from_db()
    assert early.state == WriteState.OVERTAKEN
    assert remote_tags(writer, model.name, "1") == {"signet.status": "revoked"}


def test_an_alias_that_somebody_else_moved_is_found_when_ours_is_written(
    writer: Writer, source: Source
):
    model, (one, two, three) = both(writer, source, versions=3)
    delivered(wish(one, alias={"name": "champion", "to": "1"}))
    writer.alias(model.name, "champion", "2")
    delivered(wish(three, alias={"name": "champion", "to": "3"}))
    moves = AliasMove.objects.order_by("pk").values_list("from_version", "to_version", "by_name")
    assert list(moves) == [
        ("", "1", "governance"),
        ("1", "2", OUTSIDE),
        ("2", "3", "governance"),
    ]
    finding = Finding.objects.get(kind="bypass")
    assert finding.version == two
    assert remote_aliases(writer, model.name) == {"champion": "3"}


def test_an_alias_is_taken_off(writer: Writer, source: Source):
    model, (version,) = both(writer, source)
    delivered(wish(version, alias={"name": "champion", "to": "1"}))
    delivered(wish(version, alias={"name": "champion", "to": ""}))
    assert remote_aliases(writer, model.name) == {}
    assert AliasMove.objects.first().to_version == ""


def test_two_names_copies_once_and_points_the_alias_at_the_copy(writer: Writer, source: Source):
    model, (first, second) = both(writer, source, versions=2)
    prod = f"prod.{model.name}"
    wanted = {"copy_to": prod, "tags": {"signet.status": "approved"}}
    delivered(wish(second, **wanted, alias={"name": "champion", "to": "2"}))
    row = delivered(wish(second, **wanted, alias={"name": "champion", "to": "2"}))
    assert row.seen["copied_to"] == f"{prod}/1"
    copy = remote_version(writer, prod, "1")
    assert copy["source"] == f"models:/{model.name}/2"
    assert remote_tags(writer, prod, "1")["signet.status"] == "approved"
    assert remote_tags(writer, model.name, "2") == {"signet.status": "approved"}
    assert remote_aliases(writer, prod) == {"champion": "1"}
    assert remote_aliases(writer, model.name) == {}
    delivered(wish(first, **wanted, alias={"name": "champion", "to": "1"}))
    assert remote_aliases(writer, prod) == {"champion": "2"}
    moves = AliasMove.objects.order_by("pk").values_list("from_version", "to_version")
    assert list(moves) == [("", "2"), ("2", "1")]


def test_mlflow_that_is_away_delays_and_loses_nothing(writer: Writer, source: Source):
    model, (version,) = both(writer, source)
    address = source.base_url
    Source.objects.filter(pk=source.pk).update(base_url="http://127.0.0.1:1")
    row = wish(version, tags={"signet.status": "approved"})
    job = run(job_of(row))
    row.refresh_from_db()
    assert (job.state, row.state) == (JobState.WAITING, WriteState.WAITING)
    assert "cannot be reached" in row.error
    assert Finding.objects.count() == 0
    Source.objects.filter(pk=source.pk).update(base_url=address)
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
    assert delivered(row).error == ""
    assert remote_tags(writer, model.name, "1") == {"signet.status": "approved"}


def test_a_waiting_write_back_is_hurried_and_one_whose_job_was_lost_gets_another(
    writer: Writer, source: Source
):
    _, (version,) = both(writer, source)
    row = wish(version, tags={"signet.status": "approved"})
    WriteBack.objects.update(created_at="2026-01-01T00:00:00Z")
    later = timezone.now() + timezone.timedelta(minutes=5)
    Job.objects.filter(pk=job_of(row).pk).update(run_after=later)
    writebacks_hurry()
    assert job_of(row).run_after < timezone.now() + timezone.timedelta(seconds=31)
    Job.objects.filter(pk=job_of(row).pk).update(state=JobState.CANCELLED)
    writebacks_hurry()
    assert Job.objects.filter(kind="governance.writeback", state=JobState.WAITING).count() == 1


def test_what_mlflow_refuses_is_marked_and_opens_a_finding_until_it_works(
    writer: Writer, source: Source
):
    _, (version,) = both(writer, source)
    ghost = ModelVersion.objects.get(pk=version.pk)
    ModelVersion.objects.filter(pk=version.pk).update(version="77")
    row = wish(ghost, tags={"signet.status": "approved"})
    job = run(job_of(row))
    row.refresh_from_db()
    assert (job.state, row.state) == (JobState.DONE, WriteState.REFUSED)
    finding = Finding.objects.get(kind="write_refused")
    assert "404" in finding.text or "not found" in finding.text
    ModelVersion.objects.filter(pk=version.pk).update(version="1")
    with pytest.raises(Denied):
        writeback_retry(actor=make_actor(Role.MODEL_OWNER), writeback_id=row.pk)
    lead = make_actor(Role.GOVERNANCE_LEAD)
    again = writeback_retry(actor=lead, writeback_id=row.pk)
    job = Job.objects.filter(kind="governance.writeback").first()
    assert run(job).state == JobState.DONE
    again.refresh_from_db()
    finding.refresh_from_db()
    assert again.state == WriteState.DONE
    assert finding.closed_at
    with pytest.raises(Conflict):
        writeback_retry(actor=lead, writeback_id=row.pk)


def test_a_second_writer_of_a_model_waits_its_turn(writer: Writer, source: Source):
    model, (version,) = both(writer, source)
    row = wish(version, tags={"signet.status": "approved"})
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, model.pk])
        job = run(job_of(row))
        other.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, model.pk])
        other.connection.close()
    assert job.state == JobState.WAITING
    assert "Another change" in job.error


def test_a_write_back_outside_a_decision_is_refused(source: Source):
    with pytest.raises(ValueError, match="wants some of"), transaction.atomic():
        writeback_enqueue(actor=SIGNET, version=ModelVersion(), wanted={"stage": "x"}, why="x")
