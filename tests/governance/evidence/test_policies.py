"""Writing, trying and publishing policies, and what a draft must hold."""

import copy
import threading
import tomllib
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from governance.policies.comparison import differences
from governance.policies.models import PolicyRevision, PolicyState
from governance.policies.queries import SHIPPED, policy_in_force
from governance.policies.services import (
    policy_discard,
    policy_publish,
    policy_try,
    policy_try_enqueue,
    policy_write,
)
from governance.policies.toml_text import toml_of
from governance.policies.validation import rules_problems
from governance.requests.models import ApprovalRequest
from portal.accounts.permissions import Role
from portal.actors import service
from portal.errors import Conflict, Denied, Invalid
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from portal.trail.models import TrailEvent
from tests.factories import make_actor, make_deployment, make_model, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipped():
    return tomllib.loads(SHIPPED.read_text())


@pytest.fixture
def lead():
    return make_actor(Role.GOVERNANCE_LEAD)


@pytest.fixture
def second():
    return make_actor(Role.GOVERNANCE_LEAD)


def changed(rules, place, value):
    """The rules with one of them set, or taken out when the value is None."""
    rules = copy.deepcopy(rules)
    *path, last = place.split(".")
    at = rules
    for name in path:
        at = at[name]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return rules


def draft_of(lead, rules, **fields):
    policy_in_force()
    return policy_write(actor=lead, rules=rules, **fields)


def tried(draft):
    return policy_try(actor=service("governance"), revision_id=draft.pk)


def test_what_is_shipped_holds_together_and_survives_its_own_text(shipped):
    assert rules_problems(shipped) == []
    assert tomllib.loads(toml_of(shipped)) == shipped


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("environments.production", None),
        ("environments.moon", {"approval": True, "gate": "enforce"}),
        ("environments.production.gate", "maybe"),
        ("environments.production.approval", "yes"),
        ("tiers.T2", None),
        ("tiers.T5", {}),
        ("tiers.T1.seats", []),
        ("tiers.T1.seats", "validator"),
        ("tiers.T1.seats", [{"role": "governance_lead"}]),
        ("tiers.T1.seats", [{"role": "validator"}, {"role": "validator"}]),
        ("tiers.T1.seats", [{"role": "validator", "after": ["nobody"]}]),
        (
            "tiers.T1.seats",
            [
                {"role": "validator", "after": ["security"]},
                {"role": "security", "after": ["validator"]},
            ],
        ),
        ("tiers.T1.seats", [{"role": "validator", "after": ["validator"]}]),
        ("tiers.T1.valid_days", 0),
        ("tiers.T1.valid_days", True),
        ("tiers.T1.valid_days", "9"),
        ("tiers.T1.clock_working_days", 90),
        ("tiers.T2.plan", {"allowed": True}),
        ("tiers.T2.plan", {"allowed": "no"}),
        ("tiers.T1.required", ["nonsense"]),
        ("tiers.T1.required", "signature"),
        ("tiers.T1.advised", ["signature"]),
        ("tiers.T1.surprise", 1),
        ("flags.personal_data", {"seats": [{"role": "auditor"}]}),
        ("flags.personal_data", {}),
        ("thresholds", {"classification": {"roc_auc": {"min": "high"}}}),
        ("thresholds", {"classification": {"roc_auc": {"min": 0.9, "max": 0.8}}}),
        ("thresholds", {"cooking": {}}),
        ("emergency.hours", 100),
        ("emergency", None),
        ("reattestation.condition_notice_days", []),
        ("reattestation.notice_days", -1),
        ("tiers", []),
        ("surprise", 1),
    ],
)
def test_rules_that_do_not_hold_together_are_named_and_never_written(shipped, lead, place, value):
    rules = changed(shipped, place, value)
    assert rules_problems(rules)
    with pytest.raises(Invalid) as refused:
        policy_write(actor=lead, rules=rules)
    assert refused.value.fields
    assert not PolicyRevision.objects.filter(state="draft").exists()


def test_a_draft_is_tried_and_published_by_a_second_person(shipped, lead, second):
    draft = draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365), note="Yearly")
    assert (draft.number, draft.state) == (2, PolicyState.DRAFT)
    assert policy_in_force().number == 1
    tried(draft)
    done = policy_publish(actor=second, revision_id=draft.pk, digest=draft.digest, reason="Agreed")
    assert policy_in_force() == done
    assert done.published_by_id == second.user_id
    verbs = list(TrailEvent.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs == ["policy.write", "policy.try", "policy.publish"]
    again = policy_publish(actor=second, revision_id=draft.pk, digest=draft.digest)
    assert again == done
    assert TrailEvent.objects.filter(verb="policy.publish").count() == 1


def test_nobody_publishes_what_they_wrote_even_when_somebody_wrote_after_them(
    shipped, lead, second
):
    draft = draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365))
    later = changed(shipped, "tiers.T4.valid_days", 366)
    draft = policy_write(actor=second, rules=later, seen=draft.digest)
    tried(draft)
    for author in (lead, second):
        with pytest.raises(Denied) as refused:
            policy_publish(actor=author, revision_id=draft.pk, digest=draft.digest)
        assert refused.value.code == "own-draft"
    third = make_actor(Role.GOVERNANCE_LEAD)
    assert policy_publish(actor=third, revision_id=draft.pk, digest=draft.digest).number == 2


