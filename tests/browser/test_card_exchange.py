"""Importing a card in a real browser: see what would change, then do it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from registry.cards.services import card_save
from registry.inventory.models import ModelVersion
from tests.browser.conftest import SignIn, sound
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
README = """---
license: apache-2.0
library_name: sklearn
language: cs
---

# Fresh demand

Predicts how many units of each fresh product every shop will sell in the next 14 days.

## Uses

### Direct Use

Night orders of fresh goods.

### Out-of-Scope Use

[More Information Needed]

## Citation

@misc{fresh, title={Fresh demand}}
"""


@pytest.fixture
def version() -> ModelVersion:
    found = make_full_version(make_owned_model("fresh-demand-forecast", risk_tier="T2"))
    said = {"overview": written("An older text."), "contact": written("sales@company.example")}
    card_save(actor=scientist_of(found), version_id=found.pk, base_revision=0, changes=said)
    return found


def test_a_card_of_hugging_face_is_looked_at_and_imported(sign_in: SignIn, version: Any) -> None:
    page = sign_in(user=make_user(Role.DATA_SCIENTIST, team=version.model.team))
    page.goto(f"/models/{version.model_id}/versions/{version.version}/card/")
    page.get_by_text("Export", exact=True).click()
    page.get_by_role("link", name="What each one holds").click()
    expect(page.get_by_role("heading", name="Hugging Face model card")).to_be_visible()
    sound(page, "card-exports")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as YAML beside the code").click()
    assert download.value.suggested_filename == "signet-card.yaml"

    page.get_by_role("link", name="Import").click()
    sound(page, "card-import")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "README.md", "mimeType": "text/markdown", "buffer": README.encode()}
    )
    page.get_by_role("button", name="See what it would change").click()
    expect(page.get_by_text("An older text.")).to_be_visible()
    expect(page.get_by_text("@misc{fresh")).to_have_count(2)  # what has no place, the document
    expect(page.get_by_role("checkbox", name="Out of scope")).to_have_count(0)
    sound(page, "card-import-plan")
    page.get_by_role("checkbox", name="Licence").uncheck()
    page.get_by_label("Note for the revision").fill("From the Hub")
    page.get_by_role("button", name="Import what is ticked").click()
    expect(page.get_by_text("as revision 2")).to_be_visible()
    revision = CardRevision.objects.get(version=version, number=2)
    assert revision.note == "From the Hub"
    assert "licence" not in revision.values
    assert revision.values["intended_uses"]["value"] == "Night orders of fresh goods."


def test_a_faulty_document_stays_in_the_form(sign_in: SignIn, version: Any) -> None:
    page = sign_in(user=make_user(Role.DATA_SCIENTIST, team=version.model.team))
    page.goto(f"/models/{version.model_id}/versions/{version.version}/card/import/")
    document = f"signet_card: 1\nschema: '1'\nidentity:\n  licence: {'x' * 501}\n"
    page.get_by_label("Or paste it here").fill(document)
    page.get_by_role("button", name="See what it would change").click()
    expect(page.get_by_role("alert")).to_contain_text("Licence (line 4)")
    expect(page.get_by_label("Or paste it here")).to_have_value(document)
    sound(page, "card-import-fault")
