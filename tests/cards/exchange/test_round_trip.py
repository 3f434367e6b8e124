"""What is exported and read back: our own formats lose nothing, the others only listed fields."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.cards.answers import Answer, State
from registry.cards.exchange import own_json
from registry.cards.exchange.documents import BadDocument
from registry.cards.exchange.formats import FORMATS, format_of
from registry.cards.exchange.imports import alike
from registry.cards.schema import schema_of
from tests.cards.exchange.made import ANSWERS, EDITABLE, TEXTS, all_of, card_with

SCHEMA = schema_of()
WITHIN = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def differing(key, answers):
    """The fields that come back differently, and whatever the reader could not place."""
    form = FORMATS[key]
    reading = form.read(form.export(card_with(answers)))
    kept = form.kept(SCHEMA)
    wrong = {
        name: (answers.get(name), reading.answers.get(name))
        for name in {*answers, *reading.answers} - {"name", "version"}
        if not alike(SCHEMA.by_key[name], answers.get(name), reading.answers.get(name))
        and (name in kept or name in reading.answers)
    }
    return wrong, reading.unplaced


@WITHIN
@given(answers=ANSWERS)
def test_our_json_loses_nothing(answers):
    card = card_with(answers)
    data = own_json.export(card)
    assert own_json.parsed(data) == own_json.document_of(card)
    assert own_json.written(own_json.parsed(data)) == data
    assert own_json.read(data).answers == answers


@pytest.mark.parametrize("key", ["yaml", "hf", "mct", "cyclonedx"])
def test_other_formats_lose_only_the_listed_fields(key):
    @WITHIN
    @given(answers=ANSWERS)
    def check(answers):
        assert differing(key, answers) == ({}, [])

    check()


@pytest.mark.parametrize("key", ["yaml", "json", "hf", "mct", "cyclonedx"])
def test_a_card_with_every_answer_comes_back(key):
    @settings(WITHIN, max_examples=1)
    @given(answers=all_of(EDITABLE))
    def check(answers):
        assert differing(key, answers) == ({}, [])

    check()


@pytest.mark.parametrize("key", FORMATS)
def test_a_format_is_told_from_the_document(key):
    said = {"overview": Answer(State.WRITTEN, "Forecasts sales."), "contact": Answer(State.UNKNOWN)}
    assert format_of(FORMATS[key].export(card_with(said))).key == key
    assert format_of(FORMATS[key].export(card_with({}))).key == key


@pytest.mark.parametrize("key", FORMATS)
def test_the_same_card_gives_the_same_bytes(key):
    said = dict.fromkeys(EDITABLE, Answer(State.UNKNOWN))
    assert FORMATS[key].export(card_with(said)) == FORMATS[key].export(card_with(said))


@pytest.mark.parametrize("key", FORMATS)
def test_no_text_makes_a_reader_fail(key):
    """A document that was cut or changed anywhere is read or refused, never a failure of ours."""

    @settings(WITHIN, max_examples=15)
    @given(answers=ANSWERS, text=TEXTS, place=st.floats(0, 1), cut=st.integers(0, 40))
    def check(answers, text, place, cut):
        data = FORMATS[key].export(card_with(answers)).decode()
        at = int(place * len(data))
        try:
            FORMATS[key].read((data[:at] + text + data[at + cut :]).encode(errors="replace"))
        except BadDocument:
            return

    check()
