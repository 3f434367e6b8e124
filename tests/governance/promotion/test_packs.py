"""Evidence packs: everything about a version, verifiable by a stranger with the public key."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from governance.gate.statements import public_keys, signature_of
from governance.packs.archive import as_json
from governance.packs.inclusion import levels_of, path_of
from governance.packs.models import EvidencePack
from governance.packs.services import pack_ask
from governance.promotion.services import deployment_take
from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.errors import Denied
from portal.jobs.models import JobState
from portal.trail.models import TrailEvent
from portal.trail.verifier import merkle_root
from registry.cards.attachments.models import CardAttachment, Kind
from signet.errors import NoAnswer
from signet.evidence import climbed, verify
from tests.factories import make_actor, make_model, make_source, make_team, make_user, make_version
from tests.governance.promotion.approved import approved
from tests.governance.promotion.remote import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The pack of an approved, deployed version, as somebody downloads it."""
    source = make_source("MLflow", last_complete_at=timezone.now())
    team = make_team()
    version = make_version(make_model("price", source=source, team=team, risk_tier="T4"))
    stored = default_storage.save("attachments/aa/report", open_bytes(tmp_path, b"%PDF-1.4 report"))
    CardAttachment.objects.create(
        version=version,
        number=1,
        name="Report 1.pdf",
        kind=Kind.PDF,
        size=15,
        sha256="0" * 64,
        stored_as=stored,
    )
    approved(version)
    deployment_take(
        actor=person(make_user(Role.MODEL_OWNER, team=team)),
        environment="production",
        name="price-api",
        served_ref="models:/price/1",
        version_id=version.pk,
    )
    job = run(pack_ask(actor=make_actor(Role.AUDITOR), version_id=version.pk))
    assert job.state == JobState.DONE, job.error
    made = EvidencePack.objects.get()
    assert made.size == default_storage.size(made.file)
    place = tmp_path / "pack.zip"
    with default_storage.open(made.file) as stored_pack:
        place.write_bytes(stored_pack.read())
    return place


def open_bytes(folder: Path, content: bytes) -> Any:
    place = folder / "content"
    place.write_bytes(content)
    return place.open("rb")


def changed(place: Path, edits: dict[str, Any], *, drop: str = "") -> Path:
    """A copy of a pack with some files edited, added or left out, the manifest untouched."""
    copy = place.with_name("changed.zip")
    with zipfile.ZipFile(place) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            if name != drop:
                new.writestr(name, edits.pop(name, old.read(name)))
        for name, content in edits.items():
            new.writestr(name, content)
    return copy


def resealed(place: Path, name: str, edit: Any) -> Path:
    """A pack as Signet would build and sign it once somebody edited a row in the database."""
    with zipfile.ZipFile(place) as pack:
        content = json.loads(pack.read(name))
        edit(content)
        edited = as_json(content)
        manifest = json.loads(pack.read("manifest.json"))
    manifest["files"][name] = hashlib.sha256(edited).hexdigest()
    text = as_json(manifest).decode()
    signature, public_key = signature_of(text)
    sealed = as_json({"public_key": public_key, "signature": signature})
    return changed(place, {name: edited, "manifest.json": text.encode(), "manifest.sig": sealed})


def test_rows_that_were_edited_in_the_database_are_told_by_the_pack(pack: Path):
    with zipfile.ZipFile(pack) as opened:
        names = opened.namelist()
    signatures = next(name for name in names if name.endswith("/signatures.json"))
    copy = resealed(pack, signatures, lambda rows: rows[0].update(signer_name="Eve", reason="Fine"))
    report = verify(copy, public_keys())
    assert report.problems == [
        f"{signatures}: what is shown of the signature of Eve is not what was signed: reason, "
        "signer_name."
    ]
    answer = next(name for name in names if name.endswith(".dsse.json"))
    row = answer.replace(".dsse.json", ".json")
    report = verify(resealed(pack, row, lambda one: one.update(answer="deny")), public_keys())
    assert report.problems == [f"{answer} says something else about answer."]


