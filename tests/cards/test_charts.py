"""Charts come from what the card and the run say, each with its table; nothing logged is said."""

import json

import pytest

from registry.cards.figures import BACKTEST, CALIBRATION, charts_of
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import make_full_version, scientist_of, written

pytestmark = pytest.mark.django_db
ROWS = [
    {"slice": "north <b>", "metric": "mae", "value": "4.2", "low": "4", "high": "4.5"},
    {"slice": "south", "metric": "mae", "value": "5", "low": "", "high": ""},
    {"slice": "west", "metric": "mae", "value": "unclear", "low": "", "high": ""},
]


def charts(version):
    return {chart.id: chart for chart in charts_of(card_of(version), [version])}


def test_where_nothing_was_logged_it_is_said():
    found = charts(make_full_version(metrics={}))
    assert len(found) == 4
    assert all(chart.why_not and not chart.figure for chart in found.values())


def test_slices_keep_their_intervals_and_a_table():
    version = make_full_version()
    changes = {"slices": written(ROWS)}
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    chart = charts(version)["slices-0"]
    trace = chart.figure["data"][0]
    assert trace["x"] == [4.2, 5.0]
    assert trace["error_x"]["array"] == pytest.approx([0.3, 0])
    assert trace["error_x"]["arrayminus"] == pytest.approx([0.2, 0])
    assert "<" not in trace["y"][0]
    assert chart.table["rows"][1] == ["south", "5", "", ""]


def test_calibration_and_backtest_come_from_the_runs_tags():
    tags = {
        CALIBRATION: json.dumps([{"predicted": 0.1, "observed": 0.12}, {"predicted": "x"}]),
        BACKTEST: json.dumps([{"window": "2026-06", "value": 4.1}]),
    }
    found = charts(make_full_version(run_tags=tags))
    assert found["calibration"].table["rows"] == [[0.1, 0.12]]
    assert found["backtest"].table["rows"] == [["2026-06", 4.1]]


@pytest.mark.parametrize("text", ["{", "{}", "[1]", "[" * 5000, '[{"predicted": 1e999}]', "null"])
def test_odd_tags_give_no_chart(text):
    found = charts(make_full_version(run_tags={CALIBRATION: text, BACKTEST: text}))
    assert found["calibration"].why_not
    assert found["backtest"].why_not
