"""What an import would do, worked out before anything is done."""

import json

import pytest

from registry.cards.answers import Answer, State
from registry.cards.exchange import own_json
from registry.cards.exchange.documents import Reading
from registry.cards.exchange.imports import alike, plan_of
from registry.cards.schema import schema_of
from tests.cards.exchange.made import card_with

SCHEMA = schema_of()


def written(value):
    return Answer(State.WRITTEN, value)


def plan(card, **answers):
    return plan_of(card, Reading(dict(answers), dict.fromkeys(answers, "line 1")))


def test_line_ends_and_the_spaces_around_cells_are_no_change():
    text, table = SCHEMA.by_key["overview"], SCHEMA.by_key["risks"]
    assert alike(text, written("a\r\nb"), written("a\nb"))
    assert not alike(text, written("a b"), written("a  b"))
    assert alike(table, written([{"risk": " a "}]), written([{"risk": "a", "residual": ""}]))
    assert not alike(table, written([{"risk": "a"}]), written([{"risk": "b"}]))


def test_what_a_source_had_said_is_listed_and_not_made_a_persons_answer():
    old = card_with({"seed": written("41")}, pulled=frozenset({"seed"}))
    new = card_with({"seed": written("42")}, pulled=frozenset({"seed"}))
    found = plan_of(new, own_json.read(own_json.export(old)))
    assert found.changes == []
    assert [item.text for item in found.unplaced if "Random seed" in item.text] == [
        "Random seed: 41"
    ]


def test_what_nobody_writes_on_a_card_is_listed():
    found = plan(card_with({}), risk_tier=written("T4"), overview=written("Forecasts."))
    assert [change.field.key for change in found.changes] == ["overview"]
    assert "Nobody writes this on the card" in found.unplaced[0].why


def test_a_field_of_another_schema_is_listed():
    found = plan(card_with({}), colour=written("blue"), overview=written("Forecasts."))
    assert [change.field.key for change in found.changes] == ["overview"]
    assert [(item.text, item.why) for item in found.unplaced] == [
        ("blue", "Card schema 1 has no such field.")
    ]


def test_the_digest_changes_with_what_would_be_done():
    one = plan(card_with({}), overview=written("A"))
    assert one.digest == plan(card_with({"contact": written("x")}), overview=written("A")).digest
    assert one.digest != plan(card_with({}), overview=written("B")).digest
    assert one.digest != plan(card_with({"overview": written("C")}), overview=written("A")).digest


ODD = (
    None,
    7,
    True,
    "",
    "x",
    [],
    [1],
    ["a", None],
    {},
    {"a": 1},
    [{"a": {}}],
    [[[]]],
    "x" * 1_100,
)


@pytest.mark.parametrize("odd", ODD, ids=lambda value: json.dumps(value)[:20])
def test_any_value_in_any_field_is_a_fault_or_a_change_and_never_a_failure(odd):
    for state in (*State, "pulled", "inherited"):
        fields = {field.key: {"state": str(state), "value": odd, "reason": odd} for field in SCHEMA}
        document = {"signet_card": 1, "schema_version": "1", "fields": fields}
        found = plan_of(card_with({}), own_json.read(json.dumps(document).encode()))
        left = [item for item in found.unplaced if not item.place.endswith(".value")]
        told = len(found.changes) + len(found.faults) + len(left) + found.same
        assert told == len(fields)
