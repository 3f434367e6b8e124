"""The stand-alone verifier, run as an auditor runs it, and the command."""

import json
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.trail import verifier
from portal.trail.keys import trusted_keys
from portal.trail.models import TrailAnchor
from tests.trail import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def exported(hundred: None, own_places: Path) -> Path:
    """A folder with what an auditor is given: export, anchor file, the verifier, nothing else."""
    folder = own_places / "auditor"
    folder.mkdir()
    ground.write_events(7)
    call_command("trail", "export", str(folder / "trail.jsonl"), stdout=StringIO())
    shutil.copy(own_places / "anchors" / "anchors.jsonl", folder)
    shutil.copy(verifier.__file__, folder)
    return folder


def run_alone(folder: Path, key: str = "") -> subprocess.CompletedProcess[str]:
    # -I: no packages of the portal on the path; Django must never be imported.
    code = (
        "import sys, runpy; sys.argv[0] = 'verifier.py'; "
        "sys.modules['django'] = None; runpy.run_path('verifier.py', run_name='__main__')"
    )
    given = ["trail.jsonl", "--anchors", "anchors.jsonl", "--public-key", key or trusted_keys()[0]]
    return subprocess.run(
        [sys.executable, "-I", "-c", code, *given],
        cwd=folder, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def rewrite(folder: Path, change: object) -> None:
    path = folder / "trail.jsonl"
    start, *rows = [json.loads(line) for line in path.read_text().splitlines()]
    start, rows = change(start, rows)
    path.write_text("".join(json.dumps(line) + "\n" for line in [start, *rows]))


def test_the_verifier_has_less_than_200_lines_of_code() -> None:
    lines = Path(verifier.__file__).read_text().splitlines()
    assert len([line for line in lines if line.strip()]) < 200


def test_a_whole_export_is_confirmed_without_the_portal(exported: Path) -> None:
    done = run_alone(exported)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("OK, nothing found: 107 events, 2 anchors read.")


def test_a_trail_without_any_anchor_is_told(exported: Path) -> None:
    def without_anchors(start: dict, rows: list) -> tuple[dict, list]:
        return {**start, "anchors": []}, rows

    rewrite(exported, without_anchors)
    (exported / "anchors.jsonl").write_text("")
    assert "No anchor vouches for the newest 100 events or more" in run_alone(exported).stdout


def test_an_export_is_for_its_owner_only(exported: Path) -> None:
    assert (exported / "trail.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_edited_export_is_refused(exported: Path) -> None:
    def edit(start: dict, rows: list) -> tuple[dict, list]:
        rows[41]["body"] = rows[41]["body"].replace("rename", "delete")
        return start, rows

    rewrite(exported, edit)
    done = run_alone(exported)
    assert done.returncode == 1
    assert "event 42: its text or its hash was changed." in done.stdout


def test_a_cut_export_is_refused_even_with_its_own_anchors_cut(exported: Path) -> None:
    def cut(start: dict, rows: list) -> tuple[dict, list]:
        head = {"seq": 60, "hash": rows[59]["hash"]}
        return {**start, "anchors": start["anchors"][:1], "head": head}, rows[:60]

    rewrite(exported, cut)
    done = run_alone(exported)
    assert done.returncode == 1
    assert "event 100: it was anchored at" in done.stdout
    assert "event 100: its anchor was removed from the database." in done.stdout


def test_lines_in_another_order_are_refused(exported: Path) -> None:
    def swap(start: dict, rows: list) -> tuple[dict, list]:
        rows[4], rows[5] = rows[5], rows[4]
        return start, rows

    rewrite(exported, swap)
    assert "it stands after event" in run_alone(exported).stdout


def test_a_signature_of_somebody_else_is_refused(exported: Path) -> None:
    done = run_alone(exported, key="00" * 32)
    assert done.returncode == 1
    assert "signed with a key that is not Signet's" in done.stdout


def test_an_anchor_newer_than_the_export_is_no_finding(exported: Path, own_places: Path) -> None:
    ground.anchor()
    shutil.copy(own_places / "anchors" / "anchors.jsonl", exported)
    done = run_alone(exported)
    assert done.returncode == 0
    assert "newer than the export: 1 anchors" in done.stdout


def test_the_command_says_ok_and_says_what_is_wrong(hundred: None) -> None:
    out = StringIO()
    call_command("trail", "verify", stdout=out)
    assert out.getvalue().startswith("OK, nothing found: 100 events, 2 anchors read.")
    ground.sql("DELETE FROM trail_event WHERE seq = 7")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("trail", "verify", "--json", stdout=out)
    assert ended.value.code == 1
    report = json.loads(out.getvalue())
    assert (report["finding_count"], report["findings"][0]["seq"]) == (2, 7)


def test_a_thousand_findings_are_told_and_the_rest_counted(ground_of_owner: None) -> None:
    ground.disarm()
    ground.sql(
        "INSERT INTO trail_event SELECT n, 'x', 'y' || n, '{}', now(), 'a', 'a', 'a', 'a', 'a', "
        "'a', 'a' FROM generate_series(1, 1500) AS n"
    )
    ground.sql("UPDATE trail_head SET seq = 1500, hash = 'y1500'")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("trail", "verify", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (len(report["findings"]), report["events"]) == (1000, 1500)
    assert report["finding_count"] >= 3000


def test_the_command_anchors_and_prints_the_key(ground_of_owner: None) -> None:
    out = StringIO()
    call_command("trail", "anchor", stdout=out)
    ground.write_events(2)
    call_command("trail", "anchor", "--reason", "end of quarter", stdout=out)
    call_command("trail", "key", stdout=out)
    assert "nothing to anchor" in out.getvalue()
    assert TrailAnchor.objects.get().reason == "end of quarter"
    assert out.getvalue().splitlines()[-1] == trusted_keys()[0]


def test_a_file_that_cannot_be_written_is_one_sentence(ground_of_owner: None) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        call_command("trail", "export", "/nowhere/trail.jsonl")
