"""The tier that answers give, who may set another, and what is kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.tiers.models import TierAssessment
from governance.tiers.questionnaire import outcome_of, questionnaire_of
from governance.tiers.services import tier_assess
from portal.accounts.permissions import Role
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from tests.factories import make_actor, make_model, make_team, make_version

pytestmark = pytest.mark.django_db
LOW = {
    "exposure": "small",
    "purpose": "report",
    "autonomy": "informs",
    "people": "none",
    "personal_data": "none",
    "reversibility": "at_once",
    "opacity": "plain",
    "legal_class": "no",
}
DEMAND = {
    **LOW,
    "exposure": "large",
    "purpose": "operate",
    "autonomy": "overridable",
    "people": "few",
    "reversibility": "days",
    "opacity": "partly",
}
RANKING = {
    **LOW,
    "exposure": "medium",
    "purpose": "operate",
    "autonomy": "alone",
    "people": "few",
    "opacity": "partly",
}
PRICING = {
    **LOW,
    "exposure": "huge",
    "purpose": "price",
    "autonomy": "alone",
    "people": "many",
    "reversibility": "hard",
    "opacity": "partly",
}


@pytest.mark.parametrize(
    ("answers", "tier"), [(LOW, "T4"), (RANKING, "T3"), (DEMAND, "T2"), (PRICING, "T1")]
)
def test_the_examples_of_each_tier_land_in_it(answers, tier):
    assert outcome_of(questionnaire_of(), answers).tier == tier


def test_an_answer_can_set_a_floor_and_a_flag():
    answers = {**LOW, "personal_data": "special", "purpose": "report"}
    outcome = outcome_of(questionnaire_of(), answers)
    assert (outcome.score, outcome.tier, outcome.flags) == (4, "T2", ["personal_data"])
    assert "At least T2 because of “Does it use personal data?”" in outcome.rationale


def test_missing_and_unknown_answers_are_named():
    with pytest.raises(Invalid) as refused:
        outcome_of(questionnaire_of(), {**LOW, "opacity": "mist", "people": ""})
    assert set(refused.value.fields) == {"opacity", "people"}


ASKED = questionnaire_of()
ANSWERS = st.fixed_dictionaries(
    {q.key: st.sampled_from([c.value for c in q.choices]) for q in ASKED.questions}
)


@settings(deadline=None, max_examples=200)
@given(answers=ANSWERS, data=st.data())
def test_a_worse_answer_never_gives_a_milder_tier(answers, data):
    question = data.draw(st.sampled_from(ASKED.questions))
    values = [choice.value for choice in question.choices]
    worse = data.draw(st.sampled_from(values[values.index(answers[question.key]) :]))
    before = outcome_of(ASKED, answers)
    after = outcome_of(ASKED, {**answers, question.key: worse})
    assert after.tier <= before.tier
    assert set(before.flags) <= set(after.flags)


@pytest.fixture
def model():
    made = make_model(team=make_team())
    make_version(made)
    return made


@pytest.fixture
def scientist(model):
    return make_actor(Role.DATA_SCIENTIST, team=model.team)


def test_the_tier_and_its_reason_reach_the_model_and_the_trail(model, scientist):
    made = tier_assess(actor=scientist, model_id=model.pk, answers={**DEMAND, "extra": "x"})
    model.refresh_from_db()
    assert (made.tier, model.risk_tier) == ("T2", "T2")
    assert model.tier_reason.startswith("Score 11 gives T2: exposure 3 × purpose 2, autonomy 2")
    assert "extra" not in made.answers
    event = TrailEvent.objects.get(verb="tier.assess")
    assert event.subject_id == str(model.pk)
    assert tier_assess(actor=scientist, model_id=model.pk, answers=DEMAND) == made
    assert TierAssessment.objects.count() == 1


def test_a_stricter_tier_is_free_and_a_milder_one_needs_governance_and_a_reason(model, scientist):
    facts = {"model_id": model.pk, "answers": DEMAND}
    made = tier_assess(actor=scientist, override_tier="T1", **facts)
    assert (made.computed_tier, made.tier) == ("T2", "T1")
    with pytest.raises(Denied, match="less strict than T2"):
        tier_assess(actor=scientist, override_tier="T3", override_reason="Small", **facts)
    lead = make_actor(Role.DATA_GOVERNANCE)
    with pytest.raises(Invalid, match="less strict tier is enough"):
        tier_assess(actor=lead, override_tier="T3", override_reason=" ", **facts)
    made = tier_assess(actor=lead, override_tier="T3", override_reason="Pilot only", **facts)
    model.refresh_from_db()
    assert model.risk_tier == "T3"
    assert model.tier_reason.startswith(f"Set to T3 by {lead.name}, against T2: Pilot only.")


def test_milder_answers_do_not_lower_a_tier_without_governance(model, scientist):
    tier_assess(actor=scientist, model_id=model.pk, answers=PRICING)
    with pytest.raises(Denied, match="less strict than T1"):
        tier_assess(actor=scientist, model_id=model.pk, answers=LOW)
    kept = tier_assess(actor=scientist, model_id=model.pk, answers=LOW, override_tier="T1")
    assert kept.tier == "T1"
    lead = make_actor(Role.GOVERNANCE_LEAD)
    lowered = tier_assess(
        actor=lead, model_id=model.pk, answers=LOW, override_reason="No longer sets prices"
    )
    assert lowered.tier == "T4"


@pytest.mark.parametrize(
    "role",
    [Role.VIEWER, Role.VALIDATOR, Role.AUDITOR, Role.LEADERSHIP, Role.PLATFORM_ADMIN],
)
def test_others_do_not_assess(model, role):
    with pytest.raises(Denied):
        tier_assess(actor=make_actor(role), model_id=model.pk, answers=LOW)


def test_another_team_does_not_assess(model):
    outsider = make_actor(Role.DATA_SCIENTIST, team=make_team())
    with pytest.raises(Denied):
        tier_assess(actor=outsider, model_id=model.pk, answers=LOW)


def test_two_who_answer_at_once_do_not_overwrite_each_other(model, scientist):
    made = tier_assess(actor=scientist, model_id=model.pk, answers=LOW, seen=0)
    with pytest.raises(Conflict):
        tier_assess(actor=scientist, model_id=model.pk, answers=DEMAND, seen=0)
    assert (
        tier_assess(actor=scientist, model_id=model.pk, answers=DEMAND, seen=made.pk).tier == "T2"
    )


def test_a_tier_that_does_not_exist_is_refused(model, scientist):
    with pytest.raises(Invalid):
        tier_assess(actor=scientist, model_id=model.pk, answers=LOW, override_tier="T9")
