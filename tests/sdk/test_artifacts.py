"""The digest of an artifact is the same in the SDK and in the portal."""

import json
from pathlib import Path

import pytest

from governance.checks.manifests import manifest_digest
from signet.artifacts import artifact_digest, rows_digest
from signet.errors import NoAnswer

VECTORS = Path(__file__).parent.parent / "governance" / "evidence" / "artifact_digests.json"


def test_both_sides_give_what_the_vectors_say():
    vectors = json.loads(VECTORS.read_text())
    cases = vectors["cases"] if isinstance(vectors, dict) else vectors
    assert cases
    for case in cases:
        rows = [[f["path"], f["size"], f["sha256"]] for f in case["files"]]
        assert rows_digest(rows) == case["digest"] == manifest_digest(case["files"])


def test_a_folder_has_the_digest_of_its_files(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "MLmodel").write_bytes(b"flavors: {}\n")
    (tmp_path / "data" / "model.bin").write_bytes(b"\x00\x01")
    first = artifact_digest(tmp_path)
    (tmp_path / "registered_model_meta").write_text("what a download adds")
    assert artifact_digest(tmp_path) == first
    (tmp_path / "data" / "model.bin").write_bytes(b"\x00\x02")
    assert artifact_digest(tmp_path) != first


def test_no_files_have_no_digest(tmp_path):
    with pytest.raises(NoAnswer, match="holds no file"):
        artifact_digest(tmp_path)
    with pytest.raises(NoAnswer, match="not a folder"):
        artifact_digest(tmp_path / "nowhere")
