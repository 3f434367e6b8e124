"""Anchors: when they are taken, what they refuse to sign, where they are kept."""

import json
import logging
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied, Upstream
from portal.jobs.models import Job, JobState
from portal.jobs.runner import run_job
from portal.trail import places
from portal.trail.anchors import anchor_due, anchor_take, facts_of
from portal.trail.keys import signing_key, trusted_keys
from portal.trail.models import TrailAnchor
from portal.trail.services import record
from portal.trail.verification import trail_walk
from portal.trail.verifier import genuine, merkle_root
from tests.factories import make_actor, make_unit
from tests.trail import ground

pytestmark = pytest.mark.django_db
TRAIL = service("trail")


def test_an_anchor_covers_what_came_since_the_last_one(ground_of_owner: None) -> None:
    assert anchor_take(actor=TRAIL, reason="nothing yet") is None
    events = ground.write_events(3)
    first = anchor_take(actor=TRAIL, reason="one")
    assert anchor_take(actor=TRAIL, reason="nothing new") == first
    events += ground.write_events(4)
    second = anchor_take(actor=TRAIL, reason="two")
    assert (first.first_seq, first.seq, second.first_seq, second.seq) == (1, 3, 4, 7)
    assert second.hash == events[-1].hash
    assert second.merkle_root == merkle_root([event.hash for event in events[3:]])
    assert genuine(facts_of(TrailAnchor.objects.get(seq=7)))


def test_the_merkle_root_is_that_of_rfc_6962() -> None:
    leaf = "00"
    assert merkle_root([leaf]) == (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    )
    one, two = merkle_root(["00"]), merkle_root(["00", "00"])
    assert len({one, two, merkle_root(["00"] * 3), merkle_root(["00"] * 4)}) == 4


def test_an_anchor_is_due_after_a_hundred_events_or_an_hour(
    ground_of_owner: None, time_machine: object
) -> None:
    assert anchor_due() == ""
    ground.write_events(99)
    assert anchor_due() == ""
    time_machine.move_to(timezone.now() + timedelta(minutes=61), tick=True)
    assert anchor_due() == "every hour"
    ground.write_events(1)
    assert anchor_due() == "every 100 events"
    anchor_take(actor=TRAIL, reason="test")
    assert anchor_due() == ""


def test_the_hundredth_event_asks_for_an_anchor(
    ground_of_owner: None, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as asked:
        ground.write_events(99)
    assert asked == []
    with django_capture_on_commit_callbacks(execute=True):
        ground.write_events(1)
    assert Job.objects.get(kind="trail.anchor").state == JobState.WAITING


def test_a_long_trail_is_anchored_in_spans(
    ground_of_owner: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.trail.anchors.LONGEST_SPAN", 10)
    ground.write_events(25)
    anchor_take(actor=TRAIL, reason="test")
    spans = TrailAnchor.objects.order_by("seq").values_list("first_seq", "seq")
    assert list(spans) == [(1, 10), (11, 20), (21, 25)]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE trail_event SET body = 'x' WHERE seq = 3",
        "DELETE FROM trail_event WHERE seq = 3",
        "DELETE FROM trail_event WHERE seq = 5",
        "UPDATE trail_head SET hash = repeat('0', 64)",
    ],
)
def test_nothing_that_was_tampered_with_is_signed(ground_of_owner: None, attack: str) -> None:
    ground.write_events(5)
    ground.disarm()
    ground.sql(attack)
    with pytest.raises(Conflict, match="trail verify"):
        anchor_take(actor=TRAIL, reason="test")
    assert not TrailAnchor.objects.exists()


def test_only_who_may_takes_an_anchor(ground_of_owner: None) -> None:
    ground.write_events(1)
    with pytest.raises(Denied):
        anchor_take(actor=make_actor(Role.AUDITOR), reason="test")
    assert anchor_take(actor=make_actor(Role.PLATFORM_ADMIN), reason="test")


def test_the_key_is_made_once_and_readable_by_its_owner_alone(own_places: Path) -> None:
    key = signing_key(may_make=True)
    path = own_places / "secrets" / "trail.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = signing_key(may_make=False)
    assert key.public_key() == again.public_key()
    assert trusted_keys() == [key.public_key().public_bytes_raw().hex()]


def test_a_lost_key_is_not_replaced_in_silence(ground_of_owner: None, own_places: Path) -> None:
    ground.write_events(1)
    ground.anchor()
    (own_places / "secrets" / "trail.pem").unlink()
    ground.write_events(1)
    with pytest.raises(Upstream, match="is missing, and anchors signed with it exist"):
        anchor_take(actor=TRAIL, reason="test")


def test_an_older_key_kept_beside_the_new_one_still_counts(
    ground_of_owner: None, own_places: Path
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    ground.write_events(1)
    ground.anchor()
    old = signing_key(may_make=False).public_key()
    path = own_places / "secrets" / "trail.pem"
    path.unlink()
    signing_key(may_make=True)
    with path.open("ab") as file:
        file.write(old.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    ground.write_events(1)
    ground.anchor()
    assert len(trusted_keys()) == 2
    assert trail_walk().findings == []


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"]
)
def test_a_broken_key_file_is_named(own_places: Path, text: str) -> None:
    path = own_places / "secrets" / "trail.pem"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(Upstream, match="private key"):
        signing_key(may_make=True)


def test_the_file_has_one_line_an_anchor_and_is_only_added_to(
    ground_of_owner: None, own_places: Path
) -> None:
    ground.write_events(1)
    ground.anchor()
    ground.anchor()
    path = own_places / "anchors" / "anchors.jsonl"
    first = path.read_text()
    assert len(first.splitlines()) == 1
    assert json.loads(first)["seq"] == 1
    path.write_text(first + '{"seq": 2, "fi')
    ground.write_events(1)
    ground.anchor()
    assert path.read_text().startswith(first + '{"seq": 2, "fi\n{')
    assert json.loads(path.read_text().splitlines()[-1])["seq"] == 2


def test_every_place_gets_its_own_job(ground_of_owner: None, settings: object) -> None:
    settings.TRAIL_ANCHOR_MAIL = ["auditor@example.com"]
    ground.write_events(1)
    anchor_take(actor=TRAIL, reason="test")
    keys = Job.objects.filter(kind="trail.publish").order_by("id").values_list("key", flat=True)
    assert list(keys) == ["file:1", "log:1", "mail:1"]


def test_log_and_mail_carry_the_whole_anchor(
    ground_of_owner: None, settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TRAIL_ANCHOR_MAIL = ["auditor@example.com"]
    ground.write_events(1)
    facts = facts_of(anchor_take(actor=TRAIL, reason="test"))
    with caplog.at_level(logging.INFO, "signet.trail.anchor"):
        places.to_log(facts)
    assert json.loads(caplog.messages[0].removeprefix("trail anchor ")) == facts
    places.to_mail(facts)
    assert json.loads(mail.outbox[0].body.strip().splitlines()[-1]) == facts
    assert mail.outbox[0].to == ["auditor@example.com"]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_written_is_written_later(own_places: Path) -> None:
    blocked = own_places / "anchors"
    blocked.write_text("in the way")
    with transaction.atomic():
        record(make_actor(), "unit.create", make_unit())
    signing_key(may_make=True)  # other tests have left anchors of their own keys
    anchor = anchor_take(actor=TRAIL, reason="test")
    job = Job.objects.get(kind="trail.publish", key=f"file:{anchor.seq}")
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    assert "cannot be written" in job.error
    blocked.unlink()
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.DONE, "")
    assert json.loads((blocked / "anchors.jsonl").read_text())["seq"] == anchor.seq
