"""One job, step by step, in the tests' own process."""

from uuid import uuid4

import pytest
from django.db.models.functions import Now

from portal.jobs import runner
from portal.jobs.context import JobContext, finish
from portal.jobs.journal import Journal, LeaseLost
from portal.jobs.models import Job, JobState
from portal.jobs.registry import KINDS
from portal.jobs.runner import claim, pause_after, run_job
from portal.jobs.services import job_cancel, job_enqueue
from portal.trail.models import TrailEvent
from tests.factories import make_actor
from tests.jobs.kinds import EFFECT
from tests.jobs.test_services import enqueue

pytestmark = pytest.mark.django_db


def done(job: Job) -> Job:
    assert run_job(job.pk)
    job.refresh_from_db()
    return job


def effects(mark: str) -> list[TrailEvent]:
    return list(TrailEvent.objects.filter(verb=EFFECT, body__contains=mark))


@pytest.mark.parametrize("kind", ["test.effect", "test.finishing"])
def test_effect_and_end_are_written_together(kind: str) -> None:
    mark = uuid4().hex
    job = done(enqueue(kind, mark=mark))
    assert (job.state, job.attempts, job.result["text"]) == (JobState.DONE, 1, "One effect.")
    assert [event.actor_key for event in effects(mark)] == ["service:sync"]
    assert not run_job(job.pk)
    assert len(effects(mark)) == 1


def test_a_job_acts_on_behalf_of_the_one_who_asked() -> None:
    person = make_actor("platform_admin")
    job = job_enqueue(actor=person, kind="test.effect", key="k", args={"mark": "m"})
    journal = Journal(job.pk, 1, KINDS[job.kind].lease, "w")
    actor = JobContext(job, KINDS[job.kind], journal).actor
    assert (actor.key, actor.on_behalf_of) == ("service:sync", person.name)
    assert actor.request_id == "test-request"


@pytest.mark.parametrize("how", ["invalid", "denied", "refused"])
def test_what_cannot_get_better_fails_at_once(how: str) -> None:
    job = done(enqueue("test.fails", how=how))
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert job.error
    assert job.finished_at


@pytest.mark.parametrize("how", ["unreachable", "bug", "hang", "hog"])
def test_what_may_get_better_is_tried_again_later_and_then_fails(how: str) -> None:
    job = enqueue("test.fails", how=how)
    for attempt in (1, 2):
        done(job)
        assert (job.state, job.attempts) == (JobState.WAITING, attempt)
        assert job.run_after > job.created_at
        assert not run_job(job.pk), "its pause has not passed"
        Job.objects.filter(pk=job.pk).update(run_after=Now())
    assert done(job).state == JobState.FAILED
    assert job.attempts == 3


def test_an_unexpected_error_leaves_its_traceback_in_the_log() -> None:
    job = done(enqueue("test.fails", how="bug"))
    assert job.error == "Unexpected KeyError: 'accuracy'"
    said = [line.text for line in job.lines.all()]
    assert any("tests/jobs/kinds.py" in line for line in said)
    assert len(said) <= runner.TRACEBACK_LINES + 1


def test_pauses_grow_from_a_second_to_five_minutes() -> None:
    pauses = [pause_after(attempt) for attempt in range(1, 9)]
    assert 0.5 <= pauses[0] <= 1
    assert 150 <= pauses[-1] <= 300
    assert max(pauses) <= 300


def test_a_job_is_taken_once() -> None:
    job = enqueue("test.effect", mark="m")
    assert claim(job.pk, taken_by="message 1", again=False)
    assert claim(job.pk, taken_by="message 2", again=False) is None


def test_a_message_that_comes_again_proves_that_its_worker_is_gone() -> None:
    job = enqueue("test.effect", mark="m")
    claim(job.pk, taken_by="message 1", again=False)
    assert claim(job.pk, taken_by="message 2", again=True) is None
    again = claim(job.pk, taken_by="message 1", again=True)
    assert again is not None
    assert again.attempts == 2


def test_an_attempt_that_lost_its_lease_cannot_write_the_end() -> None:
    job = enqueue("test.effect", mark="m")
    first = claim(job.pk, taken_by="", again=False)
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00Z")
    second = claim(job.pk, taken_by="", again=False)
    assert first
    assert second
    with pytest.raises(LeaseLost):
        finish(first, {})
    with pytest.raises(LeaseLost):
        Journal(first.pk, first.attempts, KINDS[job.kind].lease, "w").log("still here?")
    runner.failed(first, "too late", permanent=True)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (JobState.RUNNING, 2, "")
    finish(second, {})
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_the_effect_of_an_attempt_that_lost_its_lease_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mark = uuid4().hex
    job = enqueue("test.effect", mark=mark)
    stolen = lambda *_: Job.objects.filter(pk=job.pk).update(attempts=7)  # noqa: E731
    monkeypatch.setattr("tests.jobs.kinds.time.sleep", stolen)
    monkeypatch.setattr(JobContext, "log", lambda *_: None)
    run_job(job.pk)
    assert effects(mark) == []


def test_a_job_of_a_kind_that_this_version_does_not_know_is_left_for_one_that_does() -> None:
    job = enqueue("test.effect", mark="m")
    Job.objects.filter(pk=job.pk).update(kind="test.of_tomorrow")
    assert not run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.WAITING, 0)


def test_a_job_told_to_stop_while_its_worker_died_does_not_run_again() -> None:
    job = enqueue("test.effect", mark="m")
    claim(job.pk, taken_by="", again=False)
    job_cancel(actor=make_actor("platform_admin"), job_id=job.pk)
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00Z")
    assert not run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_text_that_the_database_cannot_hold_is_cleaned() -> None:
    job = enqueue("test.effect", mark="m")
    claim(job.pk, taken_by="", again=False)
    journal = Journal(job.pk, 1, KINDS[job.kind].lease, "w")
    journal.log("a\x00b" + "x" * 900)
    journal.progress(1, 2, "c\x00" * 300)
    assert job.lines.get().text.startswith("a\ufffdb")
