"""The gate believes what was signed about what is there, and nothing that was painted on it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.gate.models import GateAnswer
from governance.gate.payloads import OURS, payload_in
from governance.gate.services import gate_ask
from governance.policies.models import PolicyRevision, PolicyState
from governance.policies.queries import policy_in_force, rules_digest
from governance.requests.models import Condition, Suspension
from governance.writeback.tags import token_of
from portal.accounts.permissions import Role
from registry.cards.answers import Answer, State
from registry.cards.services import card_save
from tests.factories import make_actor, make_model, make_user, make_version
from tests.governance.factories import (
    make_approved,
    make_candidate,
    make_check_run,
    make_manifest,
    make_request,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved():
    version = make_candidate()
    version.model.aliases = {"champion": version.version}
    version.model.save()
    return make_approved(version)


def ask(asked, /, **words):
    return gate_ask(
        **{
            "actor": make_actor(Role.VIEWER),
            "model": asked.model.name,
            "version": asked.version,
            "environment": "production",
        }
        | words
    )


def test_what_was_approved_may_run_until_it_must_be_asked_again(approved):
    answer = ask(approved.version)
    assert (answer.answer, answer.reasons, answer.request) == (GateAnswer.ALLOW, [], approved)
    assert timedelta(hours=23) < answer.valid_until - timezone.now() <= timedelta(hours=24)
    payload = payload_in(answer)
    assert payload["predicate"]["verificationResult"] == "PASSED"
    digest = approved.subject["parts"]["artifact"]["digest"]
    assert payload["subject"][0]["digest"] == {"sha256": digest}
    assert payload["predicate"][OURS]["request_digest"] == approved.digest


def test_an_answer_ends_with_its_approval(approved):
    soon = timezone.now() + timedelta(hours=2)
    type(approved).objects.filter(pk=approved.pk).update(expires_at=soon)
    assert ask(approved.version).valid_until == soon
    past = timezone.now() - timedelta(hours=2)
    type(approved).objects.filter(pk=approved.pk).update(expires_at=past)
    assert ask(approved.version).reasons == ["EXPIRED"]


def test_a_forged_tag_changes_nothing():
    forged = make_candidate()
    forged.tags = {"signet.status": "approved", "signet.request": "1", "governance": "ok"}
    forged.save()
    assert ask(forged).reasons == ["NO_REQUEST"]


def test_a_copied_token_changes_nothing(approved):
    other = make_version(approved.version.model)
    other.tags = {"signet.status": "approved", "signet.token": token_of(approved)}
    other.save()
    assert json.loads(other.tags["signet.token"])["payload"]
    assert ask(other).reasons == ["NO_REQUEST"]


def test_an_edited_card_ends_the_approval(approved):
    team = approved.version.model.team
    revision = approved.version.card_revisions.latest("number")
    card_save(
        actor=make_actor(Role.DATA_SCIENTIST, team=team),
        version_id=approved.version.pk,
        base_revision=revision.number,
        changes={"intended_uses": Answer(State.WRITTEN, "Also for pricing.")},
    )
    answer = ask(approved.version)
    assert (answer.answer, answer.reasons) == (GateAnswer.DENY, ["STALE_CARD"])


def test_a_moved_alias_is_followed_to_what_it_means_now(approved):
    champion = {"version": "", "alias": "champion"}
    assert ask(approved.version, **champion).reasons == []
    other = make_version(approved.version.model)
    approved.version.model.aliases = {"champion": other.version}
    approved.version.model.save()
    moved = ask(approved.version, **champion)
    assert (moved.version, moved.reasons) == (other, ["NO_REQUEST"])


def test_a_changed_artifact_is_denied_whoever_notices(approved):
    mine = ask(approved.version, digest="0" * 64)
    assert (mine.answer, mine.reasons) == (GateAnswer.DENY, ["STALE_DIGEST"])
    make_manifest(approved.version, content="changed at the source")
    assert "STALE_DIGEST" in ask(approved.version).reasons


def test_the_digest_that_was_approved_is_welcome(approved):
    digest = approved.subject["parts"]["artifact"]["digest"]
    assert ask(approved.version, digest=f"sha256:{digest.upper()}").reasons == []


def test_a_check_that_fails_now_closes_the_gate(approved):
    make_check_run(approved.version, verdicts={"artifact_scan": "fail"})
    assert ask(approved.version).reasons == ["STALE_CHECKS"]


def test_a_suspended_approval_does_not_count(approved):
    Suspension.objects.create(
        request=approved, code="SUSPENDED", text="Drift was confirmed.", by_name="Ana"
    )
    answer = ask(approved.version)
    assert answer.reasons == ["SUSPENDED"]
    assert "Drift was confirmed." in answer.text


def test_an_open_condition_is_named_and_an_overdue_one_denies(approved):
    owner = make_user(display_name="Olga")
    due = timezone.now().date()
    condition = Condition.objects.create(
        request=approved,
        sign_off=approved.sign_offs.first(),
        text="Watch the returns.",
        owner=owner,
        due_on=due,
    )
    answer = ask(approved.version)
    assert answer.answer == GateAnswer.CONDITIONS
    assert "Watch the returns." in answer.text
    assert answer.valid_until.date() == due + timedelta(days=1)
    Condition.objects.filter(pk=condition.pk).update(due_on=due - timedelta(days=1))
    assert ask(approved.version).reasons == ["CONDITION_OVERDUE"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("in_review", "IN_REVIEW"),
        ("changes_requested", "CHANGES_REQUESTED"),
        ("rejected", "REJECTED"),
        ("revoked", "REVOKED"),
    ],
)
def test_every_other_state_has_its_code(state, code):
    request = make_request(make_candidate(), state=state)
    assert ask(request.version).reasons == [code]


def test_an_approval_for_another_environment_does_not_count():
    staged = make_approved(make_candidate(), "staging")
    assert ask(staged.version).reasons == ["WRONG_ENVIRONMENT"]


@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_the_policy_may_let_through_what_is_not_approved_and_says_so(mode):
    version = make_candidate()
    rules = json.loads(json.dumps(policy_in_force().rules))
    rules["environments"]["production"]["gate"] = mode
    PolicyRevision.objects.create(
        number=2,
        state=PolicyState.PUBLISHED,
        rules=rules,
        digest=rules_digest(rules),
        edited_by_name="Ana",
        published_by_name="Ben",
        published_at=timezone.now(),
    )
    answer = ask(version)
    assert (answer.answer, answer.mode) == (GateAnswer.ALLOW, mode)
    assert answer.reasons == ["NO_REQUEST"]
    assert payload_in(answer)["predicate"]["verificationResult"] == "FAILED"
    assert answer.valid_until is None


def test_a_copy_under_the_production_name_goes_by_the_approval_of_its_origin(approved):
    origin = approved.version
    copy = make_version(
        make_model(f"prod.{origin.model.name}", source=origin.model.source),
        source_uri=f"models:/{origin.model.name}/{origin.version}",
    )
    answer = ask(copy)
    assert (answer.reasons, answer.version, answer.request) == ([], copy, approved)
    stranger = make_version(
        make_model("else", source=origin.model.source), source_uri=copy.source_uri
    )
    assert ask(stranger).reasons == ["NO_REQUEST"]


def test_the_gate_asks_the_database_a_bounded_number_of_times(
    approved, django_assert_max_num_queries
):
    with django_assert_max_num_queries(45):
        ask(approved.version)
