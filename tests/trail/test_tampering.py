"""Whatever the owner of the database does to the trail, the verification finds it."""

import json
from pathlib import Path

import pytest
from django.db import transaction

from portal.trail.models import TrailEvent
from portal.trail.verification import trail_walk
from portal.trail.verifier import START, link
from tests.trail.ground import anchor, kinds, seqs, sql, verified_after, write_events

pytestmark = pytest.mark.django_db
EVERY = range(1, 101)
LATER = "UPDATE trail_event SET seq = -seq WHERE seq {} %s"


def test_an_untouched_trail_has_no_finding(hundred: None) -> None:
    report = trail_walk()
    assert (report.findings, report.events, report.anchors) == ([], 100, 2)


def test_every_edited_text_is_found(hundred: None) -> None:
    for seq in EVERY:
        edit = "UPDATE trail_event SET body = replace(body, 'rename', 'delete') WHERE seq = %s"
        report = verified_after((edit, [seq]))
        assert {"edited", "column"} <= kinds(report)
        assert seq in seqs(report)


def test_every_edited_hash_is_found(hundred: None) -> None:
    for seq in EVERY:
        report = verified_after(
            ("UPDATE trail_event SET hash = reverse(hash) WHERE seq = %s", [seq])
        )
        assert "edited" in kinds(report)
        assert seq in seqs(report)


def test_every_edited_column_is_found(hundred: None) -> None:
    columns = ("at = at + '1 second'", "actor_key = 'x'", "actor_name = 'x'", "verb = 'x'")
    columns += ("subject_kind = 'x'", "subject_id = 'x'", "subject_label = 'x'", "request_id = 'x'")
    for number, change in enumerate(columns, 1):
        report = verified_after((f"UPDATE trail_event SET {change} WHERE seq = %s", [number]))
        assert (kinds(report), seqs(report)) == ({"column"}, {number})


def test_every_deleted_event_is_found(hundred: None) -> None:
    for seq in EVERY:
        report = verified_after(("DELETE FROM trail_event WHERE seq = %s", [seq]))
        assert "missing" in kinds(report)
        assert seq in seqs(report)


def test_every_swapped_pair_is_found(hundred: None) -> None:
    for seq in range(1, 100):
        report = verified_after(
            ("UPDATE trail_event SET seq = -1 WHERE seq = %s", [seq]),
            ("UPDATE trail_event SET seq = %s WHERE seq = %s", [seq, seq + 1]),
            ("UPDATE trail_event SET seq = %s WHERE seq = -1", [seq + 1]),
        )
        assert {"chain", "column"} <= kinds(report)
        assert {seq, seq + 1} & seqs(report)


def test_an_event_inserted_before_any_other_is_found(hundred: None) -> None:
    for seq in EVERY:
        with transaction.atomic():
            sql("UPDATE trail_event SET seq = -seq - 1 WHERE seq >= %s", seq)
            sql("UPDATE trail_event SET seq = -seq WHERE seq < 0")
            before = TrailEvent.objects.filter(seq=seq - 1).first()
            forged = TrailEvent.objects.get(seq=seq + 1)
            forged.seq, forged.prev = seq, before.hash if before else START
            forged.body = json.dumps({**forged.facts, "seq": seq, "reason": "never happened"})
            forged.hash = link(forged.prev, forged.body)
            forged.save(force_insert=True)
            report = trail_walk()
            transaction.set_rollback(True)
        assert report.finding_count
        assert seq + 1 in seqs(report)


def test_every_cut_of_the_end_is_found_even_with_the_head_set_back(hundred: None) -> None:
    for last in range(100):
        end = TrailEvent.objects.filter(seq=last).first()
        report = verified_after(
            ("DELETE FROM trail_event WHERE seq > %s", [last]),
            ("UPDATE trail_head SET seq = %s, hash = %s", [last, end.hash if end else START]),
        )
        assert "cut" in kinds(report)
        assert 100 in seqs(report)


def test_a_cut_with_the_anchors_removed_too_is_found_by_the_file(hundred: None) -> None:
    end = TrailEvent.objects.get(seq=40)
    report = verified_after(
        ("DELETE FROM trail_event WHERE seq > 40", []),
        ("DELETE FROM trail_anchor WHERE seq > 40", []),
        ("UPDATE trail_head SET seq = 40, hash = %s", [end.hash]),
    )
    assert kinds(report) == {"removed", "cut"}


def test_a_whole_trail_hashed_anew_after_any_edit_is_found(hundred: None) -> None:
    rows = list(TrailEvent.objects.order_by("seq").values_list("seq", "body"))
    for edited in EVERY:
        with transaction.atomic():
            sql("UPDATE trail_event SET hash = 'old' || seq WHERE seq >= %s", edited)
            previous = TrailEvent.objects.filter(seq=edited - 1).first()
            last = previous.hash if previous else START
            for seq, body in rows[edited - 1 :]:
                text = body.replace('"a"', '"z"') if seq == edited else body
                new = link(last, text)
                change = "UPDATE trail_event SET body = %s, prev = %s, hash = %s WHERE seq = %s"
                sql(change, text, last, new, seq)
                last = new
            sql("UPDATE trail_head SET hash = %s", last)
            report = trail_walk()
            transaction.set_rollback(True)
        assert kinds(report) == {"rewritten"}
        assert seqs(report) == ({40, 100} if edited <= 40 else {100})


def test_a_head_set_back_or_ahead_is_found(hundred: None) -> None:
    back = verified_after(("UPDATE trail_head SET seq = 99", []))
    ahead = verified_after(("UPDATE trail_head SET seq = 103", []))
    gone = verified_after(("DELETE FROM trail_head", []))
    assert (kinds(back), kinds(ahead), kinds(gone)) == ({"head"}, {"missing"}, {"head"})


def test_an_anchor_of_another_key_is_found(hundred: None, own_places: Path) -> None:
    (own_places / "secrets" / "trail.pem").unlink()
    (own_places / "anchors" / "anchors.jsonl").unlink()
    sql("DELETE FROM trail_anchor")
    anchor()
    (own_places / "secrets" / "trail.pem").unlink()
    assert "key" in kinds(trail_walk())


@pytest.mark.parametrize(
    "change",
    [
        "hash = repeat('0', 64)",
        "merkle_root = repeat('0', 64)",
        "at = at - interval '1 day'",
        "reason = 'x'",
    ],
)
def test_an_edited_anchor_is_found(hundred: None, change: str) -> None:
    report = verified_after((f"UPDATE trail_anchor SET {change} WHERE seq = 40", []))
    assert kinds(report) == {"signature", "differs"}
    assert seqs(report) == {40}


def test_edited_and_removed_lines_of_the_anchor_file_are_found(
    hundred: None, own_places: Path
) -> None:
    file = own_places / "anchors" / "anchors.jsonl"
    first, second = file.read_text().splitlines()
    file.write_text(f"{second}\n")
    sql("UPDATE trail_anchor SET at = at - interval '1 hour'")
    assert {"unpublished", "gap"} <= kinds(trail_walk())
    file.write_text(f"{first}\nnot an anchor\n{second}\n")
    assert "line" in kinds(trail_walk())


def test_a_line_cut_short_and_written_again_is_no_finding(hundred: None, own_places: Path) -> None:
    file = own_places / "anchors" / "anchors.jsonl"
    first, second = file.read_text().splitlines()
    file.write_text(f"{first}\n{second[:50]}\n{second}\n{second}\n")
    assert trail_walk().findings == []


def test_events_after_the_last_anchor_are_not_a_finding(hundred: None) -> None:
    write_events(5)
    assert trail_walk().findings == []
