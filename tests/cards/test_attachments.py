"""Files beside a card's answers: what is taken, what is refused, who may, and what stays."""

import hashlib
import http.client
import os
import re
import tracemalloc
from datetime import date, timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.accounts.permissions import Role
from portal.errors import Upstream
from portal.trail.models import TrailEvent
from registry.cards.attachments.content import LARGEST, BadFile, kind_of
from registry.cards.attachments.models import CardAttachment, Kind, today
from registry.cards.attachments.names import clean_name
from registry.cards.attachments.queries import attachments_by_field
from registry.cards.attachments.services import Upload, attachment_add, attachment_withdraw
from registry.cards.attachments.storage import FOLDER, content_keep, orphans_remove
from tests.cards.facts import make_full_version, make_owned_model, scientist_of
from tests.cards.files import CSV, HOSTILE, HTML, PDF, png, sent
from tests.cards.test_api import at as api_at
from tests.cards.test_api import caller
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db
GOOD = [
    ("r.pdf", PDF, "pdf"),
    ("c.png", png(), "png"),
    ("t.csv", CSV, "csv"),
    ("p.html", HTML, "html"),
]


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", risk_tier="T3"))


@pytest.fixture
def scientist(client, version):
    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    return client


def at(version, more=""):
    return f"/models/{version.model_id}/versions/{version.version}/card/{more}"


def attach(client, version, content=PDF, name="evidence.pdf", key="overview", **form):
    body = {"file": sent(content, name), **form}
    return client.post(at(version, f"fields/{key}/attach/"), body, follow=True)


def added(version, content=PDF, name="evidence.pdf", key="overview", **more):
    upload = Upload(ContentFile(content), name, len(content))
    return attachment_add(
        actor=scientist_of(version), version_id=version.pk, field_key=key, upload=upload, **more
    )


def stored_files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("name", "content", "kind"), GOOD)
def test_each_kind_is_kept_and_given_back_unchanged(scientist, version, files, name, content, kind):
    page = attach(scientist, version, content, name, effective_on="2026-01-02").content.decode()
    assert "Saved." in page
    assert name in page
    row = CardAttachment.objects.get()
    assert (row.kind, row.size) == (kind, len(content))
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert row.stored_as == f"attachments/{row.sha256[:2]}/{row.sha256}"
    assert row.sha256 in page
    response = scientist.get(at(version, "files/1/"))
    assert b"".join(response.streaming_content) == content
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "html" not in response["Content-Type"]
    assert TrailEvent.objects.filter(verb="card.attach").count() == 1


@pytest.mark.parametrize(("name", "content", "why"), HOSTILE, ids=[case[0] for case in HOSTILE])
def test_hostile_files_are_refused_with_the_reason(scientist, version, files, name, content, why):
    tracemalloc.start()
    response = attach(scientist, version, content, name, expires_on="2027-05-06")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    page = unescape(response.content.decode())
    assert response.status_code == 422
    assert why in page
    assert 'value="2027-05-06"' in page, "what was typed stays"
    assert peak < 40_000_000
    assert not CardAttachment.objects.exists()
    assert stored_files(files) == []


def test_a_table_may_be_divided_by_something_else():
    for text in ("a;b\n1,5;2\n", "a\tb\n1\t2\n", 'a,b\n"1\n2",3\n\n', "\ufeffa,b\r\n1,2\r\n"):
        content = text.encode()
        assert kind_of(ContentFile(content), len(content)) is Kind.CSV


def test_a_file_over_25_mb_is_refused(version):
    with pytest.raises(BadFile, match=r"25\.0 MB; at most 25 MB fit"):
        kind_of(ContentFile(b""), LARGEST + 1)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\ana\\report.pdf", "report.pdf"),
        ("/abs/../x/.hidden.pdf", "hidden.pdf"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("evil\u202efdp.html", "evilfdp.html"),
        ("דוח-מודל.pdf", "דוח-מודל.pdf"),
        ("<img src=x onerror=1>.pdf", "<img src=x onerror=1>.pdf"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("x" * 400 + ".pdf", "x" * 156 + ".pdf"),
    ],
)
def test_names_are_only_names(given, kept):
    assert clean_name(given) == kept


