"""Asking for jobs, trying them again, cancelling and removing them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.actors import service
from portal.errors import Conflict, Denied
from portal.jobs.models import Job, JobState
from portal.jobs.runner import claim
from portal.jobs.services import job_cancel, job_enqueue, job_retry, jobs_prune
from portal.trail.models import TrailEvent
from tests.factories import make_actor

pytestmark = pytest.mark.django_db
ASKER = service("sync")


def enqueue(kind: str, key: str = "", **args: Any) -> Job:
    return job_enqueue(actor=ASKER, kind=kind, key=key or uuid4().hex, args=args)


def ended(state: JobState, **fields: Any) -> Job:
    job = enqueue("test.fails", how="bug")
    Job.objects.filter(pk=job.pk).update(
        **{"state": state, "attempts": 3, "finished_at": timezone.now(), **fields}
    )
    job.refresh_from_db()
    return job


def test_the_same_work_is_asked_for_once() -> None:
    first, second = enqueue("test.effect", "k", mark="m"), enqueue("test.effect", "k", mark="m")
    assert first == second
    assert enqueue("test.finishing", "k", mark="m") != first


def test_work_that_ended_can_be_asked_for_again() -> None:
    job = ended(JobState.DONE)
    assert enqueue("test.fails", job.key, how="bug") != job


def test_asking_again_brings_a_pause_forward() -> None:
    later = timezone.now() + timedelta(hours=1)
    job = job_enqueue(actor=ASKER, kind="test.effect", key="k", args={}, run_after=later)
    assert claim(job.pk, taken_by="", again=False) is None
    assert enqueue("test.effect", "k") == job
    assert claim(job.pk, taken_by="", again=False)


def test_an_undeclared_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        enqueue("test.unheard_of")


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_is_retried_with_new_attempts_and_recorded(state: JobState) -> None:
    admin, job = make_actor("platform_admin"), ended(state, cancel_asked=True)
    job_retry(actor=admin, job_id=job.pk, reason="MLflow is back")
    job.refresh_from_db()
    assert (job.state, job.attempts, job.max_attempts) == (JobState.WAITING, 3, 6)
    assert not job.cancel_asked
    event = TrailEvent.objects.filter(verb="job.retry", subject_id=str(job.pk)).first()
    assert event is not None
    assert event.actor_key == admin.key


def test_a_job_that_is_done_or_open_is_not_retried() -> None:
    admin = make_actor("platform_admin")
    for job in (ended(JobState.DONE), enqueue("test.effect")):
        with pytest.raises(Conflict):
            job_retry(actor=admin, job_id=job.pk)


def test_a_retry_beside_the_same_work_is_refused() -> None:
    failed = ended(JobState.FAILED)
    twin = enqueue("test.fails", failed.key, how="bug")
    with pytest.raises(Conflict, match=f"Job {twin.pk}"):
        job_retry(actor=make_actor("platform_admin"), job_id=failed.pk)


def test_a_waiting_job_is_cancelled_at_once_and_recorded() -> None:
    admin, job = make_actor("platform_admin"), enqueue("test.effect")
    job_cancel(actor=admin, job_id=job.pk, reason="asked twice")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert claim(job.pk, taken_by="", again=False) is None
    assert TrailEvent.objects.filter(verb="job.cancel", subject_id=str(job.pk)).exists()
    with pytest.raises(Conflict):
        job_cancel(actor=admin, job_id=job.pk)


def test_a_running_job_is_asked_to_stop() -> None:
    job = enqueue("test.effect")
    claim(job.pk, taken_by="", again=False)
    job_cancel(actor=make_actor("platform_admin"), job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.cancel_asked) == (JobState.RUNNING, True)


@pytest.mark.parametrize("verb", [job_retry, job_cancel])
@pytest.mark.parametrize("role", [None, "viewer", "data_scientist", "auditor", "governance_lead"])
def test_others_may_not(verb: Any, role: str | None) -> None:
    job = ended(JobState.FAILED) if verb is job_retry else enqueue("test.effect")
    with pytest.raises(Denied):
        verb(actor=make_actor(role), job_id=job.pk)


def test_who_asked_may_cancel_and_retry() -> None:
    asker = make_actor("data_scientist")
    job = job_enqueue(actor=asker, kind="test.effect", key="mine", args={})
    assert job_cancel(actor=asker, job_id=job.pk).state == JobState.CANCELLED
    assert job_retry(actor=asker, job_id=job.pk).state == JobState.WAITING


def test_old_jobs_are_removed_and_failed_ones_kept_longer() -> None:
    now = timezone.now()
    old = now - timedelta(days=31)
    gone = [ended(JobState.DONE, finished_at=old), ended(JobState.CANCELLED, finished_at=old)]
    kept = [ended(JobState.FAILED, finished_at=old), ended(JobState.DONE), enqueue("test.effect")]
    removed = jobs_prune(
        done_before=now - timedelta(days=30), failed_before=now - timedelta(days=180)
    )
    assert removed == len(gone)
    assert set(Job.objects.filter(kind__startswith="test.")) == set(kept)
