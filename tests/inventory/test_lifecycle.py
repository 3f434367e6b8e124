"""What the inventory derives from facts."""

import pytest
from django.utils import timezone

from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import Lifecycle
from tests.factories import THEN, make_deployment, make_model, make_version

pytestmark = pytest.mark.django_db


def refreshed(model):
    refresh_models([model.pk])
    model.refresh_from_db()
    return model


def test_a_model_without_versions_is_empty():
    assert refreshed(make_model()).lifecycle == Lifecycle.EMPTY


def test_counts_newest_and_champion():
    model = make_model(aliases={"champion": "1"})
    make_version(model)
    make_version(model)
    make_version(model, gone_at=THEN)
    refreshed(model)
    assert (model.version_count, model.latest_version, model.champion_version) == (2, "2", "1")
    assert model.lifecycle == Lifecycle.REGISTERED


def test_a_champion_alone_is_not_deployed_and_a_live_deployment_is():
    model = make_model(aliases={"champion": "1"})
    version = make_version(model)
    assert refreshed(model).lifecycle == Lifecycle.REGISTERED
    deployment = make_deployment(version)
    assert refreshed(model).lifecycle == Lifecycle.DEPLOYED
    version.refresh_from_db()
    assert version.lifecycle == Lifecycle.DEPLOYED
    deployment.ended_at = timezone.now()
    deployment.save()
    assert refreshed(model).lifecycle == Lifecycle.RETIRED


def test_a_newer_version_after_a_retired_one_is_registered():
    model = make_model()
    make_deployment(make_version(model), ended_at=timezone.now())
    make_version(model)
    assert refreshed(model).lifecycle == Lifecycle.REGISTERED


def test_gone_at_source_wins():
    model = make_model(gone_at=THEN)
    version = make_version(model)
    make_deployment(version)
    assert refreshed(model).lifecycle == Lifecycle.GONE
    version.refresh_from_db()
    assert version.lifecycle == Lifecycle.GONE


@pytest.mark.parametrize(
    ("facts", "task"),
    [
        ({"metrics": {"test_roc_auc": 0.9}}, "classification"),
        ({"metrics": {"rmse": 3.0, "r2": 0.5}}, "regression"),
        ({"metrics": {"mae": 3.0, "wape": 0.5}}, "forecasting"),
        ({"metrics": {}, "flavors": ["prophet", "python_function"]}, "forecasting"),
        ({"metrics": {"ndcg@10": 0.3, "precision@10": 0.2}}, "recommendation"),
        ({"metrics": {"qini": 0.1}}, "causal"),
        ({"metrics": {"x": 1}}, ""),
        ({"tags": {"task": "Regression"}, "metrics": {"roc_auc": 1}}, "regression"),
        ({"run_tags": {"signet.task": "ranking"}}, "other"),
    ],
)
def test_the_task_is_tagged_or_guessed(facts, task):
    model = make_model()
    make_version(model, **facts)
    assert refreshed(model).task == task


def test_search_text_holds_name_description_and_tags():
    model = make_model("Demand-Forecast", description="Für Filialen", tags={"area": "Logistik"})
    text = refreshed(model).search_text
    assert "demand-forecast" in text
    assert "für filialen" in text
    assert "area logistik" in text


def test_constant_number_of_queries(django_assert_max_num_queries):
    models = [make_model() for _ in range(30)]
    for model in models:
        make_deployment(make_version(model))
        make_version(model)
    with django_assert_max_num_queries(10):
        refresh_models([model.pk for model in models])
    with django_assert_max_num_queries(8):  # nothing to write the second time
        refresh_models([model.pk for model in models])