def test_a_stranger_with_the_public_key_can_check_everything(pack: Path):
    report = verify(pack, public_keys())
    assert report.ok, report.problems
    assert (report.model, report.version) == ("price", "1")
    assert report.sign_offs == 1
    assert report.gate_answers >= 1
    assert report.events > 5
    assert report.proven == report.events
    assert report.left_out == []
    with zipfile.ZipFile(pack) as opened:
        names = set(opened.namelist())
        index = opened.read("index.html").decode()
        manifest = json.loads(opened.read("manifest.json"))
    assert set(manifest["files"]) == names - {"manifest.json", "manifest.sig"}
    wanted = (
        "card/card.pdf",
        "card/annex-iv.html",
        "card/json/signet-card.json",
        "card/cyclonedx/model.cdx.json",
        "card/files/1-1-report-1.pdf",
        "deployments.json",
        "promotion.json",
        "findings.json",
        "risk.json",
        "policies/1.json",
    )
    assert set(wanted) <= names
    assert "Looked at everything." in index
    assert "may run in production" in index


def test_the_wrong_key_proves_nothing(pack: Path):
    report = verify(pack, ["ab" * 32])
    assert report.problems == ["The manifest was not signed with a key that is trusted here."]


def test_every_file_that_is_edited_added_or_missing_is_named(pack: Path):
    with zipfile.ZipFile(pack) as opened:
        names = [name for name in opened.namelist() if not name.startswith("manifest")]
    for name in names:
        assert verify(changed(pack, {name: b"other"}), public_keys()).problems == [
            f"{name} was changed."
        ]
        assert verify(changed(pack, {}, drop=name), public_keys()).problems == [
            f"{name} is missing."
        ]
    assert verify(changed(pack, {"extra": b"x"}), public_keys()).problems == ["extra was added."]


def test_a_manifest_that_is_made_to_fit_is_not_signed(pack: Path):
    with zipfile.ZipFile(pack) as opened:
        manifest = json.loads(opened.read("manifest.json"))
    manifest["model"] = "another"
    copy = changed(pack, {"manifest.json": json.dumps(manifest)})
    assert not verify(copy, public_keys()).ok


def test_what_is_no_pack_is_refused(tmp_path: Path, pack: Path):
    for content in (b"", b"PK\x03\x04 broken", b"text"):
        place = tmp_path / "broken.zip"
        place.write_bytes(content)
        with pytest.raises(NoAnswer):
            verify(place, public_keys())
    with pytest.raises(NoAnswer):
        verify(tmp_path / "none.zip", public_keys())
    with pytest.raises(NoAnswer, match="no signed manifest"):
        verify(changed(pack, {}, drop="manifest.sig"), public_keys())
    shutil.copy(pack, tmp_path / "short.zip")
    (tmp_path / "short.zip").write_bytes(pack.read_bytes()[:-100])
    with pytest.raises(NoAnswer):
        verify(tmp_path / "short.zip", public_keys())


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 100])
def test_a_proof_leads_to_the_root_that_the_trails_verifier_computes(size: int):
    hashes = [f"{number:064x}" for number in range(size)]
    root = merkle_root(hashes)
    levels = levels_of(hashes)
    for index, leaf in enumerate(hashes):
        proof = {"index": index, "size": size, "path": path_of(levels, index)}
        assert climbed(leaf, proof) == root
        assert climbed("f" * 64, proof) != root
        if size > 1:
            assert climbed(leaf, {**proof, "index": (index + 1) % size}) != root


def test_who_may_not_have_a_pack_built(pack: Path):
    version = EvidencePack.objects.get().version
    for role in (Role.VIEWER, Role.DATA_SCIENTIST, Role.PLATFORM_ADMIN):
        with pytest.raises(Denied):
            pack_ask(actor=make_actor(role), version_id=version.pk)
    assert list(
        TrailEvent.objects.filter(verb__startswith="pack.").values_list("verb", flat=True)
    ) == ["pack.build", "pack.ask"]
