"""The pages of the jobs, for every kind of reader, with and without htmx."""

from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.jobs.models import Job, JobLogLine, JobState
from portal.jobs.services import job_enqueue
from portal.jobs.show import LINES
from tests.factories import make_user
from tests.jobs.test_services import ended, enqueue

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true", "HX-Target": "live"}
RESULTS = {"HX-Request": "true", "HX-Target": "results"}


def signed_in(role: str | None = "viewer", user: User | None = None) -> Client:
    client = Client()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(user or make_user(role), backend=backend)
    return client


def text_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def test_without_any_job_the_list_says_so_and_does_not_ask_again() -> None:
    text = text_of(signed_in().get("/jobs/"))
    assert "No job yet" in text
    assert "hx-trigger" not in text.split('id="results"')[1]


def test_the_list_asks_again_while_a_job_is_open() -> None:
    enqueue("test.effect")
    client = signed_in()
    assert 'hx-trigger="every 3s"' in text_of(client.get("/jobs/"))
    Job.objects.update(state=JobState.DONE)
    part = text_of(client.get("/jobs/", headers=RESULTS))
    assert "hx-trigger" not in part
    assert "<html" not in part


def test_running_jobs_come_first_and_filters_count() -> None:
    done, waiting, running = ended(JobState.DONE), enqueue("test.effect"), enqueue("test.effect")
    Job.objects.filter(pk=running.pk).update(state=JobState.RUNNING)
    response = signed_in().get("/jobs/")
    assert [job.pk for job in response.context["page"]] == [running.pk, waiting.pk, done.pk]
    only = signed_in().get("/jobs/?state=done&kind=test.fails")
    assert [job.pk for job in only.context["page"]] == [done.pk]
    assert "No job matches" in text_of(signed_in().get("/jobs/?state=failed&kind=none"))
    assert signed_in().get("/jobs/?state=nonsense&page=x").context["state"] == ""


def test_the_list_reads_as_much_for_many_jobs(django_assert_max_num_queries: Any) -> None:
    client = signed_in()
    client.get("/jobs/")
    for _ in range(20):
        enqueue("test.effect")
    with django_assert_max_num_queries(8):
        client.get("/jobs/")


def test_a_job_shows_how_it_stands() -> None:
    job = enqueue("test.effect")
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, progress_done=3, progress_total=9, progress_text="three of nine"
    )
    JobLogLine.objects.create(job=job, attempt=1, text="<script>alert(1)</script>")
    text = text_of(signed_in().get(f"/jobs/{job.pk}/"))
    assert "three of nine" in text
    assert 'value="3"' in text
    assert 'hx-trigger="every 2s"' in text
    assert "<script>alert(1)" not in text


def test_a_job_that_ended_is_not_asked_about_again() -> None:
    job = ended(JobState.DONE, result={"text": "Done.", "link": "/models/", "rows": 3})
    text = text_of(signed_in().get(f"/jobs/{job.pk}/", headers=LIVE))
    assert "hx-trigger" not in text
    assert 'href="/models/"' in text
    assert "Rows" in text


def test_a_result_leads_nowhere_outside() -> None:
    for link in ("https://elsewhere.example", "//elsewhere.example", "javascript:alert(1)"):
        job = ended(JobState.DONE, result={"link": link})
        assert "See the result" not in text_of(signed_in().get(f"/jobs/{job.pk}/"))


def test_only_the_end_of_a_long_log_is_shown() -> None:
    job = enqueue("test.effect")
    lines = (JobLogLine(job=job, attempt=1, text=f"line-{n}.") for n in range(LINES + 5))
    JobLogLine.objects.bulk_create(lines)
    text = text_of(signed_in().get(f"/jobs/{job.pk}/"))
    assert "5 earlier lines" in text
    assert "line-4." not in text
    assert text.index("line-5.") < text.index("line-304.")


def test_who_may_not_manage_sees_no_button_and_is_refused() -> None:
    failed, open_job = ended(JobState.FAILED, error="It broke."), enqueue("test.effect")
    client = signed_in("auditor")
    text = text_of(client.get(f"/jobs/{failed.pk}/"))
    assert "It broke." in text
    assert "platform admin" in text
    assert "/retry/" not in text
    assert client.post(f"/jobs/{failed.pk}/retry/").status_code == 403
    assert client.post(f"/jobs/{open_job.pk}/cancel/").status_code == 403


def test_a_platform_admin_retries_and_cancels() -> None:
    job = ended(JobState.FAILED)
    client = signed_in("platform_admin")
    assert "/retry/" in text_of(client.get(f"/jobs/{job.pk}/"))
    assert client.post(f"/jobs/{job.pk}/retry/").status_code == 302
    text = text_of(client.post(f"/jobs/{job.pk}/cancel/", follow=True))
    assert "The job is cancelled." in text
    text_of(client.post(f"/jobs/{job.pk}/cancel/"), 409)


def test_who_asked_may_cancel() -> None:
    user = make_user("data_scientist")
    from portal.accounts.actors import person

    job = job_enqueue(actor=person(user), kind="test.effect", key="mine", args={})
    assert signed_in(user=user).post(f"/jobs/{job.pk}/cancel/").status_code == 302


def test_the_fragment_for_other_pages_follows_a_job_to_its_end() -> None:
    job = enqueue("test.effect")
    client = signed_in()
    assert 'hx-trigger="every 2s"' in text_of(client.get(f"/jobs/{job.pk}/progress/"))
    Job.objects.update(state=JobState.DONE)
    response = client.get(f"/jobs/{job.pk}/progress/")
    assert "hx-trigger" not in text_of(response)
    assert response["HX-Trigger"] == "job-ended"


@pytest.mark.parametrize("address", ["/jobs/", "/jobs/{pk}/", "/jobs/{pk}/progress/"])
def test_who_has_no_role_or_is_not_signed_in_sees_nothing(address: str) -> None:
    address = address.format(pk=enqueue("test.effect").pk)
    assert signed_in(None).get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_an_unknown_job_is_not_found() -> None:
    client = signed_in("platform_admin")
    assert client.get("/jobs/999999999/").status_code == 404
    assert client.post("/jobs/999999999/retry/").status_code == 404
    assert client.get("/jobs/1/retry/").status_code == 405
