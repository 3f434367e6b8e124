"""What a card knows from the version's facts, and where it says that it read it."""

import pytest

from registry.cards.pulled import pulled_keys, pulled_values
from tests.cards.facts import make_full_version, make_owned_model
from tests.factories import make_user, make_version

pytestmark = pytest.mark.django_db


def test_values_come_with_the_place_they_were_read_from():
    version = make_full_version(make_owned_model(description="Forecasts sales.", risk_tier="T2"))
    pulled = pulled_values(version)
    found = {key: pulled[key].value for key in pulled}
    assert found["overview"] == "Forecasts sales."
    assert found["risk_tier"] == "T2"
    assert found["library"] == "scikit-learn"
    assert found["architecture"] == "GradientBoostingRegressor"
    assert pulled["architecture"].origin == "MLflow run 3fa2c1d4, parameter estimator"
    assert found["seed"] == "42"
    assert found["features"] == ["price", "shop"]
    assert found["input_signature"][1] == {"name": "shop", "type": "string", "required": "no"}
    assert found["command"] == "train.py"
    assert found["change_summary"] == "First registered version."
    assert found["line_of_business"] == str(version.model.team.business_unit)


def test_data_sets_are_told_apart_by_their_use():
    pulled = pulled_values(make_full_version())
    assert pulled["training_data"].value == [
        {"name": "sales", "role": "training", "location": "s3://lake/sales", "digest": "9f31",
         "rows": "1,204"}
    ]  # fmt: skip
    assert [row["name"] for row in pulled["evaluation_data"].value] == ["sales_held"]
    assert pulled["metrics"].value[0] == {
        "metric": "mae", "value": "12.3457", "low": "", "high": "", "dataset": "sales_held",
    }  # fmt: skip


def test_what_nobody_logged_is_not_there():
    bare = make_version(params={}, metrics={}, run_id="", version="2")
    assert set(pulled_values(bare)) == {"name", "version"}


def test_a_metric_that_is_not_finite_says_so():
    version = make_version(metrics={"loss": None})
    assert pulled_values(version)["metrics"].value[0]["value"] == "not a finite number"


@pytest.mark.parametrize(
    "odd",
    [
        {"signature": {"inputs": "not json", "outputs": 7}},
        {"signature": {"inputs": '[{"name": "x", "type": "long"}]', "outputs": [None, 3]}},
        {"signature": {"inputs": [{"type": "tensor", "tensor-spec": {"dtype": "float32"}}]}},
        {"datasets": [None, "x", {"name": None, "profile": "{broken"}]},
        {"flavors": ["python_function"], "params": {"loss": ""}},
        {"datasets": {"a": 1}},
    ],
)
def test_odd_facts_never_break_a_card(odd):
    version = make_full_version(**odd)
    assert set(pulled_values(version)) == pulled_keys(version)


def test_keys_agree_with_values_and_ask_nothing(django_assert_num_queries):
    model = make_owned_model(owner=make_user())
    version = make_full_version(model)
    expected = set(pulled_values(version))
    fresh = type(version).objects.select_related("model").get(pk=version.pk)
    with django_assert_num_queries(0):
        assert pulled_keys(fresh) == expected
    assert {"technical_owner", "team", "line_of_business"} <= expected
