"""Changing owner, contact and review date of several cards: planned, then each by itself."""

import json
from datetime import date

import pytest

from portal.accounts.permissions import Role
from portal.errors import Invalid
from portal.trail.models import TrailEvent
from registry.cards.many.services import MOST, Seen, Wanted, cards_change, cards_plan
from registry.cards.models import CardRevision
from registry.cards.services import card_save
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.cards.facts import make_full_version, scientist_of, written
from tests.factories import make_actor, make_model, make_team, make_user

pytestmark = pytest.mark.django_db
DAY = date(2027, 3, 31)


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def owner(team):
    return make_actor(Role.MODEL_OWNER, team=team)


def version(name, team, **changes):
    made = make_full_version(make_model(name, team=team))
    refresh_models([made.model_id])
    if changes:
        save(made, 0, **changes)
    return made


def save(made, base, **changes):
    actor = scientist_of(made)
    return card_save(actor=actor, version_id=made.pk, base_revision=base, changes=changes)


def seen(plan):
    return [outcome.seen for outcome in plan]


def values(made):
    return CardRevision.objects.filter(version=made).first().values


def test_the_plan_says_what_would_change_and_changes_nothing(
    team, owner, django_assert_num_queries
):
    one, two = version("one", team), version("two", team, contact=written("b@example"))
    other = version("other", make_team())
    wanted = Wanted({"contact": "b@example"})
    with django_assert_num_queries(4):
        plan = cards_plan(
            actor=owner, model_ids=[one.model_id, two.model_id, other.model_id], wanted=wanted
        )
    assert {o.model.name: o.state for o in plan} == {
        "one": "change",
        "two": "same",
        "other": "refused",
    }
    assert [(s.label, s.before, s.after) for s in plan[0].steps] == [
        ("Contact for questions", "no answer", "b@example")
    ]
    assert CardRevision.objects.count() == 1


def test_each_card_gets_one_revision_and_its_events(team, owner):
    person = make_user()
    made = [version("one", team), version("two", team, overview=written("Mine"))]
    ids = [one.model_id for one in made]
    wanted = Wanted({"owner": person, "contact": "b@example", "expiry": DAY}, "Handed over")
    plan = cards_plan(actor=owner, model_ids=ids, wanted=wanted)
    outcomes = cards_change(actor=owner, seen=seen(plan), wanted=wanted)
    assert [(o.state, o.revision) for o in outcomes] == [("change", 1), ("change", 2)]
    for one in made:
        model = RegisteredModel.objects.get(pk=one.model_id)
        assert (model.owner, model.card_contact, model.card_review_on) == (
            person,
            "b@example",
            DAY,
        )
        assert values(one)["expiry"]["value"] == "2027-03-31"
    assert values(made[1])["overview"]["value"] == "Mine"
    events = TrailEvent.objects.order_by("-seq")[:4]
    assert sorted(event.verb for event in events) == ["card.edit"] * 2 + ["model.assign"] * 2
    assert all(json.loads(event.body)["reason"] == "Handed over" for event in events)
    again = cards_change(actor=owner, seen=seen(plan), wanted=wanted)
    assert [outcome.state for outcome in again] == ["same", "same"]


def test_a_card_that_somebody_changed_meanwhile_is_told_and_left_alone(team, owner):
    person = make_user()
    one, two = version("one", team, contact=written("a@example")), version("two", team)
    wanted = Wanted({"contact": "b@example", "owner": person})
    plan = cards_plan(actor=owner, model_ids=[one.model_id, two.model_id], wanted=wanted)
    save(one, 1, contact=written("c@example"))
    outcomes = {o.model.name: o for o in cards_change(actor=owner, seen=seen(plan), wanted=wanted)}
    assert (outcomes["one"].state, outcomes["two"].state) == ("clash", "change")
    assert [(s.before, s.after) for s in outcomes["one"].steps] == [("c@example", "b@example")]
    assert values(one)["contact"]["value"] == "c@example"
    model = RegisteredModel.objects.get(pk=one.model_id)
    assert model.owner is None  # the owner of that card was rolled back with its answers


def test_a_change_in_another_field_is_kept(team, owner):
    one = version("one", team, contact=written("a@example"))
    wanted = Wanted({"contact": "b@example"})
    plan = cards_plan(actor=owner, model_ids=[one.model_id], wanted=wanted)
    save(one, 1, overview=written("Meanwhile"))
    assert cards_change(actor=owner, seen=seen(plan), wanted=wanted)[0].state == "change"
    assert values(one)["overview"]["value"] == "Meanwhile"


