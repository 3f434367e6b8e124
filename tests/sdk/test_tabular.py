"""Tabular adapters: scikit-learn's conventions, plain files, and values never seen in training."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from signet.adapters import adapter, kinds
from signet.adapters.base import BadData, NotFitted
from signet.adapters.state import BadState, state_digest
from signet.adapters.tabular import SklearnModel
from signet.errors import SignetError


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(0)
    X = pd.DataFrame({"spend": random.normal(size=400), "shop": random.choice(list("xyz"), 400)})
    return X, (X.spend + (X["shop"] == "x") > 0.3).map({True: "yes", False: "no"})


def boosted(**params):
    inner = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=10)
    return SklearnModel(inner, **params)


def piped(**params):
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["shop"]), (StandardScaler(), ["spend"])
    )
    return SklearnModel(make_pipeline(columns, LogisticRegression()), **params)


def of_ones_own(table: pd.DataFrame) -> pd.DataFrame:
    return table


@pytest.mark.parametrize("make", [boosted, piped])
def test_a_saved_model_predicts_the_same(make, data, tmp_path):
    X, y = data
    model = make().fit(X, y)
    again = SklearnModel.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))
    assert list(model.predict(X)) == ["prediction", "p_no", "p_yes"]


def test_one_seed_gives_one_state(data, tmp_path):
    X = data[0]
    forest = SklearnModel(RandomForestRegressor(n_estimators=3))
    first = clone(forest).fit(X[["spend"]], X.spend).save(tmp_path / "a")
    second = clone(forest).fit(X[["spend"]], X.spend).save(tmp_path / "b")
    other = clone(forest).set_params(seed=1).fit(X[["spend"]], X.spend).save(tmp_path / "c")
    assert state_digest(first) == state_digest(second) != state_digest(other)


def test_scikit_learns_own_tools_take_it(data):
    X, y = data
    model = piped()
    scores = cross_val_score(model, X, y, cv=3, scoring=lambda m, X, y: m.estimator_.score(X, y))
    assert scores.min() > 0.8
    model.set_params(estimator__logisticregression__C=7.0, threads=2)
    assert (model.get_params()["estimator__logisticregression__C"], model.threads) == (7.0, 2)
    with pytest.raises(ValueError, match="no parameter 'depth'"):
        model.set_params(depth=3)


def test_fit_and_predict_leave_the_data_as_it_was_and_ignore_order_and_batches(data):
    X, y = data
    before = X.copy()
    model = boosted().fit(X, y)
    whole = model.predict(X)
    pd.testing.assert_frame_equal(X, before)
    mixed = X.sample(frac=1, random_state=3).assign(more=1)[["more", "shop", "spend"]]
    pd.testing.assert_frame_equal(model.predict(mixed).sort_index(), whole)
    pd.testing.assert_frame_equal(model.predict(X.iloc[[7]]), whole.iloc[[7]])


def test_unseen_categories_follow_the_policy_and_are_counted(data):
    X, y = data
    strange = pd.DataFrame({"spend": [0.1, 0.2], "shop": ["new", "x"]})
    with pytest.raises(BadData, match=r"column shop holds values .* 'new'"):
        piped().fit(X, y).predict(strange)
    for policy in ("other", "null"):
        model = piped(unknown_category=policy).fit(X, y)
        assert len(model.predict(strange)) == 2
        assert model.unseen_categories == {"shop": 1}


def test_bad_data_is_named(data):
    X, y = data
    model = piped().fit(X, y)
    with pytest.raises(BadData, match="missing: spend"):
        model.predict(X[["shop"]])
    with pytest.raises(BadData, match="spend holds text"):
        model.predict(X.assign(spend="much"))
    with pytest.raises(BadData, match="400 rows and 3 labels"):
        piped().fit(X, y[:3])
    with pytest.raises(BadData, match="at least two classes"):
        piped().fit(X, ["yes"] * len(X))
    with pytest.raises(BadData, match="labels are missing"):
        piped().fit(X, y.where(X.spend > 0, None))
    with pytest.raises(NotFitted):
        piped().predict(X)
    with pytest.raises(NotFitted):
        piped().save("nowhere")


def test_an_estimator_that_could_run_code_is_refused_when_saved(data, tmp_path):
    X, y = data
    inside = make_pipeline(FunctionTransformer(of_ones_own), LogisticRegression())
    with pytest.raises(BadState, match="of_ones_own"):
        SklearnModel(inside).fit(X[["spend"]], y).save(tmp_path / "model")


def test_changed_missing_and_foreign_files_are_refused(data, tmp_path):
    X, y = data
    folder = piped().fit(X, y).save(tmp_path / "model")
    with pytest.raises(BadState, match="not empty"):
        piped().fit(X, y).save(folder)
    content = (folder / "model.skops").read_bytes()
    (folder / "model.skops").write_bytes(content[:-1] + b"!")
    with pytest.raises(BadState, match="was changed"):
        SklearnModel.load(folder)
    (folder / "state.json").write_text("[]")
    with pytest.raises(BadState, match="not a state"):
        SklearnModel.load(folder)
    with pytest.raises(BadState, match="no model saved"):
        SklearnModel.load(tmp_path / "empty")


def test_kinds_are_found_by_name():
    assert adapter("tabular.sklearn") is SklearnModel
    with pytest.raises(SignetError, match=r"no adapter 'tabular.magic'; .*tabular.sklearn"):
        adapter("tabular.magic")
    assert "tabular.sklearn" in kinds()
