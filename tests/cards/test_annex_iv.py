"""The nine points of Annex IV: every mapped field has its place, what is missing is named."""

import pytest

from registry.cards.annex_iv import outline, points_of
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import UNKNOWN, make_full_version, scientist_of, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def card():
    version = make_full_version()
    changes = {"overview": written("Forecasts sales."), "contact": UNKNOWN}
    card_save(actor=scientist_of(version), version_id=version.pk, base_revision=0, changes=changes)
    return card_of(version)


def test_every_mapped_field_is_placed_and_none_is_lost(card):
    points = points_of(card)
    assert [point.number for point in points] == list("123456789")
    placed = {p.item.field.key for point in points for p in [*point.said, *point.gaps]}
    assert placed == {f.field.key for f in card.fields if f.field.maps.get("annex_iv")}


def test_a_field_goes_to_each_point_that_its_mapping_names(card):
    said = {
        point.number: {p.item.field.key: p.letters for p in point.said} for point in points_of(card)
    }
    assert said["1"]["overview"] == "a"
    assert said["2"]["input_signature"] == "b"
    assert said["3"]["input_signature"] == ""


def test_what_is_unknown_is_a_gap(card):
    gaps = {p.item.field.key for point in points_of(card) for p in point.gaps}
    assert "contact" in gaps
    html = outline(card)
    assert "said to be unknown" in html
    assert card.revision.digest in html
    for inert in ("<script", "<link", "<style", " style=", " src=", " onerror="):
        assert inert not in html


def test_files_stand_at_their_answer_and_open_comments_at_the_end(version_with_notes):
    html = outline(card_of(version_with_notes))
    answer = html.index("Forecasts sales.")
    assert answer < html.index("bias-report.pdf") < html.index("minutes.csv")
    assert "ab" * 32 in html
    assert "Why &lt;b&gt;this&lt;/b&gt; metric?" in html
    assert html.index("Because planners read it.") > html.index("Comments")
    assert "Settled long ago" not in html
    assert "withdrawn.pdf" not in html