def test_an_owner_or_a_version_that_changed_meanwhile_is_a_clash(team, owner):
    one, two = version("one", team), version("two", team)
    wanted = Wanted({"owner": make_user()})
    plan = cards_plan(actor=owner, model_ids=[one.model_id, two.model_id], wanted=wanted)
    RegisteredModel.objects.filter(pk=one.model_id).update(owner=make_user())
    make_full_version(two.model)
    refresh_models([two.model_id])
    outcomes = cards_change(actor=owner, seen=seen(plan), wanted=wanted)
    assert [outcome.state for outcome in outcomes] == ["clash", "clash"]
    assert "Version 2 has arrived" in outcomes[1].why


def test_who_may_not_is_told_which_card_and_why(team):
    one = version("one", team)
    scientist = make_actor(Role.DATA_SCIENTIST, team=team)
    refused = cards_plan(
        actor=scientist, model_ids=[one.model_id], wanted=Wanted({"owner": make_user()})
    )
    assert refused[0].state == "refused"
    assert "you need one of these roles: Model owner" in refused[0].why
    forged = [Seen(one.model_id, "1", 0, None)]
    outcomes = cards_change(actor=scientist, seen=forged, wanted=Wanted({"owner": make_user()}))
    assert outcomes[0].state == "refused"
    assert not TrailEvent.objects.filter(verb="model.assign").exists()


@pytest.mark.parametrize(
    ("changes", "place"),
    [({"contact": "x" * 501}, "contact"), ({"contact": "a\x00"}, "contact"), ({}, None)],
)
def test_a_value_that_no_card_takes_is_refused_before_any(team, owner, changes, place):
    one = version("one", team)
    with pytest.raises(Invalid) as caught:
        cards_change(actor=owner, seen=[Seen(one.model_id, "1", 0)], wanted=Wanted(changes))
    assert list(caught.value.fields) == ([place] if place else [])
    with pytest.raises(Invalid):
        cards_plan(actor=owner, model_ids=range(1, MOST + 2))


def test_the_pages_from_choosing_to_saving(client, team):
    client.force_login(make_user(Role.MODEL_OWNER, team=team))
    one, two = version("one", team), version("two", team)
    assert client.get("/cards/change/").status_code == 302
    first = client.get(f"/cards/change/?model={one.model_id}&model={two.model_id}&model=x")
    assert "Change 2 cards" in first.content.decode()
    form = {"seen": first.context["seen"], "set_contact": "on", "contact": "b@example"}
    preview = client.post("/cards/change/", form)
    html = preview.content.decode()
    assert "What would change" in html
    assert "b@example" in html
    assert not CardRevision.objects.exists()
    form["seen"] = preview.context["seen"]
    save(one, 0, contact=written("c@example"))
    mixed = client.post("/cards/change/", {**form, "save": "1"}).content.decode()
    assert "1 card changed." in mixed
    assert "Changed by somebody else" in mixed
    assert "c@example" in mixed
    form["seen"] = client.get(f"/cards/change/?model={one.model_id}").context["seen"]
    done = client.post("/cards/change/", {**form, "save": "1"}, follow=True)
    assert "1 card changed." in done.content.decode()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"set_contact": "on", "contact": " "},
        {"set_expiry": "on", "expiry": "31.03.2027"},
        {"set_owner": "on", "owner": "999999"},
        {"set_contact": "on", "contact": "a\tb" + "x" * 600},
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_choice_is_kept(client, team, given):
    client.force_login(make_user(Role.MODEL_OWNER, team=team))
    one = version("one", team)
    seen = client.get(f"/cards/change/?model={one.model_id}").context["seen"]
    answer = client.post("/cards/change/", {"seen": seen, **given})
    assert answer.status_code == 422
    assert "one" in answer.content.decode()


@pytest.mark.parametrize("seen", ["", "{", "[[1]]", "[" * 9000, '[["a","1",0,""]]', "[1]", "null"])
def test_a_broken_list_of_cards_is_a_precise_message(client, team, seen):
    client.force_login(make_user(Role.MODEL_OWNER, team=team))
    answer = client.post("/cards/change/", {"seen": seen, "set_owner": "on"})
    assert answer.status_code == 400
    assert "choose them again" in answer.content.decode()
