"""Saving a card: revisions, locking, what is refused, and what the trail says."""

import re
import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.permissions import Role
from portal.actors import Actor, Grant
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from registry.cards.models import CardRevision
from registry.cards.services import CardConflict, card_save, revision_digest
from registry.cards.view import card_of
from registry.inventory.models import RegisteredModel
from tests.cards.facts import (
    UNKNOWN,
    make_full_version,
    not_applicable,
    scientist_of,
    written,
)
from tests.factories import make_actor, make_team

pytestmark = pytest.mark.django_db


def save(version, base=0, note="", *, actor=None, **changes):
    return card_save(
        actor=actor or scientist_of(version),
        version_id=version.pk,
        base_revision=base,
        changes=changes,
        note=note,
    )


def test_a_save_makes_one_revision_with_author_digest_and_a_trail_event():
    version = make_full_version()
    actor = scientist_of(version)
    saved = save(
        version,
        note="First words",
        actor=actor,
        overview=written("Forecasts **sales**."),
        business_owner=UNKNOWN,
        upstream_models=not_applicable("It stands alone."),
    )
    revision = CardRevision.objects.get()
    assert saved.revision == revision
    assert (revision.number, revision.author_name, revision.author_id) == (
        1,
        actor.name,
        actor.user_id,
    )
    assert revision.digest == revision_digest(revision)
    assert len(revision.digest) == 64
    entry = revision.values["overview"]
    assert (entry["state"], entry["value"], entry["by"]) == (
        "written",
        "Forecasts **sales**.",
        actor.name,
    )
    event = TrailEvent.objects.get()
    assert (event.verb, event.subject_id) == ("card.edit", str(version.pk))
    assert '"overview":{"state":"written","value":"Forecasts **sales**."}' in event.body
    assert '"before":{"digest":"","fields":{"business_owner":null' in event.body
    assert '"reason":"First words"' in event.body


def test_the_inventory_counts_follow_a_save():
    version = make_full_version()
    save(version, overview=written("Forecasts sales."))
    model = RegisteredModel.objects.get(pk=version.model_id)
    assert model.card_required > 20
    before = model.card_answered
    save(version, 1, contact=written("forecasting@company.example"))
    model.refresh_from_db()
    assert model.card_answered == before + 1


def test_nothing_changed_makes_no_revision_and_no_event():
    version = make_full_version()
    save(version, overview=written("A"))
    saved = save(version, 1, overview=written("A"), contact=None)
    assert (saved.changed, saved.revision.number) == ((), 1)
    assert CardRevision.objects.count() == TrailEvent.objects.count() == 1


def test_taking_an_answer_back_returns_to_the_source():
    version = make_full_version()
    save(version, architecture=written("Trees"))
    save(version, 1, architecture=None)
    assert card_of(version).field("architecture").value == "GradientBoostingRegressor"
    assert CardRevision.objects.count() == 2


def test_two_people_in_different_fields_both_win():
    version = make_full_version()
    save(version, overview=written("A"))
    save(version, 1, contact=written("mail"))
    saved = save(version, 1, on_call=written("phone"))
    assert saved.merged == ("contact",)
    values = saved.revision.values
    assert {key: values[key]["value"] for key in values} == {
        "overview": "A", "contact": "mail", "on_call": "phone",
    }  # fmt: skip


def test_two_people_in_one_field_see_each_other():
    version = make_full_version()
    save(version, overview=written("Start"))
    first = scientist_of(version)
    save(version, 1, actor=first, overview=written("Theirs"))
    with pytest.raises(CardConflict) as caught:
        save(version, 1, overview=written("Mine"), contact=written("mail"))
    clash = caught.value.clashes[0]
    assert [clash.before["value"], clash.theirs["value"], clash.mine["value"]] == [
        "Start", "Theirs", "Mine",
    ]  # fmt: skip
    assert first.name in caught.value.message
    assert caught.value.revision.number == 2
    assert CardRevision.objects.count() == 2


def test_two_people_who_write_the_same_agree():
    version = make_full_version()
    save(version, overview=written("Same"))
    assert save(version, 0, overview=written("Same")).changed == ()


def test_a_revision_that_does_not_exist_is_a_conflict():
    version = make_full_version()
    for base in (1, -1):
        with pytest.raises(Conflict, match="no revision"):
            save(version, base, overview=written("A"))


@pytest.mark.parametrize(
    ("key", "answer", "complaint"),
    [
        ("overview", written("x" * 20_001), "at most 20,000"),
        ("overview", written("   \n"), "Write an answer"),
        ("overview", written(7), "not a number"),
        ("overview", written(None), "not nothing"),
        ("overview", written("a\x00b"), r"U\+0000 at place 2"),
        ("overview", written("half \ud83d"), r"U\+D83D"),
        ("contact", written("two\nlines"), "one line"),
        ("contact", written("x" * 501), "at most 500"),
        ("autonomy_level", written("robot"), "Choose one of: informs"),
        ("intended_users", written("not a list"), "A list of texts"),
        ("intended_users", written([]), "at least one"),
        ("intended_users", written(["a", " "]), "Entry 2"),
        ("intended_users", written(["a"] * 201), "at most 200"),
        ("intended_users", written([["nested"]]), "Entry 1: A text is expected"),
        ("risks", written([{"risk": "a", "colour": "b"}]), "no column 'colour'"),
        ("risks", written([{"risk": ""}]), "Row 1 is empty"),
        ("risks", written([{"risk": 5}]), "Row 1, Risk: A text"),
        ("risks", written("text"), "list of rows"),
        ("expiry", written("31.3.2027"), "year-month-day"),
        ("expiry", written("2027-02-30"), "year-month-day"),
        ("expiry", written(20270330), "year-month-day"),
        ("overview", not_applicable("  "), "why this does not apply"),
        ("overview", not_applicable("x" * 1001), "at most 1,000"),
        ("name", written("other"), "Nobody writes this"),
        ("risk_tier", written("T4"), "model's page"),
        ("signatures", written(["me"]), "Nobody writes this"),
        ("nonsense", written("x"), "no such field"),
    ],
)
def test_an_unacceptable_answer_is_named_at_its_field(key, answer, complaint):
    version = make_full_version()
    with pytest.raises(Invalid) as caught:
        save(version, **{key: answer, "contact": answer if key == "contact" else written("mail")})
    assert set(caught.value.fields) == {key}
    assert re.search(complaint, caught.value.fields[key][0]), caught.value.fields[key][0]
    assert not CardRevision.objects.exists()