@pytest.mark.parametrize("role", [r for r in Role if r != Role.GOVERNANCE_LEAD])
def test_only_governance_leads_write_and_publish(shipped, lead, role):
    draft = tried(draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365)))
    other = make_actor(role)
    with pytest.raises(Denied):
        policy_write(actor=other, rules=shipped, seen=draft.digest)
    with pytest.raises(Denied):
        policy_publish(actor=other, revision_id=draft.pk, digest=draft.digest)
    with pytest.raises(Denied):
        policy_discard(actor=other, revision_id=draft.pk, reason="")


def test_what_was_not_tried_as_it_stands_is_not_published(shipped, lead, second):
    draft = draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365))
    with pytest.raises(Conflict, match="not been tried"):
        policy_publish(actor=second, revision_id=draft.pk, digest=draft.digest)
    old = tried(draft).digest
    draft = policy_write(
        actor=lead, rules=changed(shipped, "tiers.T4.valid_days", 300), seen=draft.digest
    )
    with pytest.raises(Conflict, match="changed the draft"):
        policy_publish(actor=second, revision_id=draft.pk, digest=old)
    with pytest.raises(Conflict, match="not been tried"):
        policy_publish(actor=second, revision_id=draft.pk, digest=draft.digest)


def test_two_authors_do_not_overwrite_each_other(shipped, lead, second):
    draft = draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365))
    mine = changed(shipped, "tiers.T4.valid_days", 100)
    for seen in ("", "0" * 64):
        with pytest.raises(Conflict, match="changed the draft"):
            policy_write(actor=second, rules=mine, seen=seen)
    assert policy_write(actor=lead, rules=draft.rules, seen=draft.digest) == draft
    assert TrailEvent.objects.filter(verb="policy.write").count() == 1


def test_a_discarded_draft_makes_room_and_keeps_its_number(shipped, lead):
    draft = draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365))
    policy_discard(actor=lead, revision_id=draft.pk, reason="Another time")
    policy_discard(actor=lead, revision_id=draft.pk, reason="Twice")
    assert TrailEvent.objects.filter(verb="policy.discard").count() == 1
    with pytest.raises(Conflict):
        policy_publish(actor=lead, revision_id=draft.pk, digest=draft.digest)
    assert draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365)).number == 3


def test_differences_are_told_rule_by_rule(shipped):
    other = changed(shipped, "tiers.T4.seats", [{"role": "validator", "after": []}])
    other = changed(other, "environments.staging.approval", True)
    told = {d.words: (d.before, d.after) for d in differences(shipped, other)}
    assert told == {
        "staging: asks for approval": ("no", "yes"),
        "T4: seats": ("Model owner", "Validator"),
    }


def test_a_dry_run_names_what_serves_and_would_be_stopped(shipped, lead):
    model = make_model(risk_tier="T4")
    version = make_version(model)
    make_deployment(version)
    rules = changed(shipped, "tiers.T4.required", ["critical_findings"])
    rules["tiers"]["T4"]["advised"] = []
    found = tried(draft_of(lead, rules)).dry_run
    assert (found["versions"], found["blocked"], found["newly"]) == (1, 0, 0)
    assert [line["what"] for line in found["freed"]] == [str(version)]
    rules["tiers"]["T4"]["required"] = ["critical_findings", "signature"]
    draft = policy_write(
        actor=lead, rules=rules, seen=PolicyRevision.objects.get(state="draft").digest
    )
    found = tried(draft).dry_run
    assert found["blocked_versions"][0]["reasons"] == ["Check “Signature present” does not pass"]


def test_a_dry_run_names_requests_that_lack_a_seat(shipped, lead):
    version = make_version(make_model(risk_tier="T4"))
    request = ApprovalRequest.objects.create(
        version=version,
        environment="production",
        state="approved",
        tier="T4",
        digest="d",
        decided_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=9),
    )
    rules = changed(shipped, "tiers.T4.required", [])
    rules["tiers"]["T4"]["seats"] = [{"role": "security"}]
    found = tried(draft_of(lead, rules)).dry_run
    assert found["blocked_requests"][0]["what"] == f"Request {request.pk}: {version}"
    assert found["blocked_requests"][0]["reasons"] == ["Security has not signed"]
    rules["environments"]["production"]["approval"] = False
    draft = PolicyRevision.objects.get(state="draft")
    assert tried(policy_write(actor=lead, rules=rules, seen=draft.digest)).dry_run["blocked"] == 0


def test_a_worker_tries_the_draft(shipped, lead):
    draft = draft_of(lead, changed(shipped, "tiers.T4.valid_days", 365))
    job = policy_try_enqueue(actor=lead, revision_id=draft.pk)
    assert policy_try_enqueue(actor=lead, revision_id=draft.pk) == job
    run_job(job.pk)
    job = Job.objects.get(pk=job.pk)
    assert job.state == "done", job.error
    assert "it would have blocked 0" in job.result["text"]
    draft.refresh_from_db()
    assert draft.dry_run["digest"] == draft.digest


@pytest.mark.django_db(transaction=True)
def test_two_first_drafts_at_once_leave_one(shipped):
    from portal.trail.models import TrailHead

    TrailHead.objects.get_or_create(pk=1)
    policy_in_force()
    leads = [make_actor(Role.GOVERNANCE_LEAD) for _ in range(2)]
    start, told = threading.Barrier(2), []

    def write(actor, days):
        start.wait()
        try:
            told.append(
                policy_write(actor=actor, rules=changed(shipped, "tiers.T4.valid_days", days))
            )
        except Conflict as refused:
            told.append(refused.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=write, args=(actor, 300 + n)) for n, actor in enumerate(leads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PolicyRevision.objects.filter(state="draft").count() == 1
    assert told.count("stale") == 1
