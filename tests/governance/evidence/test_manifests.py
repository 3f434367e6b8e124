"""Reading artifacts from a real MLflow server: hashes, bounds, scans, and files that change."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from importlib import import_module
from pathlib import Path

import pytest

from governance.checks.manifests import Bounds, manifest_digest
from governance.checks.models import ArtifactManifest
from governance.checks.scanning import Scanner
from governance.checks.services import manifest_read
from governance.findings.models import Finding
from portal.actors import service
from portal.errors import Conflict, Upstream
from portal.trail.models import TrailEvent
from registry.inventory.models import ModelVersion
from tests.factories import make_model, make_source, make_version
from tests.governance.evidence.files import BOMB, logged_version, put
from tests.registry.writer import MLMODEL, unique
from tests.services import HOME

pytestmark = pytest.mark.django_db
VECTORS = Path(__file__).with_name("artifact_digests.json")
GOVERNANCE = service("governance")


def synced(source, name, number, source_uri):
    model = make_model(name, source=source)
    return make_version(model, number, source_uri=source_uri, run_id="")


def read(version, **bounds):
    limits = Bounds(**bounds) if bounds else None
    return manifest_read(actor=GOVERNANCE, version_id=version.pk, bounds=limits)


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda v: v["about"])
def test_the_digest_is_what_the_sdk_computes_too(vector):
    assert manifest_digest(vector["files"]) == vector["digest"]


def test_every_file_is_read_hashed_and_scanned(writer, source):
    name = writer.model()
    files = {"data/weights ü.bin": b"\x01" * 3_000_000, "requirements.txt": b"numpy\n"}
    number, uri, _ = logged_version(writer, name, files)
    made = read(synced(source, name, number, uri))
    assert made.error == ""
    expected = {"MLmodel": MLMODEL.encode(), **files}
    assert {f["path"]: f["size"] for f in made.files} == {p: len(c) for p, c in expected.items()}
    assert {f["path"]: f["sha256"] for f in made.files} == {
        path: hashlib.sha256(content).hexdigest() for path, content in expected.items()
    }
    assert made.digest == manifest_digest(made.files)
    assert made.scan == {"files": 3, "dangerous": [], "unknown": [], "unread": [], "code": []}
    assert made.scanner.startswith("picklescan ")
    assert TrailEvent.objects.get(verb="manifest.read").subject_id == str(made.pk)


def test_a_copied_version_leads_to_the_files_of_the_original(writer, source):
    name, copy = writer.model(), writer.model()
    number, uri, _ = logged_version(writer, name, {})
    copied = writer.version(copy, source=f"models:/{name}/{number}")
    first = read(synced(source, name, number, uri))
    second = read(synced(source, copy, copied, f"models:/{name}/{number}"))
    assert first.digest == second.digest != ""


def test_a_pickle_that_runs_a_program_is_a_critical_finding_and_is_never_loaded(writer, source):
    trace = Path("/tmp/signet-was-here")
    name = writer.model()
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("inner/data.pkl", BOMB)
    files = {"model.pkl": BOMB, "weights.skops": hidden.getvalue(), "code/run.py": b"print(1)"}
    number, uri, _ = logged_version(writer, name, files)
    version = synced(source, name, number, uri)
    made = read(version)
    system = f"{os.system.__module__}.system"
    assert f"model.pkl imports {system}" in made.scan["dangerous"]
    assert any(line.startswith("weights.skops imports") for line in made.scan["dangerous"])
    assert made.scan["code"] == ["code/run.py"]
    finding = Finding.objects.get(kind="unsafe_artifact")
    assert (finding.severity, finding.version) == ("critical", version)
    assert not trace.exists()


def test_files_that_change_after_the_first_reading_are_a_finding(writer, source):
    name = writer.model()
    number, uri, folder = logged_version(writer, name, {"weights.bin": b"one"})
    version = synced(source, name, number, uri)
    first = read(version)
    assert read(version).digest == first.digest
    assert not Finding.objects.exists()
    put(writer, folder, "weights.bin", b"two")
    assert read(version).digest != first.digest
    finding = Finding.objects.get()
    assert (finding.kind, finding.facts["first"]) == ("artifact_changed", first.digest)
    read(version)
    assert Finding.objects.count() == 1


def test_more_files_or_bytes_than_the_bounds_are_refused(writer, source):
    name = writer.model()
    number, uri, _ = logged_version(writer, name, {"a": b"x" * 100, "b": b"y", "c/d": b"z"})
    version = synced(source, name, number, uri)
    assert "more than 3 files" in read(version, files=3).error
    assert "larger than" in read(version, bytes=len(MLMODEL) + 50).error
    large = read(version, scanned=50)
    assert large.scan["unread"] == ["MLmodel (larger than 0 MB)", "a (larger than 0 MB)"]
    assert [m.state for m in ArtifactManifest.objects.order_by("id")] == [
        "failed", "failed", "complete",
    ]  # fmt: skip


def test_ten_thousand_files_are_the_most(writer, source):
    name = writer.model()
    number, uri, folder = logged_version(writer, name, {})
    place = HOME.root / "artifacts" / folder / "many"
    place.mkdir(parents=True)
    for count in range(10_000):
        (place / f"{count}.txt").touch()
    assert "more than 10,000 files" in read(synced(source, name, number, uri)).error


def test_files_that_are_gone_or_elsewhere_are_a_failed_reading(writer, source):
    name = writer.model()
    elsewhere = writer.version(name)
    model = make_model(name, source=source)
    version = make_version(model, elsewhere, source_uri="s3://elsewhere/x", run_id="")
    assert "elsewhere" in read(version).error
    gone = make_version(model, "77", source_uri="mlflow-artifacts:/nowhere", run_id="")
    assert "no longer exist" in read(gone).error


def test_a_source_that_does_not_answer_leaves_the_earlier_reading(db):
    source = make_source("Away", base_url="http://127.0.0.1:9", public_url="http://127.0.0.1:9")
    version = synced(source, unique(), "1", "models:/m-1")
    with pytest.raises(Upstream) as problem:
        read(version)
    assert not problem.value.permanent
    assert not ArtifactManifest.objects.exists()


def test_a_version_that_is_gone_is_not_read(source):
    version = synced(source, unique(), "1", "models:/m-1")
    ModelVersion.objects.filter(pk=version.pk).update(gone_at=version.created_at)
    with pytest.raises(Conflict):
        read(version)


def test_a_file_that_kills_the_scanner_is_reported_and_the_next_is_scanned(tmp_path):
    bad, good = tmp_path / "bad.pkl", tmp_path / "good.pkl"
    # One opcode a byte: a scanner that lists them all needs hundreds of times the file's size.
    bad.write_bytes(b"\x80\x04" + b"N0" * 4_000_000 + b".")
    good.write_bytes(BOMB)
    with Scanner(megabytes=400, seconds=10) as scanner:
        scanner.scan(bad, "bad.pkl")
        scanner.scan(good, "good.pkl")
    assert len(scanner.found["unread"]) == 1
    assert scanner.found["unread"][0].startswith("bad.pkl (")
    assert scanner.found["dangerous"]


def test_a_file_that_never_ends_is_given_up_on(tmp_path):
    slow = tmp_path / "slow.pkl"
    slow.write_bytes(b"\x80\x04" + b"N0" * 2_000_000 + b".")
    with Scanner(seconds=0.01) as scanner:
        scanner.scan(slow, "slow.pkl")
    assert scanner.found["unread"] == ["slow.pkl (the scanner gave up on it)"]


def test_what_no_list_calls_safe_is_unknown_and_broken_archives_are_unread(tmp_path):
    odd, locked = tmp_path / "odd.pkl", tmp_path / "locked.npz"
    odd.write_bytes(pickle.dumps(Path("x")))
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr("a.npy", b"x")
    raw = bytearray(locked.read_bytes())
    raw[6] |= 1  # says that the member is encrypted
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(raw)
    with Scanner() as scanner:
        scanner.scan(odd, "odd.pkl")
        scanner.scan(locked, "locked.npz")
    assert any("pathlib" in line for line in scanner.found["unknown"])
    assert scanner.found["unread"] == ["locked.npz"]


def test_text_that_reads_like_opcodes_is_no_pickle_but_a_pickle_in_letters_is_one(tmp_path):
    written = {
        # What MLflow itself writes beside every model.
        "MLmodel": "artifact_path: mlflow-artifacts:/3/models/m/files\nflavors:\n  lightgbm\n",
        "conda.yaml": "channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=23.2.1\n",
        "requirements.txt": "cloudpickle==3.1.1\npandas==2.3.3\n",
        "letters.yaml": "cos\nsystem\n(S'true'\ntR and no end",
    }
    with Scanner() as scanner:
        for name, text in written.items():
            (tmp_path / name).write_text(text)
            scanner.scan(tmp_path / name, name)
        (tmp_path / "cut.pkl").write_bytes(b"\x80\x04cpathlib\nPath\n\x8c")
        scanner.scan(tmp_path / "cut.pkl", "cut.pkl")
    assert scanner.found["dangerous"] == ["letters.yaml imports os.system"]
    assert scanner.found["unknown"] == ["cut.pkl imports pathlib.Path"]
    assert scanner.found["unread"] == ["cut.pkl"]


class Runs:
    """What runs a program when it is unpickled."""

    def __reduce__(self):
        return os.system, ("true",)


def packed_in_zip(content, name="inner"):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr(name, content)
    return kept.getvalue()


def packed_in_tar(content):
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        entry = tarfile.TarInfo("model.pkl")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return kept.getvalue()


def scan_of(folder, content, name="model.joblib"):
    (folder / "file").write_bytes(content)
    with Scanner() as scanner:
        scanner.scan(folder / "file", name)
    return scanner.found


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zlib.compress,
        packed_in_tar,
        lambda content: packed_in_zip(packed_in_zip(content)),
        lambda content: packed_in_zip(zlib.compress(content)),
        lambda content: gzip.compress(packed_in_tar(zlib.compress(content))),
        lambda content: content + packed_in_zip(b"harmless"),
    ],
)
def test_a_pickle_that_is_packed_is_found_as_well(pack, tmp_path):
    found = scan_of(tmp_path, pack(pickle.dumps(Runs())))
    assert [line.rpartition(" imports ")[2] for line in found["dangerous"]] == ["posix.system"]
    assert scan_of(tmp_path, pack(pickle.dumps({"a": [1.5]})))["dangerous"] == []
    assert [place.name for place in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("what", [__import__, import_module, io.open])
def test_what_imports_or_opens_files_is_as_unsafe_as_what_runs(what, tmp_path):
    class Calls:
        def __reduce__(self):
            return what, ("demo",)

    found = scan_of(tmp_path, pickle.dumps(Calls()))
    assert (len(found["dangerous"]), found["unknown"]) == (1, [])


def test_what_cannot_be_unpacked_is_unread_and_words_that_begin_with_x_are_no_archive(tmp_path):
    deep = pickle.dumps(Runs())
    for _ in range(5):
        deep = zlib.compress(deep)
    assert "packed more than 3 times" in scan_of(tmp_path, deep)["unread"][0]
    cut = gzip.compress(os.urandom(2000))[:-900]
    assert scan_of(tmp_path, cut)["unread"] == ["model.joblib (EOFError)"]
    assert "zstd" in scan_of(tmp_path, b"\x28\xb5\x2f\xfd....")["unread"][0]
    assert scan_of(tmp_path, b"x^2 and y\n", "notes.txt")["unread"] == []
