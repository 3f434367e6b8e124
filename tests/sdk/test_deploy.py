"""`signet deploy record` and `signet evidence verify`: the end of a pipeline, and its proof."""

import json
import zipfile

import pytest
from django.core.cache import cache

from governance.gate.services import gate_ask
from governance.gate.statements import public_keys
from governance.packs.archive import Archive, as_json
from governance.promotion.models import DeploymentApproval
from portal.accounts.permissions import Role
from portal.actors import service
from registry.deployments.models import Deployment
from tests.factories import make_user
from tests.governance.factories import make_approved, make_manifest
from tests.governance.gate.answers import write_answer
from tests.routes import make_token

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "shop/demand/1"
RECORD = ("deploy", "record", NAME, "--env", "production", "--name", "demand-api")
CHECK = ("gate", "check", NAME, "--env", "production", "--save", "gate.json")


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()


@pytest.fixture
def token(version):
    owner = make_user(Role.MODEL_OWNER, team=version.model.team)
    return make_token(owner, "gate:check", "deployments:write", "read")[1]


def test_what_the_gate_let_through_is_put_on_record(signet, version):
    request = make_approved(version)
    assert signet(*CHECK).returncode == 0
    done = signet(*RECORD, "--statement", "gate.json", "--commit", "abcdef1", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["deployment"]["name"] == "demand-api"
    approval = DeploymentApproval.objects.get()
    assert (approval.request, approval.commit) == (request, "abcdef1")


def test_without_a_statement_that_fits_nothing_is_recorded(signet, version):
    make_approved(version)
    bare = signet(*RECORD)
    assert (bare.returncode, "NO_STATEMENT" in bare.stderr) == (1, True)
    signet(*CHECK)
    other = ("deploy", "record", NAME, "--env", "staging", "--name", "x", "--statement")
    wrong = signet(*other, "gate.json")
    assert wrong.returncode in (0, 1)
    with open("gate.json") as file:
        forged = json.load(file)
    forged["payload"] = forged["payload"][:-8] + "AAAAAAA="
    with open("forged.json", "w") as file:
        json.dump(forged, file)
    assert signet(*RECORD, "--statement", "forged.json").returncode == 1
    with open("text.json", "w") as file:
        file.write("no JSON")
    assert signet(*RECORD, "--statement", "text.json").returncode == 1
    assert signet(*RECORD, "--statement", "nothing.json").returncode == 2
    assert not Deployment.objects.filter(environment="production").exists()


def test_a_statement_does_not_outlive_its_artifact(signet, version):
    make_approved(version)
    signet(*CHECK)
    make_manifest(version, content="changed between the gate and the record")
    late = signet(*RECORD, "--statement", "gate.json")
    assert (late.returncode, "STALE_DIGEST" in late.stderr) == (1, True)


@pytest.fixture
def pack(db, tmp_path):
    archive = Archive(tmp_path / "pack.zip")
    archive.add("index.html", b"<p>Everything</p>")
    answer = gate_ask(
        actor=service("governance"), model="churn", version="3", environment="production"
    )
    row = {name: getattr(answer, name) for name in ("answer", "mode", "environment", "reasons")}
    archive.add("gate/1.json", as_json(row))
    archive.add("gate/1.dsse.json", as_json(answer.envelope))
    archive.add("keys.json", as_json({"gate": public_keys(), "trail": []}))
    archive.seal(model="shop/demand", version="1", left_out=[], built_at="2026-11-24")
    return tmp_path / "pack.zip"


def test_a_pack_is_verified_without_signet(signet, pack):
    away = {"SIGNET_URL": "http://127.0.0.1:9", "SIGNET_TOKEN": ""}
    key = public_keys()[0]
    done = signet("evidence", "verify", "pack.zip", "--key", key, "--json", **away)
    facts = json.loads(done.stdout)
    assert (facts["problems"], facts["gate_answers"], done.returncode) == ([], 1, 0)
    assert signet("evidence", "verify", "pack.zip", "--key", "0" * 64).returncode == 1
    assert signet("evidence", "verify", "pack.zip").returncode == 2
    assert signet("evidence", "verify", "none.zip", "--key", key).returncode == 2
    with zipfile.ZipFile(pack, "a") as opened:
        opened.writestr("more.txt", "added later")
    added = signet("evidence", "verify", "pack.zip", "--key", key)
    assert (added.returncode, "more.txt was added" in added.stdout) == (1, True)


def test_a_pack_with_two_files_of_one_name_does_not_hold(signet, pack):
    with zipfile.ZipFile(pack, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("index.html", "<p>Something else</p>")
    done = signet("evidence", "verify", "pack.zip", "--key", public_keys()[0])
    assert (done.returncode, "two files of one name" in done.stdout) == (1, True)


def test_a_gate_answer_in_a_pack_must_be_signed_too(signet, tmp_path, db):
    archive = Archive(tmp_path / "pack.zip")
    forged = {**write_answer().envelope, "payload": "e30="}
    archive.add("gate/1.dsse.json", as_json(forged))
    archive.seal(model="m", version="1")
    done = signet("evidence", "verify", "pack.zip", "--key", public_keys()[0])
    assert (done.returncode, "gate/1.dsse.json" in done.stdout) == (1, True)
