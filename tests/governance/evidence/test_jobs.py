"""The background jobs: reading files, running checks, and hashing again what serves."""

import pytest

from governance.checks.models import ArtifactManifest, CheckRun
from governance.checks.services import checks_enqueue, manifest_enqueue
from governance.checks.signals import checks_finished
from governance.findings.models import Finding
from portal.actors import service
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from portal.jobs.services import job_enqueue
from tests.factories import make_deployment, make_model, make_source, make_version
from tests.governance.evidence.files import logged_version, put

pytestmark = pytest.mark.django_db
GOVERNANCE = service("governance")


@pytest.fixture
def synced(writer, source):
    """A version with one file of its own, and the folder that holds it."""
    name = writer.model()
    number, uri, folder = logged_version(writer, name, {"weights.bin": b"one"})
    model = make_model(name, source=source, risk_tier="T4")
    return make_version(model, number, source_uri=uri, run_id=""), folder


def done(job):
    run_job(job.pk)
    job.refresh_from_db()
    return job


def ask(version):
    return checks_enqueue(
        actor=GOVERNANCE, version_id=version.pk, environment="production", why="request 3"
    )


def test_the_checks_read_the_files_first_and_once_a_day(synced):
    version, _ = synced
    told = []

    def listen(**said):
        told.append((said["run"].pk, said["actor"].name))

    checks_finished.connect(listen)
    try:
        job = done(ask(version))
        assert job.state == "done", job.error
        assert job.result["text"] == "13 checks, nothing that is required stands in the way."
        run = CheckRun.objects.get()
        assert (run.why, run.manifest.digest != "") == ("request 3", True)
        done(ask(version))
    finally:
        checks_finished.disconnect(listen)
    assert ArtifactManifest.objects.count() == CheckRun.objects.count() == 1
    assert told == [(run.pk, "governance")] * 2


def test_a_source_that_is_away_makes_the_checks_wait_and_try_again():
    away = make_source("Away", base_url="http://127.0.0.1:9", public_url="http://127.0.0.1:9")
    version = make_version(make_model(source=away), source_uri="models:/m-1")
    job = done(ask(version))
    assert job.state == "waiting"
    assert "cannot be reached" in job.error
    assert not CheckRun.objects.exists()


def test_files_that_are_nowhere_do_not_keep_the_checks_from_running(source):
    version = make_version(make_model(source=source), source_uri="s3://elsewhere/x", run_id="")
    assert done(ask(version)).state == "done"
    verdicts = {r.check_id: r for r in CheckRun.objects.get().results.all()}
    assert verdicts["artifact_digest"].verdict == "could_not_run"
    assert "elsewhere" in verdicts["artifact_digest"].detail


def test_what_serves_is_hashed_again_and_a_change_is_found(synced, writer):
    version, folder = synced
    make_deployment(version)
    done(manifest_enqueue(actor=GOVERNANCE, version_id=version.pk, why="first"))
    put(writer, folder, "weights.bin", b"two")
    rehash = job_enqueue(actor=GOVERNANCE, kind="governance.rehash", key="recurring")
    assert done(rehash).result["text"] == "Fresh readings asked for: 1."
    done(Job.objects.get(kind="governance.manifest", state="waiting"))
    assert Finding.objects.get().kind == "artifact_changed"
