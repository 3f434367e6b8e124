"""The list of cards: named gaps, owners and review dates, narrowed, sorted and counted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.permissions import Role
from registry.cards.many.filters import Review, review_of
from registry.cards.many.listing import named_gaps
from registry.cards.services import card_save
from registry.cards.view import card_of
from registry.inventory.lifecycle import refresh_models
from registry.inventory.models import RegisteredModel
from tests.cards.facts import UNKNOWN, make_full_version, make_owned_model, scientist_of, written
from tests.factories import make_model, make_team, make_user, make_version

pytestmark = pytest.mark.django_db


def day(days):
    return timezone.localdate() + timedelta(days=days)


def card(name, base=0, **changes):
    version = make_full_version(make_owned_model(name))
    refresh_models([version.model_id])
    if changes:
        card_save(
            actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
        )
    return version


def page(client, query="", role=Role.VIEWER, **fields):
    client.force_login(make_user(role, **fields))
    return client.get(f"/cards/{query}")


def names(response):
    return [row.model.name for row in response.context["listing"].cards]


def test_each_card_names_what_it_misses_with_the_place_to_answer_it(client):
    version = card("demand", contact=UNKNOWN, expiry=written(str(day(7))))
    base = f"/models/{version.model_id}/versions/1/card/"
    reader = page(client)
    row = reader.context["listing"].cards[0]
    gaps = {gap.field.key: gap for gap in named_gaps(row.model, may_edit=False)}
    assert gaps["contact"].said_unknown
    assert gaps["contact"].why == "Required at every tier"
    assert gaps["contact"].url.startswith(f"{base}#")
    assert gaps["technical_owner"].url == f"/models/{version.model_id}/owner/"
    assert not row.may_change
    assert "Within 30 days" in reader.content.decode()
    row = (
        page(client, role=Role.DATA_SCIENTIST, team=version.model.team).context["listing"].cards[0]
    )
    assert row.may_change
    gaps = named_gaps(row.model, may_edit=row.may_change)
    url = {gap.field.key: gap.url for gap in gaps}["contact"]
    assert url.startswith(f"{base}edit/?section=")
    assert url.endswith("#field-contact")


def test_the_listed_gaps_are_those_of_the_card_itself(client):
    version = card("demand", overview=written("A"), personal_data=written("personal"))
    row = page(client).context["listing"].cards[0]
    shown = card_of(type(version).objects.get(pk=version.pk))
    gaps = named_gaps(row.model, may_edit=False)
    assert [gap.field.key for gap in gaps] == [gap.field.key for gap in shown.gaps]
    assert [gap.why for gap in gaps] == [gap.why for gap in shown.gaps]
    assert (row.gaps, row.other_gaps) == (gaps[:5], len(gaps) - 5)


def test_it_is_narrowed_by_gap_review_and_state(client):
    card("soon", expiry=written(str(day(3))), contact=written("a@example"))
    card("late", expiry=written(str(day(-3))))
    card("plain")
    assert names(page(client, "?review=overdue")) == ["late"]
    assert names(page(client, "?review=overdue&review=soon")) == ["late", "soon"]
    assert names(page(client, "?review=undated")) == ["plain"]
    assert names(page(client, "?gap=contact")) == ["late", "plain"]
    assert names(page(client, "?state=complete")) == []
    assert names(page(client, "?sort=review")) == ["late", "soon", "plain"]
    assert names(page(client, "?q=lat")) == ["late"]
    answer = page(client, "?gap=nonsense&sort=nonsense")
    assert len(answer.context["listing"].criteria.left_out) == 2
    assert len(names(answer)) == 3


def test_facets_count_and_the_most_frequent_gap_comes_first(client):
    card("one", contact=written("a@example"))
    card("two")
    listing = page(client).context["listing"]
    counts = {option.value: option.count for option in listing.facets[0].options}
    assert counts["contact"] == 1
    assert counts["overview"] == 2
    assert next(iter(listing.gap_counts.values())) == 2
    review = next(facet for facet in listing.facets if facet.name == "review")
    assert {o.value: o.count for o in review.options}[Review.UNDATED] == 2


def test_models_without_a_version_or_gone_have_no_card_here(client):
    make_model("empty")
    gone = card("gone")
    RegisteredModel.objects.filter(pk=gone.model_id).update(gone_at=timezone.now())
    answer = page(client)
    assert names(answer) == []
    assert "No card yet" in answer.content.decode()
    assert "No card matches" in page(client, "?q=nothing").content.decode()


def test_my_teams_cards(client):
    version = card("ours")
    card("theirs")
    answer = page(client, "?mine=1", Role.DATA_SCIENTIST, team=version.model.team)
    assert names(answer) == ["ours"]


def test_htmx_gets_the_results_alone(client):
    card("demand")
    client.force_login(make_user(Role.VIEWER))
    headers = {"HX-Request": "true", "HX-Target": "results", "HX-Trigger": "filters"}
    answer = client.get("/cards/?gap=overview", headers=headers)
    assert answer["HX-Push-Url"] == "/cards/?gap=overview"
    html = answer.content.decode()
    assert "<main" not in html
    assert "demand" in html


def test_review_of_agrees_with_the_database():
    for days, expected in ((-1, "overdue"), (0, "soon"), (30, "soon"), (31, "later")):
        assert review_of(day(days)) == expected
    assert review_of(None) == "undated"


def test_the_daily_job_brings_the_lists_up_to_date():
    from registry.cards.many.tasks import refresh

    version = make_version(make_model(team=make_team()))
    assert version.model.card_gaps == {}

    class Context:
        def progress(self, *args):
            pass

        def check_cancelled(self):
            pass

    assert refresh(Context())["text"] == "1 model looked at."
    assert "overview" in RegisteredModel.objects.get(pk=version.model_id).card_gaps
