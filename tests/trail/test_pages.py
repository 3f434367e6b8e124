"""The pages: who sees them, what they find, what they export."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.accounts.permissions import Role
from portal.jobs.models import Job, JobState
from portal.jobs.runner import run_job
from portal.trail.models import TrailEvent, TrailVerification
from portal.trail.queries import events_of
from portal.trail.services import Entry, record, record_all
from tests.factories import make_actor, make_team, make_unit, make_user
from tests.trail import ground

pytestmark = pytest.mark.django_db
PAGES = ["/trail/", "/trail/1/", "/trail/state/", "/trail/export.csv", "/trail/whole.jsonl"]


@pytest.fixture
def signed_in(ground_of_owner: None) -> Callable[[Role], Client]:
    """A browser of somebody with a role, on an empty trail."""

    def sign_in(role: Role) -> Client:
        client = Client()
        client.force_login(make_user(role), backend=settings.AUTHENTICATION_BACKENDS[-1])
        return client

    return sign_in


@pytest.fixture
def auditor(signed_in: Callable[[Role], Client]) -> Client:
    return signed_in(Role.AUDITOR)


def body(response: object) -> str:
    if response.streaming:
        return b"".join(response.streaming_content).decode()
    return response.content.decode()


@pytest.mark.parametrize("url", PAGES)
def test_strangers_are_sent_to_sign_in(client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("url", [*PAGES, "/trail/verifications/1/"])
def test_viewers_are_told_whom_to_ask(signed_in: Callable[[Role], Client], url: str) -> None:
    response = signed_in(Role.VIEWER).get(url)
    assert response.status_code == 403
    assert "Auditor" in body(response)


def test_a_platform_admin_reads_but_does_not_export(signed_in: Callable[[Role], Client]) -> None:
    ground.write_events(1)
    admin = signed_in(Role.PLATFORM_ADMIN)
    page = body(admin.get("/trail/"))
    assert "unit.rename" in page
    assert "/trail/export.csv" not in page
    assert admin.get("/trail/export.csv").status_code == 403


def test_an_empty_trail_says_so(auditor: Client) -> None:
    page = body(auditor.get("/trail/"))
    assert "No event yet" in page
    assert "None yet" in page


def test_events_are_found_by_every_filter(auditor: Client) -> None:
    scientist, owner = make_actor(username="ada"), make_actor(username="grace")
    unit, team = make_unit("Supply chain"), make_team("Forecasters")
    record(scientist, "unit.create", unit)
    record(owner, "team.create", team)
    record(owner, "unit.rename", unit)
    today = timezone.now().date()

    def found(**query: str) -> list[int]:
        rows = auditor.get("/trail/", query).context["slice"].events
        return [event.seq for event in rows]

    assert found() == [3, 2, 1]
    assert found(q="supply") == [3, 1]
    assert found(verb="team.create") == [2]
    assert found(who="ADA") == [1]
    assert found(who=owner.key) == [3, 2]
    assert found(subject=f"accounts.team:{team.pk}") == [2]
    assert found(request="test-request") == [3, 2, 1]
    assert found(since=str(today), until=str(today)) == [3, 2, 1]
    assert found(since=str(today + timedelta(days=1))) == []
    assert found(until=str(today - timedelta(days=1))) == []
    assert found(until="9999-12-31") == [3, 2, 1]
    assert found(q="supply", who="ada") == [1]
    assert found(q="nothing like it") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"since": "yesterday"}, "Enter a valid date"),
        ({"since": "2026-09-02", "until": "2026-09-01"}, "before the first day"),
        ({"verb": "no.such"}, "Select a valid choice"),
        ({"before": "x"}, "Enter a whole number"),
        ({"before": "9" * 30}, "less than or equal"),
        ({"q": "x" * 300}, "at most 200"),
    ],
)
def test_a_wrong_filter_is_named(auditor: Client, query: dict[str, str], said: str) -> None:
    ground.write_events(1)
    response = auditor.get("/trail/", query)
    assert response.status_code == 200
    assert said in body(response)
    assert response.context["slice"].events == []


def test_pages_follow_one_another_without_gap(auditor: Client) -> None:
    ground.write_events(120)
    first = auditor.get("/trail/").context["slice"]
    assert (first.events[0].seq, first.last.seq, first.newer, first.older) == (120, 71, None, 71)
    second = auditor.get("/trail/", {"before": first.older}).context["slice"]
    assert (second.events[0].seq, second.last.seq) == (70, 21)
    third = auditor.get("/trail/", {"before": second.older}).context["slice"]
    assert ([event.seq for event in third.events], third.older) == (list(range(20, 0, -1)), None)
    back = auditor.get("/trail/", {"after": third.newer}).context["slice"]
    assert [event.seq for event in back.events] == [event.seq for event in second.events]
    start = auditor.get("/trail/", {"after": back.newer}).context["slice"]
    assert (start.events[0].seq, start.newer) == (120, None)


def test_htmx_gets_the_results_alone(auditor: Client) -> None:
    ground.write_events(1)
    response = auditor.get("/trail/", headers={"HX-Request": "true"})
    assert "<html" not in body(response)
    assert "unit.rename" in body(response)
    assert "HX-Request" in response["Vary"]


def test_the_list_takes_the_same_queries_for_any_number_of_events(
    auditor: Client, django_assert_num_queries: object, django_assert_max_num_queries: object
) -> None:
    ground.write_events(10)
    auditor.get("/trail/")
    with django_assert_max_num_queries(12) as ten:
        auditor.get("/trail/")
    ground.write_events(100)
    with django_assert_num_queries(len(ten)):
        auditor.get("/trail/")


def test_an_event_shows_each_field_before_and_after(auditor: Client) -> None:
    unit = make_unit("Supply <b>chain</b>")
    before = {"name": "Old", "tags": {"kept": "same", "gone": 1}, "empty": ""}
    after = {"name": "New", "tags": {"kept": "same", "fresh": [1, 2]}, "empty": None}
    record(make_actor(), "unit.rename", unit, before=before, after=after, reason="A new name")
    response = auditor.get("/trail/1/")
    page = body(response)
    changed = {
        change.field: (change.before, change.after) for change in response.context["changed"]
    }
    assert changed == {
        "empty": ("", "nothing"),
        "name": ("Old", "New"),
        "tags.fresh": (None, "[\n 1,\n 2\n]"),
        "tags.gone": ("1", None),
    }
    assert [change.field for change in response.context["unchanged"]] == ["tags.kept"]
    assert "<b>chain" not in page
    assert "A new name" in page
    assert "Holds" in page
    assert "/trail/?request=test-request" in page


def test_an_event_knows_its_neighbours(auditor: Client) -> None:
    ground.write_events(3)
    page = body(auditor.get("/trail/2/"))
    assert 'href="/trail/1/"' in page
    assert 'href="/trail/3/"' in page
    assert auditor.get("/trail/4/").status_code == 404
    assert auditor.get(f"/trail/{10**30}/").status_code == 404


def test_an_event_that_was_tampered_with_says_so(auditor: Client) -> None:
    ground.write_events(3)
    ground.disarm()
    ground.sql("UPDATE trail_event SET body = 'not json', verb = 'x' WHERE seq = 2")
    ground.sql("UPDATE trail_event SET verb = 'y' WHERE seq = 3")
    assert "was changed after it was recorded" in body(auditor.get("/trail/2/"))
    assert "is not what the event says" in body(auditor.get("/trail/3/"))
    assert auditor.get("/trail/").status_code == 200
    assert body(auditor.get("/trail/export.csv"))


def test_the_csv_cannot_start_a_formula(auditor: Client) -> None:
    for name in ("=1+1", "+1", "-1", "@x", "\t=1", " =1", "Plain"):
        record(make_actor(), "unit.create", make_unit(name), reason=name)
    text = body(auditor.get("/trail/export.csv"))
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    labels = [row["subject_label"] for row in rows][::-1]
    assert labels == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", "' =1", "Plain"]
    assert rows[0]["seq"] == "7"
    assert rows[-1]["reason"] == "'=1+1"


def test_exports_hold_what_is_filtered(auditor: Client) -> None:
    ground.write_events(12)
    record(make_actor(username="ada"), "unit.create", make_unit("Only me"))
    response = auditor.get("/trail/export.jsonl", {"q": "only me"})
    lines = [json.loads(line) for line in body(response).splitlines()]
    assert [line["seq"] for line in lines] == [13]
    assert "attachment" in response["Content-Disposition"]
    assert len(body(auditor.get("/trail/export.csv")).splitlines()) == 14


def test_the_whole_trail_is_what_the_verifier_takes(auditor: Client) -> None:
    ground.write_events(3)
    ground.anchor()
    start, *rows = [
        json.loads(line) for line in body(auditor.get("/trail/whole.jsonl")).splitlines()
    ]
    assert start["complete"]
    assert start["head"]["seq"] == 3
    assert [row["seq"] for row in rows] == [1, 2, 3]


def test_a_verification_is_asked_for_once_and_its_result_kept(auditor: Client) -> None:
    ground.write_events(3)
    for _ in range(2):
        assert auditor.post("/trail/verify/").status_code == 302
    job = Job.objects.get(kind="trail.verify")
    assert job.asked_by_name
    page = body(auditor.get("/trail/"))
    assert "Waiting for a worker" in page
    assert "Verify now" not in page
    assert 'hx-trigger="every 2s"' in page
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["text"]) == (JobState.DONE, "Nothing found")
    kept = TrailVerification.objects.get()
    assert (kept.events, kept.finding_count, kept.asked_by_name) == (3, 0, job.asked_by_name)
    assert TrailEvent.objects.first().verb == "trail.verify"
    assert "Nothing found" in body(auditor.get("/trail/state/"))
    assert "Nothing was edited" in body(auditor.get(f"/trail/verifications/{kept.pk}/"))


def test_findings_are_shown_where_the_trail_is(auditor: Client) -> None:
    ground.write_events(3)
    ground.disarm()
    ground.sql("DELETE FROM trail_event WHERE seq = 2")
    auditor.post("/trail/verify/", headers={"HX-Request": "true"})
    run_job(Job.objects.get(kind="trail.verify").pk)
    kept = TrailVerification.objects.get()
    assert kept.finding_count == 1
    assert "The trail was tampered with" in body(auditor.get("/trail/"))
    page = body(auditor.get(f"/trail/verifications/{kept.pk}/"))
    assert "the events 2 to 2 are missing" in page


def test_a_verification_that_failed_says_why(auditor: Client) -> None:
    auditor.post("/trail/verify/")
    Job.objects.update(state=JobState.FAILED, error="The key file cannot be read.")
    page = body(auditor.get("/trail/"))
    assert "The key file cannot be read." in page
    assert "Verify now" in page


def test_who_may_not_verify_has_no_button(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.DATA_GOVERNANCE)
    assert "Verify now" not in body(client.get("/trail/"))
    assert client.post("/trail/verify/").status_code == 403
    assert client.get("/trail/verify/").status_code == 405


def test_the_history_of_a_subject_is_its_newest_events(ground_of_owner: None) -> None:
    actor, unit, team = make_actor(), make_unit(), make_team()
    record_all(actor, [Entry("unit.touch", unit, reason=str(n)) for n in range(25)])
    record(actor, "team.create", team)
    assert [event.seq for event in events_of(unit, limit=3)] == [25, 24, 23]
    assert [event.seq for event in events_of(unit, team, limit=2)] == [26, 25]
    assert events_of() == []