def test_a_name_never_becomes_a_path_or_markup(scientist, version, files):
    attach(scientist, version, name="<b>דוח<i>.pdf")
    row = CardAttachment.objects.get()
    [path] = stored_files(files)
    assert path.name == row.sha256
    page = scientist.get(at(version)).content.decode()
    assert "<b>דוח" not in page
    assert "filename*=utf-8''" in scientist.get(at(version, "files/1/"))["Content-Disposition"]


def test_the_same_content_is_stored_once(version, files):
    added(version)
    added(version, name="again.pdf", key="business_problem")
    assert len(stored_files(files)) == 1
    assert CardAttachment.objects.count() == 2


def test_only_a_picture_is_shown_in_a_page(scientist, version):
    attach(scientist, version, HTML, "p.html")
    attach(scientist, version, png(), "c.png")
    assert scientist.get(at(version, "files/1/picture/")).status_code == 404
    response = scientist.get(at(version, "files/2/picture/"))
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline")
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_dates_tell_whether_a_file_still_counts(version):
    now = today()
    for days, validity, words in (
        (-1, "expired", "expired on"), (0, "expiring", "expires today"),
        (1, "expiring", "expires in 1 day"), (90, "valid", "expires in 90 days"),
        (400, "valid", "valid until"),
    ):  # fmt: skip
        row = added(version, expires_on=now + timedelta(days=days))
        assert row.validity == validity
        assert row.validity_words.startswith(words)
    assert added(version, effective_on=now + timedelta(days=3)).validity == "not_yet"
    assert added(version).validity_words == ""


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"effective_on": "2026-05-01", "expires_on": "2026-04-01"}, "cannot expire before"),
        ({"expires_on": "next spring"}, "year-month-day"),
        ({"expires_on": "9999-01-01"}, "between 1990 and 2100"),
    ],
)
def test_wrong_dates_are_named(scientist, version, form, why):
    response = attach(scientist, version, **form)
    assert response.status_code == 422
    assert why in response.content.decode()
    assert not CardAttachment.objects.exists()


def test_without_a_file_and_with_an_unknown_field(scientist, version):
    response = scientist.post(at(version, "fields/overview/attach/"), {})
    assert response.status_code == 422
    assert "Choose a file." in response.content.decode()
    assert attach(scientist, version, key="nonsense").status_code == 404


def test_withdrawing_keeps_the_file_and_says_why(scientist, version):
    attach(scientist, version)
    address = at(version, "files/1/withdraw/")
    assert scientist.post(address, {"reason": " "}).status_code == 422
    page = scientist.post(address, {"reason": "Wrong quarter"}, follow=True).content.decode()
    assert "Wrong quarter" in page
    assert scientist.get(at(version, "files/1/")).status_code == 200
    assert scientist.post(address, {"reason": "Again"}).status_code == 409
    event = TrailEvent.objects.get(verb="card.attachment_withdraw")
    assert event.facts["reason"] == "Wrong quarter"
    assert event.facts["before"]["sha256"] == CardAttachment.objects.get().sha256


def test_a_newer_file_takes_the_place_of_an_older_one(scientist, version):
    attach(scientist, version)
    attach(scientist, version, name="newer.pdf", replaces="1")
    old, new = CardAttachment.objects.order_by("number")
    assert old.replaced_by == new
    assert not old.is_current
    assert attach(scientist, version, name="third.pdf", replaces="1").status_code == 409
    assert CardAttachment.objects.count() == 2


def test_rows_are_never_removed_nor_changed(version):
    row = added(version)
    with pytest.raises(DatabaseError, match="never removed"), transaction.atomic():
        row.delete()
    row.name = "other.pdf"
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        row.save()
    attachment_withdraw(actor=scientist_of(version), version_id=version.pk, number=1, reason="Old")
    row.refresh_from_db()
    row.withdrawn_at = None
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        row.save(update_fields=["withdrawn_at"])


