"""The read view in a browser: charts under the strict policy, on paper, and in every theme."""

import io
import json

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from portal.accounts.permissions import Role
from registry.cards.figures import BACKTEST
from registry.cards.services import card_save
from tests.browser.conftest import SignIn, sound
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.services import HOME

pytestmark = pytest.mark.django_db(transaction=True)


def test_charts_draw_and_the_page_prints(sign_in: SignIn) -> None:
    tags = {BACKTEST: json.dumps([{"window": "2026-06", "value": 4.1}])}
    version = make_full_version(make_owned_model("demand"), run_tags=tags)
    rows = [{"slice": "north", "metric": "mae", "value": "4.2", "low": "4", "high": "4.5"}]
    changes = {"slices": written(rows), "overview": written("Forecasts sales.")}
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    page = sign_in(Role.LEADERSHIP, display_name="Lea Kraus")
    base = f"/models/{version.model_id}/versions/{version.version}/card/"
    page.goto(base)
    expect(page.locator(".chart-plot .main-svg").first).to_be_visible()
    expect(page.locator(".chart")).to_have_count(3)
    sound(page, "card-read")
    paper = page.pdf(format="A4", path=str(HOME.root / "card-read.pdf"))
    first = PdfReader(io.BytesIO(paper)).pages[0].extract_text()
    assert "In short" in first
    assert "Forecasts sales." in first
    page.goto(f"{base}revisions/1/")
    expect(page.get_by_text("Forecasts sales.").first).to_be_visible()
    sound(page, "card-revision")


def test_somebody_else_cannot_bring_a_revision_back(sign_in: SignIn) -> None:
    version = make_full_version(make_owned_model("demand"))
    changes = {"overview": written("Forecasts sales.")}
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    page = sign_in(Role.LEADERSHIP, display_name="Lea Kraus")
    address = f"/models/{version.model_id}/versions/{version.version}/card/revisions/1/restore/"
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 403