def test_a_note_that_is_too_long_is_named():
    with pytest.raises(Invalid) as caught:
        save(make_full_version(), note="x" * 301, overview=written("A"))
    assert set(caught.value.fields) == {"note"}


def test_only_the_models_team_writes():
    version = make_full_version()
    team = version.model.team
    save(version, actor=make_actor(Role.MODEL_OWNER, team=team), overview=written("A"))
    unit = make_actor(Role.MODEL_OWNER, unit=team.business_unit)
    save(version, 1, actor=unit, overview=written("B"))
    others = [
        make_actor(Role.DATA_SCIENTIST, team=make_team()),
        make_actor(Role.AUDITOR),
        make_actor(Role.GOVERNANCE_LEAD),
        make_actor(Role.PLATFORM_ADMIN),
        make_actor(Role.DATA_SCIENTIST),
    ]
    for actor in others:
        with pytest.raises(Denied):
            save(version, 2, actor=actor, overview=written("C"))
    assert CardRevision.objects.count() == 2


def test_a_token_needs_its_scope_and_its_owners_team():
    version = make_full_version()
    grants = frozenset({Grant(Role.DATA_SCIENTIST, team_id=version.model.team_id)})

    def token(*scopes):
        return Actor("token", "token:x", "pipeline", grants=grants, scopes=frozenset(scopes))

    with pytest.raises(Denied, match="cards:write"):
        save(version, actor=token("registry.view", "read"), overview=written("A"))
    saved = save(version, actor=token("read", "cards:write"), overview=written("A"))
    assert saved.revision.author_name == "pipeline"


def test_somebody_without_a_role_does_not_learn_that_a_card_exists():
    version = make_full_version()
    with pytest.raises(Http404):
        save(version, actor=make_actor(None), overview=written("A"))


def test_the_database_refuses_to_change_or_remove_a_revision():
    version = make_full_version()
    save(version, overview=written("A"))
    revisions = CardRevision.objects.all()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        revisions.update(note="other")
    with pytest.raises(DatabaseError, match="never removed"), transaction.atomic():
        revisions.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        CardRevision.objects.create(version=version, number=1, schema_version="1", digest="0")
    RegisteredModel.objects.update(is_demo=True)
    revisions.delete()


def test_an_author_who_is_removed_leaves_the_name_behind():
    from portal.accounts.models import User

    version = make_full_version()
    actor = scientist_of(version)
    save(version, actor=actor, overview=written("A"))
    User.objects.get(pk=actor.user_id).delete()
    revision = CardRevision.objects.get()
    assert (revision.author_id, revision.author_name) == (None, actor.name)
    assert revision.digest == revision_digest(revision)


STORABLE = st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\n\r")
TEXTS = st.text(STORABLE, min_size=1, max_size=400).filter(str.strip)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=TEXTS, item=TEXTS)
def test_any_text_comes_back_exactly(text, item):
    with transaction.atomic():
        version = make_full_version()
        line = item.replace("\n", " ").replace("\r", " ").strip() or "x"
        rows = [{"risk": line, "mitigation": "", "residual": "", "accepted_by": ""}]
        save(version, overview=written(text), intended_users=written([line]), risks=written(rows))
        values = CardRevision.objects.get(version=version).values
        assert values["overview"]["value"] == text
        assert values["intended_users"]["value"] == [line]
        assert values["risks"]["value"] == rows
        assert card_of(version).field("overview").html is not None
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_the_same_moment_lose_nothing():
    version = make_full_version()
    actors = [scientist_of(version) for _ in range(2)]
    start, outcomes = threading.Barrier(2), {}

    def write(index, changes):
        start.wait(10)
        try:
            outcomes[index] = save(version, actor=actors[index], **changes).revision.number
        except CardConflict as conflict:
            outcomes[index] = conflict
        finally:
            connection.close()

    def both(*changes):
        threads = [threading.Thread(target=write, args=pair) for pair in enumerate(changes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    both({"contact": written("one")}, {"on_call": written("two")})
    assert sorted(outcomes.values()) == [1, 2]
    newest = CardRevision.objects.get(number=2)
    assert {newest.values["contact"]["value"], newest.values["on_call"]["value"]} == {"one", "two"}

    both({"validator": written("one")}, {"validator": written("two")})
    conflicts = [outcome for outcome in outcomes.values() if isinstance(outcome, CardConflict)]
    assert len(conflicts) == 1
    assert sorted(CardRevision.objects.values_list("number", flat=True)) == [1, 2, 3]
    assert TrailEvent.objects.filter(verb="card.edit", subject_id=version.pk).count() == 3