def test_a_new_version_links_to_the_files_of_the_one_before(client, version):
    old = added(version, key="business_problem")
    added(version, key="change_reason")
    newer = make_full_version(version.model)
    found = attachments_by_field(newer)
    assert found == {"business_problem": [old]}
    client.force_login(make_user(Role.VIEWER))
    page = client.get(at(newer, "fields/business_problem/")).content.decode()
    assert f"from version {version.version}" in page
    assert at(version, "files/1/") in page
    own = added(newer, name="own.pdf", key="business_problem")
    assert attachments_by_field(newer)["business_problem"] == [own]
    assert attachments_by_field(version)["business_problem"] == [old]


@pytest.mark.parametrize(
    ("role", "team", "status"),
    [
        (Role.DATA_SCIENTIST, "own", 200), (Role.MODEL_OWNER, "own", 200),
        (Role.DATA_SCIENTIST, "other", 403), (Role.VIEWER, None, 403), (Role.AUDITOR, None, 403),
        (Role.VALIDATOR, None, 403), (Role.PLATFORM_ADMIN, None, 403),
    ],
)  # fmt: skip
def test_who_may_attach_and_withdraw(client, version, role, team, status):
    added(version)
    teams = {"own": version.model.team, "other": make_team(), None: None}
    client.force_login(make_user(role, team=teams[team]))
    assert attach(client, version, name="mine.pdf").status_code == status
    body = {"reason": "Old"}
    answer = client.post(at(version, "files/1/withdraw/"), body, follow=True)
    assert answer.status_code == status
    assert client.get(at(version, "files/1/")).status_code == 200
    assert CardAttachment.objects.count() == (2 if status == 200 else 1)


def test_strangers_get_no_file(client, version):
    added(version)
    assert client.get(at(version, "files/1/")).status_code == 302
    client.force_login(make_user(None))
    assert client.get(at(version, "files/1/")).status_code == 403


class Full(FileSystemStorage):
    """A disk that fills up half way through."""

    def _save(self, name, content):
        path = super()._save(name, ContentFile(b"half"))
        raise OSError(28, "No space left on device", path)


def test_a_full_storage_saves_nothing_and_says_so(scientist, version, settings, files):
    settings.STORAGES = {
        **settings.STORAGES, "default": {"BACKEND": "tests.cards.test_attachments.Full"}
    }  # fmt: skip
    response = attach(scientist, version, effective_on="2026-01-02")
    assert response.status_code == 503
    page = response.content.decode()
    assert "could not be stored" in page
    assert 'value="2026-01-02"' in page
    assert not CardAttachment.objects.exists()
    assert not TrailEvent.objects.filter(verb="card.attach").exists()


def test_half_a_file_never_stands_for_a_whole_one(version, files):
    digest = hashlib.sha256(PDF).hexdigest()
    default_storage.save(f"{FOLDER}/{digest[:2]}/{digest}", ContentFile(PDF[:10]))
    row = added(version)
    assert default_storage.open(row.stored_as).read() == PDF


def test_files_without_a_row_are_cleared_after_a_day(version, files):
    row = added(version)
    for name in ("old", "new"):
        default_storage.save(f"{FOLDER}/aa/{name}", ContentFile(b"x"))
    for name in (f"{FOLDER}/aa/old", row.stored_as):
        os.utime(files / name, (1_600_000_000, 1_600_000_000))
    assert orphans_remove() == 1
    assert sorted(path.name for path in stored_files(files)) == sorted(["new", row.sha256])


def test_a_file_that_is_gone_is_told_as_such(scientist, version, files):
    row = added(version)
    (files / row.stored_as).unlink()
    response = scientist.get(at(version, "files/1/"))
    assert response.status_code == 503
    assert "file storage does not give it" in response.content.decode()
    with pytest.raises(Upstream), transaction.atomic():
        content_keep(row.stored_as)


def test_the_card_reads_files_and_comments_in_two_queries(client, version):
    client.force_login(make_user(Role.VIEWER))

    def count():
        with CaptureQueriesContext(connection) as found:
            client.get(at(version))
        tables = ("registry_cardattachment", "registry_cardcomment")
        return len(found), sum(any(name in q["sql"] for name in tables) for q in found)

    count()
    before, notes = count()
    assert notes == 2
    for key in ("overview", "business_problem", "architecture"):
        for number in range(3):
            added(version, key=key, name=f"{key}-{number}.pdf")
    assert count() == (before, 2)


