"""Findings, rollback, the ledger, promotion and evidence packs in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from governance.findings.models import Finding
from governance.packs.services import pack_build
from governance.promotion.services import deployment_take
from governance.writeback.ledger import OUTSIDE, bypass_find, move_write
from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.actors import service
from registry.deployments.models import Deployment
from registry.inventory.models import ModelVersion
from tests.browser.conftest import SignIn, sound
from tests.factories import make_model, make_source, make_team, make_user, make_version
from tests.governance.promotion.approved import approved
from tests.governance.promotion.rows import make_finding, make_write_back

pytestmark = pytest.mark.django_db(transaction=True)
SIGNET = service("governance")


@pytest.fixture
def served(db: None) -> tuple[ModelVersion, ModelVersion]:
    """Version 1 served, version 2 serves; both are approved."""
    source = make_source("MLflow", last_complete_at=timezone.now())
    owner = make_user(Role.MODEL_OWNER, team=make_team("Pricing"), display_name="Olga Owner")
    team = owner.role_grants.get().team
    model = make_model("store-demand", source=source, team=team, risk_tier="T4", owner=owner)
    versions = make_version(model), make_version(model)
    for version in versions:
        approved(version)
        deployment_take(
            actor=person(owner),
            environment="production",
            name="store-demand-api",
            served_ref=f"models:/store-demand/{version.version}",
            version_id=version.pk,
            purpose="Orders for tomorrow",
        )
    return versions


def test_findings_are_read_assigned_and_closed_by_somebody_else(
    sign_in: SignIn, served: tuple[ModelVersion, ModelVersion]
) -> None:
    first, second = served
    Finding.objects.all().delete()
    page = sign_in(Role.VALIDATOR, display_name="Vera Validator")
    page.goto("/findings/")
    expect(page.get_by_text("Nothing is open")).to_be_visible()
    sound(page, "findings-empty")
    move = move_write(
        model=first.model, alias="champion", to="2", by=None, by_name=OUTSIDE, is_bypass=True
    )
    bypass_find(actor=SIGNET, move=move, why="No approval was ever asked for.")
    late = timezone.localdate() - timedelta(days=3)
    make_finding(first, severity="critical", kind="artifact_changed", due_on=late)
    make_finding(second, severity="low", owner=first.model.owner)
    page.reload()
    expect(page.locator("#results tbody tr")).to_have_count(3)
    sound(page, "findings")
    page.get_by_role("combobox", name="Severity").select_option("High")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Production alias moved without approval").click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    sound(page, "finding")
    page.get_by_label("What was done about it").fill("Moved back, and the rights were narrowed.")
    page.get_by_role("button", name="Close the finding").click()
    expect(page.get_by_text("Closed by Vera Validator")).to_be_visible()
    sound(page, "finding-closed")
    page.goto(f"/models/{first.model_id}/versions/1/findings/new/")
    sound(page, "finding-new")


def test_a_rollback_is_one_click_with_a_reason(
    sign_in: SignIn, served: tuple[ModelVersion, ModelVersion]
) -> None:
    page = sign_in(Role.ML_OPS)
    page.goto("/deployments/")
    page.get_by_role("link", name="Roll back store-demand-api").click()
    expect(page.get_by_text("May serve", exact=True)).to_be_visible()
    sound(page, "rollback")
    page.get_by_label("Why").fill("Orders doubled overnight")
    page.get_by_role("button", name="Roll back to version 1").click()
    expect(page.get_by_text("is on record with version 1")).to_be_visible()
    assert Deployment.objects.get(ended_at=None).version == served[0]
    page.goto(f"/deployments/{Deployment.objects.get(ended_at=None).pk}/rollback/")
    expect(page.get_by_text("May not serve", exact=True)).to_be_visible()
    sound(page, "rollback-none")


def test_the_ledger_the_source_and_the_pages_of_a_model(
    sign_in: SignIn, served: tuple[ModelVersion, ModelVersion]
) -> None:
    first = served[0]
    at = timezone.now() - timedelta(days=30)
    for days, to, by_name, bypass in ((0, "1", "Olga Owner", False), (20, "2", OUTSIDE, True)):
        move_write(
            model=first.model,
            alias="champion",
            to=to,
            by=None,
            by_name=by_name,
            is_bypass=bypass,
            at=at + timedelta(days=days),
        )
    make_write_back(first)
    page = sign_in(Role.GOVERNANCE_LEAD)
    page.goto(f"/models/{first.model_id}/")
    page.get_by_role("link", name="Ledger").click()
    expect(page.get_by_text(OUTSIDE)).to_be_visible()
    sound(page, "ledger")
    moment = (at + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("On the day and time of").fill(moment)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Version 1")).to_be_visible()
    sound(page, "ledger-as-of")
    page.goto(f"/sources/{first.model.source_id}/promotion/")
    expect(page.get_by_text("Not everything was taken")).to_be_visible()
    sound(page, "promotion")
    page.get_by_label("Two names").check()
    page.get_by_label("Reason").fill("Prevent it instead")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It is kept how versions are promoted")).to_be_visible()
    page.goto(f"/models/{first.model_id}/versions/1/")
    expect(page.get_by_role("heading", name="Production and evidence")).to_be_visible()
    sound(page, "version-promotion")


def test_a_pack_is_built_and_downloaded(
    sign_in: SignIn, served: tuple[ModelVersion, ModelVersion]
) -> None:
    page = sign_in(Role.AUDITOR)
    page.goto(f"/models/{served[0].model_id}/versions/1/packs/")
    expect(page.get_by_text("No pack was built yet")).to_be_visible()
    sound(page, "packs-empty")
    page.get_by_role("button", name="Build a pack now").click()
    expect(page.get_by_text("A pack is being built")).to_be_visible()
    pack_build(actor=SIGNET, version_id=served[0].pk)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the pack").click()
    assert download.value.suggested_filename.endswith(".zip")
    sound(page, "packs")
