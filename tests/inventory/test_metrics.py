"""How a version's metrics stand against the champion's."""

import pytest

from registry.inventory.metrics import measures


@pytest.mark.parametrize(
    ("name", "value", "champion", "verdict"),
    [
        ("roc_auc", 0.83, 0.81, "better"),
        ("roc_auc", 0.78, 0.81, "worse"),
        ("rmse", 110.0, 112.0, "better"),
        ("rmse", 176.0, 112.0, "worse"),
        ("bias", -3.7, 2.6, "worse"),
        ("bias", -1.0, 2.6, "better"),
        ("bias", -2.0, 2.0, ""),
        ("positive_share", 0.2, 0.1, ""),
        ("roc_auc", 0.81, 0.81, ""),
    ],
)
def test_verdict_knows_which_way_is_better(name, value, champion, verdict):
    [measure] = measures({name: value}, [name], {name: champion})
    assert measure.verdict == verdict


def test_no_verdict_without_a_champion():
    [measure] = measures({"rmse": 1.0}, ["rmse"], None)
    assert (measure.delta, measure.verdict) == (None, "")