@pytest.mark.django_db(transaction=True)
def test_a_body_of_60_mb_is_refused_without_being_kept(live_server, client, version):
    """Sent over a real connection; the server keeps a few pieces of it at a time, no more."""
    from django.conf import settings

    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    size, piece = 60 * 1024 * 1024, b"x" * 65_536
    link = http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=60)
    headers = {"Content-Length": str(size), "Content-Type": "multipart/form-data; boundary=b"}
    tracemalloc.start()
    link.request(
        "POST",
        at(version, "fields/overview/attach/"),
        body=(piece for _ in range(size // len(piece))),
        headers={**headers, "Cookie": cookie},
    )
    answer = link.getresponse()
    text = unescape(answer.read().decode())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status == 413
    assert "What was sent is 60 MB; a file of at most 25 MB fits. Nothing was saved." in text
    assert peak < 8_000_000
    assert not CardAttachment.objects.exists()


def test_programs_attach_read_and_withdraw(version, files):
    writer = caller(version, "read", "cards:write")
    body = {"file": sent(png(), "c.png"), "field": "overview", "expires_on": "2099-01-01"}
    made = writer.post(api_at(version, "attachments/"), body)
    assert made.status_code == 201
    facts = made.json()
    assert (facts["number"], facts["kind"], facts["validity"]) == (1, "png", "valid")
    assert facts["sha256"] == hashlib.sha256(png()).hexdigest()
    content = writer.get(api_at(version, "attachments/1/content/"))
    assert b"".join(content.streaming_content) == png()
    assert writer.get(api_at(version, "attachments/1/")).json() == facts
    withdrawn = writer.post(
        api_at(version, "attachments/1/withdraw/"),
        {"reason": "Wrong chart"},
        content_type="application/json",
    )
    assert withdrawn.json()["validity"] == "withdrawn"
    assert writer.get(api_at(version, "attachments/")).json()["count"] == 1


def test_programs_are_refused_with_problems(version, files, settings):
    writer = caller(version, "read", "cards:write")
    address = api_at(version, "attachments/")
    refused = writer.post(address, {"file": sent(HTML, "c.png")})
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    [fault] = refused.json()["errors"]
    assert fault["field"] == "file"
    assert "is an HTML page, not a PNG picture" in fault["detail"]
    for body in (
        {}, {"file": "text"}, {"file": sent(PDF, "a.pdf"), "field": "nonsense"},
        {"file": sent(PDF, "a.pdf"), "expires_on": "x"},
        {"file": sent(PDF, "a.pdf"), "sha256": "1"},
        {"file": sent(PDF, "a.pdf"), "field": "over\x00view"},
    ):  # fmt: skip
        assert writer.post(address, body).status_code == 400, body
    settings.LARGEST_BODY = 100
    huge = writer.post(address, {"file": sent(PDF, "a.pdf")})
    settings.LARGEST_BODY = 1_000_000
    assert huge.status_code == 413
    assert huge.json()["type"] == "urn:signet:problem:content-too-large"
    assert writer.post(address, {"a": 1}, content_type="application/json").status_code == 415
    assert caller(version, "read").post(address, {"file": sent(PDF, "a.pdf")}).status_code == 403
    other = caller(version, "read", "cards:write", team=make_team())
    assert other.post(address, {"file": sent(PDF, "a.pdf")}).status_code == 403
    assert not CardAttachment.objects.exists()


def test_the_forms_of_the_page_match_what_a_person_may(client, version):
    added(version, effective_on=date(2026, 1, 2))
    client.force_login(make_user(Role.AUDITOR))
    page = client.get(at(version, "fields/overview/")).content.decode()
    assert re.search(r"in effect from\s+2 Jan 2026", page)
    assert "<form" not in page.split('id="notes-panel"')[1].split("</main>")[0]
    assert client.get(at(version, "fields/whole-card/")).status_code == 200
    assert client.get(at(version, "fields/nonsense/")).status_code == 404
