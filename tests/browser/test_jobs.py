"""The pages of the jobs, in a real browser."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from portal.actors import service
from portal.jobs.models import Job, JobLogLine, JobState
from tests.browser.conftest import SignIn, sound

pytestmark = pytest.mark.django_db(transaction=True)


def make_job(state: JobState, kind: str = "trail.verify", **fields: Any) -> Job:
    now = timezone.now()
    started = None if state == JobState.WAITING else now - timedelta(seconds=95)
    ended = None if state in (JobState.WAITING, JobState.RUNNING) else now
    job = Job(
        **{
            "kind": kind,
            "key": f"key {Job.objects.count()}",
            "state": state,
            "run_after": now,
            "asked_by_key": service("trail").key,
            "asked_by_name": "Mara Lindqvist",
            "why": "asked for on the page of the trail",
            "started_at": started,
            "finished_at": ended,
            "attempts": 0 if started is None else 1,
            **fields,
        }
    )
    job.save()
    return job


def make_each() -> dict[JobState, Job]:
    error = "MLflow at http://mlflow:5000 cannot be reached: connection refused. Try again."
    jobs = {
        JobState.DONE: make_job(JobState.DONE, result={"text": "Anchored up to event 4211."}),
        JobState.CANCELLED: make_job(JobState.CANCELLED),
        JobState.FAILED: make_job(JobState.FAILED, attempts=3, error=error),
        JobState.WAITING: make_job(JobState.WAITING, kind="trail.anchor"),
        JobState.RUNNING: make_job(
            JobState.RUNNING,
            progress_done=4200,
            progress_total=10000,
            progress_text="of the events",
        ),
    }
    for job in jobs.values():
        for number in range(8):
            JobLogLine.objects.create(job=job, attempt=1, text=f"checked {number * 500:,} events")
    return jobs


def test_the_list_is_sound_empty_and_full(sign_in: SignIn) -> None:
    page = sign_in(Role.VIEWER)
    page.goto("/jobs/")
    expect(page.get_by_text("No job yet")).to_be_visible()
    sound(page, "jobs-empty")
    make_each()
    page.goto("/jobs/")
    expect(page.get_by_role("row")).to_have_count(6)
    sound(page, "jobs")


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_of_a_job_is_sound(sign_in: SignIn, state: JobState) -> None:
    job = make_each()[state]
    page = sign_in(Role.PLATFORM_ADMIN)
    page.goto(f"/jobs/{job.pk}/")
    expect(page.get_by_role("heading", name="How it stands")).to_be_visible()
    sound(page, f"job-{state}")


def test_a_page_follows_its_job_to_the_end_and_then_rests(sign_in: SignIn) -> None:
    job = make_each()[JobState.RUNNING]
    page = sign_in(Role.PLATFORM_ADMIN)
    page.goto(f"/jobs/{job.pk}/")
    Job.objects.filter(pk=job.pk).update(progress_done=9000, progress_text="nearly there")
    expect(page.get_by_text("9,000 of 10,000 · nearly there")).to_be_visible()
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE, result={"text": "All of it."})
    expect(page.get_by_text("All of it.")).to_be_visible()
    expect(page.locator("#live")).not_to_have_attribute("hx-trigger", "every 2s")


def test_an_admin_cancels_and_retries_without_javascript_of_ours(sign_in: SignIn) -> None:
    job = make_each()[JobState.WAITING]
    page = sign_in(Role.PLATFORM_ADMIN)
    page.goto(f"/jobs/{job.pk}/")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The job is cancelled.")).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("The job will run again.")).to_be_visible()
