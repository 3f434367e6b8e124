"""What MLflow's own command downloads has the digest that the portal read at the source."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from governance.checks.services import manifest_read
from portal.actors import service
from signet.artifacts import artifact_digest
from tests.factories import make_model, make_version
from tests.governance.evidence.conftest import source, writer
from tests.governance.evidence.files import logged_version

pytestmark = pytest.mark.django_db
MLFLOW = Path(sys.executable).parent / "mlflow"
__all__ = ["source", "writer"]


def test_a_downloaded_model_has_the_digest_on_record(writer, source, mlflow_server, tmp_path):
    name = writer.model()
    files = {"data/weights ü.bin": b"\x01" * 300_000, "requirements.txt": b"numpy\n"}
    number, uri, _ = logged_version(writer, name, files)
    version = make_version(make_model(name, source=source), number, source_uri=uri, run_id="")
    recorded = manifest_read(actor=service("governance"), version_id=version.pk)
    folder = tmp_path / "model"
    done = subprocess.run(
        [MLFLOW, "artifacts", "download", "--artifact-uri", f"models:/{name}/{number}",
         "--dst-path", folder],
        env={**os.environ, "MLFLOW_TRACKING_URI": mlflow_server}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) >= ["MLmodel", "data"]
    assert artifact_digest(folder) == recorded.digest != ""
    (folder / "requirements.txt").write_text("numpy<2\n")
    assert artifact_digest(folder) != recorded.digest
