"""Every value that the source gives leads to the page where it can be checked."""

import pytest

from portal.accounts.permissions import Role
from registry.cards.claims import evidence_by_field
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.factories import make_user

pytestmark = pytest.mark.django_db
MLFLOW = "http://127.0.0.1:5000/#"


@pytest.fixture
def version():
    model = make_owned_model("demand", owner=make_user(), aliases={"champion": "1"}, risk_tier="T2")
    make_full_version(model)
    return make_full_version(
        model,
        metrics={"mae": 11.0, "energy_consumed": 2.5},
        experiment_id="7",
        logged_model_id="m-01",
        aliases=["challenger"],
        description="A second try",
        run_tags={"signet.artifact_digest": "sha256:1", "licence": "MIT"},
    )


def test_every_pulled_value_has_a_place(version):
    card = card_of(version)
    claims = evidence_by_field(card)
    pulled = {item.field.key for item in card.fields if item.pulled}
    assert len(pulled) > 20
    assert pulled - set(claims) == set()


def test_each_leads_to_the_run_the_model_or_signets_own_page(version):
    claims = {key: found.url for key, found in evidence_by_field(card_of(version)).items()}
    run = f"{MLFLOW}/experiments/7/runs/{version.run_id}"
    assert claims["metrics"] == run + "/model-metrics"
    assert claims["training_data"] == claims["hyperparameters"] == run
    assert claims["input_signature"] == f"{MLFLOW}/experiments/7/models/m-01"
    assert claims["aliases"] == f"{MLFLOW}/models/demand/versions/2"
    assert claims["name"] == f"{MLFLOW}/models/demand"
    assert claims["technical_owner"] == f"/models/{version.model_id}/"
    assert claims["champion_delta"] == f"/models/{version.model_id}/compare/?a=1&b=2"


def test_a_persons_words_over_a_value_of_the_source_still_lead_to_the_source(version):
    changes = {"licence": written("Apache-2.0"), "contact": written("a@example")}
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    claims = evidence_by_field(card_of(version))
    assert claims["licence"].words == f"Run {version.run_id[:8]} in MLflow"
    assert "contact" not in claims


def test_without_an_address_there_is_no_link(version):
    version.experiment_id = version.logged_model_id = ""
    source = version.model.source
    source.public_url = "javascript:alert(1)"
    claims = evidence_by_field(card_of(version))
    assert {found.url[:8] for found in claims.values()} == {"/models/"}


def test_the_read_view_shows_them(client, version):
    client.force_login(make_user(Role.AUDITOR))
    page = client.get(f"/models/{version.model_id}/versions/2/card/").content.decode()
    assert f'href="{MLFLOW}/experiments/7/runs/{version.run_id}/model-metrics"' in page
    assert "Compared with version 1" in page
