"""The pages of checks, files, risk and policies as people use them."""

import pytest
from django.test import Client
from django.urls import reverse

from governance.checks.services import checks_run
from governance.policies.form import PolicyForm
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.policies.services import policy_try, policy_write
from governance.policies.validation import rules_problems
from governance.tiers.models import TierAssessment
from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.actors import service
from portal.jobs.models import Job
from tests.factories import make_model, make_team, make_user, make_version
from tests.governance.evidence.test_checks import make_manifest
from tests.governance.evidence.test_tiers import DEMAND, LOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def model():
    made = make_model(team=make_team(), risk_tier="T4")
    make_version(made)
    return made


def client_of(role, **fields):
    client = Client()
    client.force_login(make_user(role, **fields))
    return client


def page(client, name, *args, query=""):
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_checks_page_says_what_is_missing_and_asks_a_worker(model):
    version = model.versions.get()
    client = client_of(Role.DATA_SCIENTIST, team=model.team)
    assert "have not run yet" in page(client, "checks_detail", model.pk, "1")
    client.post(reverse("checks_run", args=[model.pk, "1"]), {"environment": "production"})
    assert Job.objects.get(kind="governance.checks").args == {
        "version_id": version.pk,
        "environment": "production",
    }
    assert "A worker has been asked" in page(client, "checks_detail", model.pk, "1")
    checks_run(
        actor=service("governance"), version_id=version.pk, environment="production", why="x"
    )
    shown = page(client, "checks_detail", model.pk, "1")
    assert "2 required checks stand in the way" in shown
    assert "The artifact has not been read yet." in shown
    run = reverse("checks_run", args=[model.pk, "1"])
    assert run in shown
    assert run not in page(client_of(Role.VIEWER), "checks_detail", model.pk, "1")
    assert "Staging" in page(client, "checks_detail", model.pk, "1", query="?environment=staging")


def test_the_files_page_lists_hashes_and_shouts_about_unsafe_ones(model):
    version = model.versions.get()
    client = client_of(Role.VALIDATOR)
    assert "have not been read yet" in page(client, "artifact_detail", model.pk, "1")
    make_manifest(version, dangerous=["m.pkl imports posix.system"])
    shown = page(client, "artifact_detail", model.pk, "1")
    assert "m.pkl imports posix.system" in shown
    assert "a" * 64 in shown
    client.post(reverse("artifact_read", args=[model.pk, "1"]))
    assert Job.objects.filter(kind="governance.manifest").exists()


def test_the_risk_page_previews_saves_and_keeps_what_was_answered(model):
    client = client_of(Role.DATA_SCIENTIST, team=model.team)
    address = reverse("tier_assess", args=[model.pk])
    assert "0 of 8 questions" in page(client, "tier_assess", model.pk)
    live = client.post(
        address,
        {**DEMAND, "seen": 0, "preview": "1"},
        HTTP_HX_REQUEST="true",
        HTTP_HX_TARGET="result",
    )
    assert b"Score 11 gives T2" in live.content
    assert b"<form" not in live.content
    assert not TierAssessment.objects.exists()
    half = {name: value for name, value in DEMAND.items() if name != "opacity"}
    answer = client.post(address, {**half, "seen": 0})
    assert answer.status_code == 422
    assert "Choose one of the answers." in answer.content.decode()
    assert client.post(address, {**DEMAND, "seen": 0}).status_code == 302
    model.refresh_from_db()
    assert model.risk_tier == "T2"
    again = client.post(address, {**LOW, "seen": 0})
    assert again.status_code == 409
    milder = client.post(address, {**LOW, "seen": TierAssessment.objects.get().pk})
    assert milder.status_code == 403
    assert "less strict than T2" in milder.content.decode()


