"""Risk, checks, files and policies in a browser."""

import pytest
from playwright.sync_api import expect

from governance.checks.services import checks_run
from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force
from governance.policies.services import policy_try
from portal.accounts.permissions import Role
from portal.actors import service
from tests.browser.conftest import sound
from tests.factories import make_deployment, make_model, make_team, make_version
from tests.governance.evidence.test_checks import make_manifest

pytestmark = pytest.mark.django_db(transaction=True)
GOVERNANCE = service("governance")
WORST = ("More than 5 million €", "They set prices, offers or budgets", "The model acts alone")


@pytest.fixture
def model(transactional_db):
    from portal.trail.models import TrailHead

    TrailHead.objects.get_or_create(pk=1)
    made = make_model("shelf-price", team=make_team("Pricing"))
    make_version(made)
    return made


def test_the_tier_shows_while_somebody_answers(sign_in, model):
    page = sign_in(Role.DATA_SCIENTIST, team=model.team)
    page.goto(f"/models/{model.pk}/")
    page.get_by_role("link", name="Assess risk").click()
    result = page.locator("#result")
    expect(result).to_contain_text("0 of 8 questions")
    for label in WORST:
        page.get_by_label(label, exact=True).check()
    expect(result).to_contain_text("3 of 8 questions")
    page.get_by_label("Nobody outside the team").check()
    page.get_by_label("Behind a number, such as a loyalty card").check()
    page.get_by_label("Only in part").check()
    page.get_by_label("The main influences can be named").check()
    page.locator("[name=legal_class][value=no]").check()
    expect(result).to_contain_text("T1 critical")
    expect(result).to_contain_text("Privacy and legal")
    sound(page, "risk")
    page.get_by_label("Another tier than the computed one").select_option("T3")
    page.get_by_role("button", name="Work it out only").click()
    expect(page.locator("#result")).to_contain_text("This is milder.")
    page.get_by_role("button", name="Set the tier").click()
    expect(page.get_by_text("less strict than T1").first).to_be_visible()
    page.get_by_label("Another tier than the computed one").select_option("")
    page.get_by_role("button", name="Set the tier").click()
    expect(page.get_by_text("The model is T1 critical.")).to_be_visible()


def test_checks_and_files_say_what_stands_in_the_way(sign_in, model):
    version = model.versions.get()
    page = sign_in(Role.VALIDATOR)
    make_manifest(version, dangerous=["model.pkl imports posix.system"])
    checks_run(
        actor=GOVERNANCE, version_id=version.pk, environment="production", why="request 7 was filed"
    )
    page.goto(f"/models/{model.pk}/versions/1/checks/")
    row = page.get_by_role("row", name="Artifact scanned for unsafe files")
    expect(row).to_contain_text("Unsafe: model.pkl imports posix.system.")
    sound(page, "checks")
    row.get_by_role("link").click()
    expect(page.get_by_text("model.pkl imports posix.system")).to_be_visible()
    sound(page, "files")
    page.get_by_role("button", name="Read the files again").click()
    expect(page.get_by_text("A worker has been asked.")).to_be_visible()


def test_a_policy_is_drafted_tried_and_published_by_two_people(sign_in, model):
    policy_in_force()
    make_deployment(model.versions.get(), name="shelf-api")
    page = sign_in(Role.GOVERNANCE_LEAD, username="first")
    page.goto("/policies/")
    sound(page, "policies")
    page.get_by_role("link", name="Write a draft").click()
    page.get_by_label("Days, T4", exact=True).fill("365")
    page.get_by_label("Security, T2", exact=True).select_option(label="Signs after Validator")
    sound(page, "policy-edit")
    page.get_by_role("button", name="Write the draft").click()
    expect(page.get_by_text("Security (after Validator)").first).to_be_visible()
    expect(page.get_by_text("You wrote on this draft.")).to_be_visible()
    draft = PolicyRevision.objects.get(state="draft")
    policy_try(actor=GOVERNANCE, revision_id=draft.pk)
    page = sign_in(Role.GOVERNANCE_LEAD, username="second")
    page.goto(f"/policies/{draft.number}/")
    expect(page.get_by_text("It would have blocked 1, 0 of them newly")).to_be_visible()
    sound(page, "policy-draft")
    page.get_by_role("button", name=f"Publish revision {draft.number}").click()
    expect(page.get_by_text(f"Revision {draft.number} is in force.")).to_be_visible()
