"""Every readable question gets an answer with a reason code, signed and kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.gate import services
from governance.gate.models import GateAnswer, GateDecision
from governance.gate.payloads import OURS, SUMMARY, ours_in
from governance.gate.services import gate_ask
from governance.gate.statements import public_keys, verify
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Denied, Invalid
from portal.trail.models import TrailEvent
from tests.factories import THEN, make_actor, make_model, make_source, make_version

pytestmark = pytest.mark.django_db


def ask(**words):
    return gate_ask(
        **{"actor": make_actor(), "model": "churn", "version": "1", "environment": "production"}
        | words
    )


def codes(**words):
    return ask(**words).reasons


@pytest.fixture
def churn():
    return make_version(make_model("churn", aliases={"champion": "1"}))


def test_what_nobody_registered_is_denied(churn):
    assert codes(model="chrun") == ["UNREGISTERED"]
    assert codes(version="2") == ["UNREGISTERED"]
    assert codes(version="", alias="challenger") == ["UNREGISTERED"]


def test_what_nobody_asked_to_approve_is_denied(churn):
    answer = ask()
    assert (answer.answer, answer.reasons) == (GateAnswer.DENY, ["NO_REQUEST"])
    assert answer.version == churn
    assert answer.valid_until is None
    assert answer.text.startswith("churn version 1 may not run in production.")


def test_an_alias_means_the_version_it_points_at(churn):
    answer = ask(version="", alias="champion")
    assert answer.version == churn
    assert answer.asked_version == "@champion"
    assert ours_in(answer)["version"] == "1"


def test_an_alias_read_too_long_ago_is_not_believed():
    long_ago = timezone.now() - timedelta(hours=3)
    source = make_source(last_complete_at=long_ago)
    make_version(make_model("churn", source=source, aliases={"champion": "1"}))
    assert codes(version="", alias="champion") == ["COULD_NOT_TELL", "NO_REQUEST"]


@pytest.mark.parametrize("what", ["version", "model"])
def test_what_is_gone_at_its_source_is_denied(churn, what):
    row = churn if what == "version" else churn.model
    row.gone_at = THEN
    row.save()
    assert codes() == ["GONE", "NO_REQUEST"]


def test_a_name_that_two_sources_have_must_be_made_clear(churn):
    other = make_source("Other")
    make_version(make_model("churn", source=other))
    assert codes() == ["COULD_NOT_TELL"]
    assert codes(source="Other") == ["NO_REQUEST"]


def test_staging_is_not_stopped_and_asks_for_no_approval(churn):
    answer = ask(environment="staging")
    assert (answer.answer, answer.mode, answer.reasons) == ("allow", "warn", [])
    unknown = ask(environment="staging", model="chrun")
    assert (unknown.answer, unknown.reasons) == ("allow", ["UNREGISTERED"])
    assert "does not stop it" in unknown.text
    assert ours_in(unknown)["answer"] == "allow"


def test_every_answer_is_signed_kept_and_in_the_trail(churn):
    answer = ask(commit="ABCDEF1", pipeline_url="https://ci.example/1", digest="sha256:" + "a" * 64)
    kept = GateDecision.objects.get(pk=answer.pk)
    payload = verify(kept.envelope, public_keys())
    assert payload["predicateType"] == SUMMARY
    assert payload["subject"][0]["name"] == "models:/churn/1"
    assert payload["predicate"]["verificationResult"] == "FAILED"
    ours = payload["predicate"][OURS]
    assert (ours["commit"], ours["asked_sha256"]) == ("abcdef1", "a" * 64)
    assert "NO_REQUEST" in [reason["code"] for reason in ours["reasons"]]
    event = TrailEvent.objects.latest("seq")
    assert (event.verb, event.subject_id) == ("gate.answer", str(answer.pk))


def test_a_preview_writes_nothing(churn):
    answer = ask(record=False)
    assert (answer.pk, answer.envelope, answer.reasons) == (None, {}, ["NO_REQUEST"])
    assert not GateDecision.objects.exists()
    assert not TrailEvent.objects.exists()


def test_a_failure_of_ours_closes_the_gate_with_an_answer(churn, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(services, "judge", broken)
    answer = ask()
    assert (answer.answer, answer.reasons) == (GateAnswer.DENY, ["COULD_NOT_TELL"])
    assert answer.envelope


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("model", {"model": ""}),
        ("model", {"model": "x" * 257}),
        ("version", {"alias": "champion"}),
        ("version", {"version": ""}),
        ("version", {"version": "9" * 65}),
        ("alias", {"version": "", "alias": "a" * 255}),
        ("environment", {"environment": "moon"}),
        ("digest", {"digest": "abc"}),
        ("commit", {"commit": "not hex"}),
        ("pipeline_url", {"pipeline_url": "javascript:alert(1)"}),
        ("pipeline_url", {"pipeline_url": "http://["}),
    ],
)
def test_what_cannot_be_read_is_no_question(churn, field, words):
    with pytest.raises(Invalid) as caught:
        ask(**words)
    assert list(caught.value.fields) == [field]
    assert not GateDecision.objects.exists()


def test_who_may_not_ask_gets_no_answer(churn):
    with pytest.raises(Denied):
        ask(actor=make_actor(None))
    assert codes(actor=service("governance")) == ["NO_REQUEST"]
    assert codes(actor=make_actor(Role.AUDITOR)) == ["NO_REQUEST"]
