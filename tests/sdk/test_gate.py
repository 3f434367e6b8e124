"""`signet gate` against the real portal: the answer, the exit code, and checking offline."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import time_machine
from django.core.cache import cache

from governance.gate.models import GateDecision
from governance.writeback.tags import token_of
from portal.accounts.permissions import Role
from signet.gate import ALLOWED, UNKNOWN, Question, Target, ask
from signet.statements import read_keys
from tests.factories import make_user
from tests.governance.factories import make_approved, make_manifest
from tests.routes import make_token
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "shop/demand/1"
CHECK = ("gate", "check", NAME, "--env", "production")


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()


@pytest.fixture
def token(version):
    owner = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    return make_token(owner, "gate:check")[1]


@pytest.fixture
def approved(version):
    version.model.aliases = {"champion": "1"}
    version.model.save()
    return make_approved(version)


@pytest.fixture
def away():
    return {"SIGNET_URL": f"http://127.0.0.1:{free_port()}"}


@pytest.fixture
def saved(signet, approved):
    """A saved approval and the keys, as a pipeline keeps them."""
    assert signet("gate", "keys", "-o", "keys.json").returncode == 0
    done = signet(*CHECK, "--save", "ok.json", "--keys", "keys.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return "ok.json"


def test_denied_is_1_with_the_codes(signet, version):
    done = signet(*CHECK)
    assert done.returncode == 1
    assert done.stdout.startswith("DENIED  shop/demand/1  production\n")
    assert "NO_REQUEST" in done.stdout
    assert "/models/" in done.stdout


def test_allowed_is_0_also_by_alias(signet, approved):
    assert signet(*CHECK).stdout.startswith("ALLOWED")
    done = signet("gate", "check", "models:/shop/demand@champion", "--env", "production", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["ok"], facts["answer"]["version"]) == (0, True, "1")


def test_nobody_could_tell_is_2(signet, version, away):
    done = signet(*CHECK, "--json", **away)
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["exit_code"], facts["ok"]) == (2, 2, False)
    assert signet(*CHECK, SIGNET_TOKEN="sgn_wrong").returncode == 2
    assert signet(*CHECK, SIGNET_TOKEN="").returncode == 2
    assert signet("gate", "check", "shop/demand", "--env", "production").returncode == 2
    assert signet("gate", "check", NAME, "--env", "moon").returncode == 2
    assert not GateDecision.objects.exists()


def test_another_artifact_is_denied(signet, approved, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.pkl").write_text("model.pkl")
    assert signet(*CHECK, "--artifact", "model").returncode == 0
    (tmp_path / "model" / "model.pkl").write_text("something else")
    done = signet(*CHECK, "--artifact", "model")
    assert (done.returncode, "STALE_DIGEST" in done.stdout) == (1, True)
    assert signet(*CHECK, "--artifact", "nowhere").returncode == 2


def test_the_pipeline_names_its_commit_and_its_page(signet, version):
    around = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "shop/demand",
        "GITHUB_RUN_ID": "77",
        "GITHUB_STEP_SUMMARY": "summary.md",
    }
    done = signet(*CHECK, "--json", **around)
    assert json.loads(done.stdout)["exit_code"] == 1
    assert done.stderr.startswith("::error title=Signet gate%3A denied::shop/demand version 1 may")
    assert done.stderr.count("\n") == 1
    with open("summary.md") as summary:
        assert "NO_REQUEST" in summary.read()
    kept = GateDecision.objects.get()
    assert (kept.commit, kept.pipeline_url) == (
        "a" * 40,
        "https://github.example/shop/demand/actions/runs/77",
    )


def test_junit_says_failed_error_and_passed(signet, version, away):
    found = {}
    for name, around in (("failure", {}), ("error", away)):
        signet(*CHECK, "--junit", "out/gate.xml", **around)
        case = ElementTree.parse("out/gate.xml").getroot().find(".//testcase")
        found[name] = case.find(name)
    assert found["failure"].get("message") == "NO_REQUEST"
    assert found["error"].get("message") == "COULD_NOT_TELL"
    make_approved(version)
    signet(*CHECK, "--junit", "out/gate.xml")
    suite = ElementTree.parse("out/gate.xml").getroot()[0]
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")


def test_a_saved_statement_is_checked_without_signet(signet, saved, away):
    verify = ("gate", "verify", saved, "--keys", "keys.json")
    assert signet(*verify, **away).stdout.endswith("VALID\n")
    assert signet(*verify, "--target", NAME, "--env", "production").returncode == 0
    assert signet(*verify, "--target", "shop/demand/2").returncode == 1
    assert signet(*verify, "--env", "staging").returncode == 1
    assert signet(*verify, "--digest", "0" * 64).returncode == 1
    stranger = signet("gate", "verify", saved, "--key", "0" * 64, "--json")
    assert (stranger.returncode, json.loads(stranger.stdout)["ok"]) == (1, False)
    assert signet("gate", "verify", saved).returncode == 2
    assert signet("gate", "verify", "nothing.json", "--keys", "keys.json").returncode == 2


def test_a_refusal_that_was_saved_is_no_approval(signet, version):
    signet("gate", "keys", "-o", "keys.json")
    signet(*CHECK, "--save", "no.json")
    done = signet("gate", "verify", "no.json", "--keys", "keys.json")
    assert (done.returncode, "NO_REQUEST" in done.stdout) == (1, True)


def test_when_signet_is_away_only_a_fitting_statement_lets_through(signet, saved, away):
    fallback = ("--on-unreachable", saved, "--keys", "keys.json")
    done = signet(*CHECK, *fallback, **away)
    assert done.returncode == 0, done.stdout
    assert "not reached" in done.stdout
    assert signet(*CHECK, "--on-unreachable", saved, **away).returncode == 2
    other = ("gate", "check", "shop/demand/2", "--env", "production")
    assert signet(*other, *fallback, **away).returncode == 2
    assert signet(*CHECK, "--digest", "0" * 64, *fallback, **away).returncode == 2
    alias = ("gate", "check", "shop/demand@champion", "--env", "production")
    assert signet(*alias, *fallback, **away).returncode == 2
    with open(saved) as file:
        forged = json.load(file)
    forged["payload"] = forged["payload"][:-8] + "AAAAAAA="
    with open("forged.json", "w") as file:
        json.dump(forged, file)
    wrong = ("--on-unreachable", "forged.json", "--keys", "keys.json")
    assert signet(*CHECK, *wrong, **away).returncode == 2


def test_a_reachable_signet_is_asked_whatever_was_saved(signet, saved, approved):
    make_manifest(approved.version, content="changed")
    done = signet(*CHECK, "--on-unreachable", saved, "--keys", "keys.json")
    assert (done.returncode, "STALE_DIGEST" in done.stdout) == (1, True)


def test_the_token_in_a_tag_is_checked_offline_and_no_copy_of_it_passes(signet, approved, away):
    signet("gate", "keys", "-o", "keys.json")
    with open("token.json", "w") as file:
        file.write(token_of(approved))
    verify = ("gate", "verify", "token.json", "--keys", "keys.json", "--target")
    assert signet(*verify, NAME, **away).returncode == 0
    copied = signet(*verify, "shop/demand/2", **away)
    assert (copied.returncode, "It is about the version 1" in copied.stdout) == (1, True)


def test_a_genuine_statement_that_is_sent_again_later_is_no_answer(signet, saved, approved):
    """Somebody between the pipeline and Signet keeps an approval and replays it."""
    question = Question(Target("shop/demand", alias="champion"), "production")
    keys = read_keys(Path("keys.json").read_text())
    answer = json.loads(
        signet("gate", "check", "shop/demand@champion", "--env", "production", "--json").stdout
    )["answer"]

    def said(**changes):
        return ask(Played({**answer, **changes}), replace(question, digest=digest), keys=keys)

    digest = answer["artifact_sha256"]
    assert said().code == ALLOWED
    assert said(version="2").code == UNKNOWN
    digest = "0" * 64
    assert "about the artifact digest" in said().reasons[0]["text"]
    digest = ""
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        replayed = said()
    assert (replayed.code, "It was valid until" in replayed.reasons[0]["text"]) == (UNKNOWN, True)


class Played:
    """A server that gives one answer whatever it is asked."""

    def __init__(self, answer):
        self.answer = answer

    def post(self, path, *, body):
        return self

    def json(self):
        return self.answer
