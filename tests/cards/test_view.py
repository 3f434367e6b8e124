"""What a reader sees: states, inheritance, the amber mark, gaps by name."""

import pytest

from registry.cards.entries import Standing
from registry.cards.gaps import card_facts
from registry.cards.queries import standing_revision, standing_revisions
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import (
    UNKNOWN,
    make_full_version,
    make_owned_model,
    not_applicable,
    scientist_of,
    written,
)
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def save(version, base=0, **changes):
    return card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
    ).revision


def standings(version, *keys):
    card = card_of(version)
    return [card.field(key).standing for key in keys]


def test_each_state_says_where_it_comes_from():
    version = make_full_version()
    save(version, overview=written("A"), contact=UNKNOWN, on_call=not_applicable("Runs by hand"))
    assert standings(version, "overview", "contact", "on_call", "metrics", "validator") == [
        Standing.WRITTEN, Standing.UNKNOWN, Standing.NOT_APPLICABLE, Standing.PULLED,
        Standing.MISSING,
    ]  # fmt: skip
    card = card_of(version)
    assert card.field("overview").origin.startswith("Written by user")
    assert card.field("overview").at is not None
    assert card.field("on_call").reason == "Runs by hand"
    assert card.field("metrics").origin == "From MLflow run 3fa2c1d4, metrics"


def test_a_new_version_starts_from_the_nearest_earlier_card():
    model = make_owned_model()
    first, second, third = (make_full_version(model) for _ in range(3))
    save(first, overview=written("Old"))
    save(
        second,
        overview=written("Newer"),
        on_call=not_applicable("Runs by hand"),
        contact=UNKNOWN,
        baseline=written("Only about version 2"),
    )
    card = card_of(third)
    assert card.number == 0
    assert card.taken_over_from == "2"
    overview = card.field("overview")
    assert (overview.standing, overview.value) == (Standing.INHERITED, "Newer")
    assert overview.origin.startswith("Carried over from version 2, by")
    assert standings(third, "on_call", "contact", "baseline") == [
        Standing.NOT_APPLICABLE, Standing.MISSING, Standing.MISSING,
    ]  # fmt: skip


def test_the_first_save_fixes_what_was_inherited():
    model = make_owned_model()
    first, second = make_full_version(model), make_full_version(model)
    save(first, overview=written("Old"), contact=written("mail"))
    revision = save(second, on_call=written("phone"))
    assert revision.values["overview"]["from_version"] == "1"
    save(first, 1, overview=written("Later words"))
    card = card_of(second)
    assert (card.field("overview").value, card.field("overview").standing) == (
        "Old", Standing.INHERITED,
    )  # fmt: skip
    third = make_full_version(model)
    assert card_of(third).field("overview").origin.startswith("Carried over from version 1, by")


def test_a_versions_own_facts_beat_what_was_written_about_an_earlier_one():
    model = make_owned_model(description="From MLflow")
    first, second = make_full_version(model), make_full_version(model)
    save(first, architecture=written("Trees"), overview=written("Words"))
    assert standings(second, "architecture", "overview") == [Standing.PULLED, Standing.INHERITED]


def test_a_changed_source_turns_amber_and_keeps_both():
    version = make_full_version()
    save(version, architecture=written("Trees"))
    shown = card_of(version).field("architecture")
    assert (shown.value, shown.pulled.value) == ("Trees", "GradientBoostingRegressor")
    assert shown.overridden
    assert not shown.source_changed
    version.params = {**version.params, "estimator": "RandomForestRegressor"}
    version.save()
    shown = card_of(version).field("architecture")
    assert shown.source_changed
    assert (shown.value, shown.pulled.value) == ("Trees", "RandomForestRegressor")
    version.params = {**version.params, "estimator": "Trees"}
    version.save()
    assert not card_of(version).field("architecture").source_changed


def test_gaps_have_names_and_reasons():
    version = make_full_version(make_owned_model(risk_tier="T2", tier_reason="Moves stock"))
    save(version, overview=written("A"), personal_data=written("none"), contact=UNKNOWN)
    card = card_of(version)
    gaps = {gap.field.key: gap for gap in card.gaps}
    assert "overview" not in gaps
    assert "metrics" not in gaps
    assert "risk_tier" not in gaps
    assert gaps["contact"].said_unknown
    assert gaps["contact"].why == "Required at every tier"
    assert gaps["risks"].why == "Required at T2 high"
    assert "technical_owner" in gaps
    assert not any(card.schema.by_key[key].section == "governance" for key in gaps)
    assert card.answered == card.required - len(gaps)
    assert sum(section.gaps for section in card.sections) == len(gaps)
    assert sum(section.required for section in card.sections) == card.required


def test_personal_data_asks_for_the_fairness_section():
    version = make_full_version()
    assert "fairness_result" not in {gap.field.key for gap in card_of(version).gaps}
    save(version, personal_data=written("special"))
    gap = next(gap for gap in card_of(version).gaps if gap.field.key == "fairness_result")
    assert gap.why == "Required because personal data is used"


def test_counts_agree_with_the_card_for_every_tier_and_ask_nothing(django_assert_num_queries):
    model = make_owned_model(owner=make_user())
    first, second = make_full_version(model), make_full_version(model)
    save(first, overview=written("A"), personal_data=written("personal"))
    versions = list(type(first).objects.select_related("model").filter(model=model))
    with django_assert_num_queries(2):
        revisions = standing_revisions(versions)
    assert {pk: r.pk for pk, r in revisions.items()} == {
        version.pk: standing_revision(version).pk for version in (first, second)
    }
    for tier in ("T1", "T2", "T3", "T4", ""):
        for version in versions:
            version.model.risk_tier = tier
            with django_assert_num_queries(0):
                facts = card_facts(version, revisions[version.pk], tier=tier)
            card = card_of(version)
            assert (facts.required, facts.answered) == (card.required, card.answered)
            assert [*facts.gaps] == [gap.field.key for gap in card.gaps]


def test_without_a_tier_the_questions_of_every_tier_are_asked():
    version = make_full_version()
    required = {t: card_facts(version, None, tier=t).required for t in ("", "T1", "T3", "T4")}
    assert required[""] == required["T4"] < required["T3"] < required["T1"]


def test_what_changed_since_the_version_before_and_against_the_champion():
    model = make_owned_model(aliases={"champion": "1"})
    make_full_version(model)
    second = make_full_version(model, metrics={"mae": 11.0, "r2": 0.91}, params={"max_depth": "8"})
    card = card_of(second)
    assert {"name": "max_depth", "before": "6", "after": "8"} in card.field("difference").value
    assert {"name": "seed", "before": "42", "after": "–"} in card.field("difference").value
    assert card.field("champion_delta").value == [
        {"metric": "mae", "champion": "12.3457", "value": "11"},
        {"metric": "r2", "champion": "0.91", "value": "0.91"},
    ]


def test_an_old_revision_can_be_read_as_it_was():
    version = make_full_version()
    save(version, overview=written("First"))
    save(version, 1, overview=written("Second"), contact=written("mail"))
    old = card_of(version, number=1)
    assert (old.number, old.field("overview").value) == (1, "First")
    assert old.field("contact").standing is Standing.MISSING


def test_a_card_costs_few_queries(django_assert_max_num_queries):
    model = make_owned_model(owner=make_user())
    make_full_version(model)
    version = make_full_version(model)
    save(version, overview=written("A"))
    loaded = type(version).objects.select_related("model__owner", "model__team__business_unit")
    version = loaded.get(pk=version.pk)
    with django_assert_max_num_queries(3):
        card_of(version)
