"""The background jobs: reading files, running checks, and hashing again what serves."""

import pytest

from governance.checks.models import ArtifactManifest, CheckRun
from governance.checks.services import checks_enqueue, checks_run, manifest_enqueue
from governance.checks.signals import checks_finished
from governance.findings.models import Finding
from governance.gate.services import gate_ask
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.requests.models import ApprovalRequest
from governance.requests.standing import _checks
from portal.actors import service
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from portal.jobs.services import job_enqueue
from registry.cards.models import CardRevision
from tests.factories import make_deployment, make_model, make_source, make_version
from tests.governance.evidence.files import logged_version, put
from tests.governance.evidence.test_checks import make_manifest
from tests.governance.scenes import filed, make_scene, sign

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


def test_what_is_approved_is_hashed_again_before_it_serves(synced, writer):
    version, folder = synced
    done(manifest_enqueue(actor=GOVERNANCE, version_id=version.pk, why="first"))
    asked_for(version)
    put(writer, folder, "weights.bin", b"two")
    done(job_enqueue(actor=GOVERNANCE, kind="governance.rehash", key="recurring"))
    done(Job.objects.get(kind="governance.manifest", state="waiting"))
    assert Finding.objects.get().kind == "artifact_changed"


def test_a_signature_has_the_checks_run_again(django_capture_on_commit_callbacks):
    scene = make_scene()
    request = filed(scene)
    with django_capture_on_commit_callbacks(execute=True):
        sign(scene, request, "validator")
    assert Job.objects.get(kind="governance.checks", state="waiting").why == "somebody signed"


def test_asking_the_gate_has_the_files_read_and_the_checks_run_again(
    django_capture_on_commit_callbacks,
):
    version = make_version(make_model(risk_tier="T4"))
    asked_for(version)

    def ask(**asked):
        with django_capture_on_commit_callbacks(execute=True):
            gate_ask(
                actor=service("governance"),
                model=version.model.name,
                version=version.version,
                environment="production",
                **asked,
            )
        return set(Job.objects.filter(state="waiting").values_list("kind", "why"))

    assert ask(record=False) == set()
    assert ask() == {("governance.manifest", "the gate was asked")}
    Job.objects.update(state="done")
    ArtifactManifest.objects.create(version=version, state="complete", digest="a" * 64)
    assert ask() == {("governance.checks", "the gate was asked")}


def asked_for(version, state="approved"):
    return ApprovalRequest.objects.create(
        version=version,
        environment="production",
        state=state,
        digest="d",
        tier="T4",
        policy=policy_in_force(),
    )


def test_what_changes_under_an_approval_has_the_checks_run_again(
    django_capture_on_commit_callbacks,
):
    version = make_version(make_model(risk_tier="T4"))
    facts = {"model": version.model, "kind": "review", "text": "Bad"}

    def asked():
        jobs = list(Job.objects.filter(kind="governance.checks", state="waiting"))
        Job.objects.filter(pk__in=[j.pk for j in jobs]).update(state="done")
        return [j.why for j in jobs]

    with django_capture_on_commit_callbacks(execute=True):
        Finding.objects.create(key="a", severity="critical", **facts)
    assert asked() == []
    asked_for(version)
    for change, why in (
        (lambda: Finding.objects.create(key="b", severity="low", **facts), []),
        (
            lambda: Finding.objects.create(key="c", severity="critical", **facts),
            ["a critical finding was opened or closed"],
        ),
        (lambda: make_manifest(version), ["the files were read again"]),
        (
            lambda: CardRevision.objects.create(
                version=version, number=1, schema_version="1", digest="d", author_name="A"
            ),
            ["the card was edited"],
        ),
    ):
        with django_capture_on_commit_callbacks(execute=True):
            change()
        assert asked() == why


def test_the_clock_looks_again_at_what_is_asked_for_or_approved():
    version, drafted, other = (make_version(make_model(risk_tier="T4")) for _ in range(3))
    asked_for(version)
    asked_for(drafted, "draft")
    make_manifest(other)
    job = job_enqueue(actor=GOVERNANCE, kind="governance.recheck", key="recurring")
    assert done(job).result["text"] == "Looked at again: 1."
    assert CheckRun.objects.get().version == version


def test_a_stricter_policy_published_later_does_not_undo_what_was_approved():
    version = make_version(make_model(risk_tier="T4"))
    make_manifest(version)
    request = asked_for(version)
    run = done(ask(version))
    assert run.state == "done", run.error
    later = {**policy_in_force().rules}
    later["tiers"] = {**later["tiers"], "T4": {**later["tiers"]["T4"], "required": ["signature"]}}
    PolicyRevision.objects.create(
        number=2,
        state="published",
        rules=later,
        digest="2",
        edited_by_name="A",
        published_by_name="B",
    )
    run = checks_run(
        actor=GOVERNANCE, version_id=version.pk, environment="production", why="stricter"
    )
    assert run.policy.number == 2
    assert run.results.get(check_id="signature").is_required
    assert _checks(request) == []
    Finding.objects.create(
        key="c", severity="critical", model=version.model, kind="review", text="Bad"
    )
    checks_run(actor=GOVERNANCE, version_id=version.pk, environment="production", why="found")
    assert [cause.code for cause in _checks(request)] == ["CHECK_FAILED"]