def test_the_old_address_of_the_tier_leads_to_the_questionnaire(model):
    client = client_of(Role.VIEWER)
    answer = client.get(reverse("model_tier", args=[model.pk]))
    assert answer["Location"] == reverse("tier_assess", args=[model.pk])
    assert "You are reading." in page(client, "tier_assess", model.pk)


def unchanged():
    """What the draft's form sends when nobody has touched it."""
    draft = PolicyRevision.objects.filter(state="draft").first()
    form = PolicyForm(policy=draft or policy_in_force(), draft=draft)
    sent = {}
    for bound in form:
        value = bound.value()
        if value not in (None, False):
            sent[bound.name] = value
    return sent


def test_the_form_says_exactly_what_the_policy_says():
    policy = policy_in_force()
    form = PolicyForm(unchanged(), policy=policy, draft=None)
    assert form.is_valid(), form.errors
    assert form.rules() == policy.rules
    assert rules_problems(form.rules()) == []


def test_a_combination_that_the_form_has_no_choice_for_is_kept():
    policy = policy_in_force()
    policy.rules["tiers"]["T1"]["seats"][4]["after"] = ["data_governance", "ml_ops"]
    form = PolicyForm(policy=policy, draft=None)
    sent = {b.name: b.value() for b in form if b.value() not in (None, False)}
    form = PolicyForm(sent, policy=policy, draft=None)
    assert form.is_valid(), form.errors
    assert form.rules() == policy.rules


def test_a_draft_is_written_tried_and_published_on_the_pages(model):
    policy_in_force()
    author, second = client_of(Role.GOVERNANCE_LEAD), client_of(Role.GOVERNANCE_LEAD)
    sent = {**unchanged(), "valid-T4": 365, "seat-T4-security": "model_owner", "note": "Yearly"}
    answer = author.post(reverse("policy_edit"), sent)
    assert answer["Location"] == "/policies/2/"
    shown = page(author, "policy_detail", 2)
    assert "T4: seats" in shown
    assert "Security (after Model owner)" in shown
    assert "You wrote on this draft." in shown
    assert "Not tried yet" in page(second, "policy_detail", 2)
    second.post(reverse("policy_try", args=[2]))
    draft = PolicyRevision.objects.get(number=2)
    policy_try(actor=service("governance"), revision_id=draft.pk)
    assert "It would have blocked 0" in page(second, "policy_detail", 2)
    refused = author.post(reverse("policy_publish", args=[2]), {"digest": draft.digest})
    assert refused.status_code == 403
    second.post(reverse("policy_publish", args=[2]), {"digest": draft.digest})
    assert policy_in_force().number == 2
    assert "Revision 2 is in force" in page(client_of(Role.VIEWER), "policy_list")
    assert "valid_days = 365" in page(client_of(Role.VIEWER), "policy_text", 2)


def test_a_form_that_does_not_hold_together_says_where_and_keeps_what_was_typed():
    policy_in_force()
    client = client_of(Role.GOVERNANCE_LEAD)
    sent = {**unchanged(), "seat-T4-model_owner": "", "thresholds": "cooking salt >= 1"}
    answer = client.post(reverse("policy_edit"), sent)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "At least one person must sign." in shown
    assert "cooking salt" in shown
    sent["thresholds"] = "nonsense"
    shown = client.post(reverse("policy_edit"), sent).content.decode()
    assert "Line 1: write task, metric" in shown


def test_a_draft_that_changed_meanwhile_is_not_overwritten():
    policy_in_force()
    client = client_of(Role.GOVERNANCE_LEAD)
    sent = {**unchanged(), "valid-T4": 365}
    other = person(make_user(Role.GOVERNANCE_LEAD), request_id="t")
    rules = {**policy_in_force().rules}
    draft = policy_write(actor=other, rules={**rules, "flags": {}})
    assert client.post(reverse("policy_edit"), sent).status_code == 409
    client.post(reverse("policy_discard", args=[draft.number]), {"reason": "No"})
    draft.refresh_from_db()
    assert draft.state == "discarded"
