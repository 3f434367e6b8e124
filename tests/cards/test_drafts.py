"""Drafts: what is kept while somebody types, and the one revision that is made of it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from portal.accounts.actors import person
from portal.accounts.permissions import Role
from portal.errors import Denied, Invalid
from portal.trail.models import TrailEvent
from registry.cards.drafts.models import CardDraft
from registry.cards.drafts.services import (
    MOST_TYPED,
    Sender,
    draft_drop,
    draft_save,
    drafts_publish,
)
from registry.cards.drafts.tasks import NOTE, publish_drafts
from registry.cards.entries import said_digest
from registry.cards.inputs import Inputs
from registry.cards.models import CardRevision
from registry.cards.view import card_of
from tests.cards.facts import make_full_version, make_owned_model, written
from tests.cards.test_pages import at, save, sent
from tests.factories import make_user

pytestmark = pytest.mark.django_db
COUNTS = json.loads((Path(__file__).parent.parent / "query_counts.json").read_text())
NOTHING = said_digest(None)


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", description="Forecasts sales."))


@pytest.fixture
def user(version):
    return make_user(Role.DATA_SCIENTIST, team=version.model.team, display_name="Ana Ruiz")


@pytest.fixture
def ana(user):
    return person(user)


@pytest.fixture
def eva(version):
    return person(make_user(Role.DATA_SCIENTIST, team=version.model.team, display_name="Eva Horak"))


def typing(text, state="written"):
    return Inputs(state, text)


def keep(actor, version, key, text, *, state="written", base=NOTHING, window="a", seq=1, seen=""):
    return draft_save(
        actor=actor,
        version_id=version.pk,
        key=key,
        inputs=typing(text, state),
        base=base,
        sender=Sender(window, seq, seen),
    )


def base_of(version, key):
    return said_digest(card_of(version).entries.get(key))


def test_a_draft_is_kept_word_for_word_and_is_no_part_of_the_record(version, ana):
    events = TrailEvent.objects.count()
    kept = keep(ana, version, "expiry", " next spring")
    assert kept.draft.value == " next spring"
    assert "Write the date as" in kept.fault
    assert not CardRevision.objects.exists()
    assert TrailEvent.objects.count() == events


def test_sending_twice_or_late_changes_nothing(version, ana):
    keep(ana, version, "on_call", "one", seq=5)
    keep(ana, version, "on_call", "one", seq=5)
    keep(ana, version, "on_call", "late", seq=4)
    assert CardDraft.objects.get().value == "one"
    keep(ana, version, "on_call", "two", seq=6)
    assert CardDraft.objects.get().value == "two"


def test_asking_again_how_it_stands_is_no_typing(version, ana):
    keep(ana, version, "on_call", "one")
    idle()
    before = CardDraft.objects.get().changed_at
    kept = keep(ana, version, "on_call", "one", seq=2)
    assert (kept.draft.token, CardDraft.objects.get().changed_at) == ("a:1", before)


def test_another_window_does_not_write_over_words_it_has_not_shown(version, ana):
    first = keep(ana, version, "on_call", "one").draft
    kept = keep(ana, version, "on_call", "two", window="b", seq=9)
    assert (kept.elsewhere.value, CardDraft.objects.get().value) == ("one", "one")
    keep(ana, version, "on_call", "two", window="b", seq=9, seen=first.token)
    assert CardDraft.objects.get().value == "two"


def test_going_back_to_what_stands_needs_no_draft(version, ana):
    save(version, on_call=written("Rota 4411"))
    base = base_of(version, "on_call")
    assert keep(ana, version, "on_call", "Rota", base=base).draft
    assert keep(ana, version, "on_call", "Rota 4411", base=base, seq=2).draft is None
    assert not CardDraft.objects.exists()


def test_two_people_see_each_other(version, ana, eva):
    keep(ana, version, "on_call", "Ana's")
    kept = keep(eva, version, "on_call", "Eva's")
    assert [(d.author.display_name, d.value) for d in kept.others] == [("Ana Ruiz", "Ana's")]
    drafts_publish(actor=eva, version_id=version.pk)
    kept = keep(ana, version, "on_call", "Ana's own", seq=2)
    assert kept.moved
    assert (kept.view.value, kept.view.by) == ("Eva's", "Eva Horak")
    assert CardDraft.objects.get().value == "Ana's own"


def test_publishing_makes_one_revision_and_leaves_what_clashes_or_is_no_answer(version, ana, eva):
    keep(ana, version, "on_call", "Ana's")
    keep(ana, version, "contact", "ana@x.example")
    keep(ana, version, "validator", "Vera")
    keep(ana, version, "expiry", "soon")
    save(version, contact=written("other@x.example"))
    published = drafts_publish(actor=ana, version_id=version.pk, note="My words")
    assert set(published.saved.changed) == {"on_call", "validator"}
    assert set(published.waiting) == {"contact", "expiry"}
    revision = CardRevision.objects.first()
    assert (revision.number, revision.author_name, revision.note) == (2, "Ana Ruiz", "My words")
    assert {d.field_key for d in CardDraft.objects.all()} == {"contact", "expiry"}
    assert revision.values["contact"]["value"] == "other@x.example"


def test_an_accepted_newer_text_is_no_clash_any_more(version, ana):
    keep(ana, version, "on_call", "Ana's")
    save(version, on_call=written("Theirs"))
    keep(ana, version, "on_call", "Ana's", base=base_of(version, "on_call"), seq=2)
    drafts_publish(actor=ana, version_id=version.pk)
    assert CardRevision.objects.first().values["on_call"]["value"] == "Ana's"


def test_a_draft_that_says_what_others_saved_is_used_up(version, ana):
    keep(ana, version, "on_call", "Rota 4411")
    save(version, on_call=written("Rota 4411"))
    assert drafts_publish(actor=ana, version_id=version.pk).waiting == ()
    assert not CardDraft.objects.exists()
    assert CardRevision.objects.count() == 1


def test_only_the_team_keeps_drafts_and_nobody_sees_those_of_a_card_they_may_not_edit(version, ana):
    outsider = person(make_user(Role.DATA_SCIENTIST))
    keep(ana, version, "on_call", "Ana's")
    for act in (
        lambda: keep(outsider, version, "on_call", "x"),
        lambda: draft_drop(actor=outsider, version_id=version.pk, key="on_call"),
        lambda: drafts_publish(actor=outsider, version_id=version.pk),
    ):
        with pytest.raises(Denied):
            act()
    assert CardDraft.objects.get().value == "Ana's"


def test_too_long_to_be_typed_is_said(version, ana):
    with pytest.raises(Invalid, match="more than Signet keeps as a draft"):
        keep(ana, version, "overview", "x" * (MOST_TYPED + 1))


def test_more_than_a_form_may_hold_is_said_at_the_field(client, version, user):
    client.force_login(user)
    address = at(version, "drafts/overview/")
    response = client.post(
        address, {"value-overview": "x" * 1_100_000}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 400
    assert "longer than 1 MB" in response.content.decode()
    assert "<html" not in response.content.decode()


class Job:
    """What the job asks of its context."""

    def __init__(self):
        self.lines = []

    def log(self, text):
        self.lines.append(text)

    def check_cancelled(self):
        pass


def idle(minutes=31):
    CardDraft.objects.update(changed_at=timezone.now() - timedelta(minutes=minutes))


def test_drafts_that_were_left_become_a_revision_of_their_author(version, ana, eva):
    keep(ana, version, "on_call", "Ana's")
    keep(ana, version, "expiry", "soon")
    idle()
    keep(eva, version, "contact", "eva@x.example")
    assert publish_drafts(Job())["text"] == "1 revision made of drafts."
    revision = CardRevision.objects.get()
    assert (revision.author_name, revision.note) == ("Ana Ruiz", NOTE)
    assert list(revision.values) == ["on_call"]
    event = TrailEvent.objects.get(verb="card.edit")
    assert (event.actor_name, event.facts["reason"]) == ("Ana Ruiz", NOTE)
    assert {d.field_key for d in CardDraft.objects.all()} == {"expiry", "contact"}
    assert publish_drafts(Job())["text"] == "0 revisions made of drafts."


def test_typing_on_after_that_is_no_clash_with_oneself(version, ana):
    kept = keep(ana, version, "on_call", "Rota")
    idle()
    publish_drafts(Job())
    sender = Sender("a", 2, kept.draft.token, kept.said)
    more = draft_save(
        actor=ana, version_id=version.pk, key="on_call", inputs=typing("Rota 4411"), base=NOTHING,
        sender=sender,
    )  # fmt: skip
    assert not more.moved
    assert drafts_publish(actor=ana, version_id=version.pk).saved.changed == ("on_call",)
    assert CardRevision.objects.first().values["on_call"]["value"] == "Rota 4411"


def test_one_fresh_draft_holds_back_all_of_its_author(version, ana):
    keep(ana, version, "on_call", "Ana's")
    idle()
    keep(ana, version, "contact", "ana@x.example")
    publish_drafts(Job())
    assert not CardRevision.objects.exists()


def test_drafts_of_somebody_who_may_no_longer_edit_stay(version, ana, user):
    keep(ana, version, "on_call", "Ana's")
    idle()
    user.role_grants.all().delete()
    job = Job()
    assert publish_drafts(job)["text"] == "0 revisions made of drafts."
    assert len(job.lines) == 1
    user.is_active = False
    user.save()
    publish_drafts(Job())
    assert CardDraft.objects.get().value == "Ana's"


def post(client, version, key, text, **more):
    form = {f"state-{key}": "written", f"value-{key}": text, f"base-{key}": NOTHING,
            "window": "a", "seq": "1"} | more  # fmt: skip
    return client.post(at(version, f"drafts/{key}/"), form, headers={"HX-Request": "true"})


def test_the_editor_shows_ones_drafts_and_a_clash_as_a_choice(client, user, version):
    client.force_login(user)
    answer = post(client, version, "on_call", "<b>Mine</b>")
    assert answer.status_code == 200
    assert 'data-kept="a:1"' in answer.content.decode()
    page = client.get(at(version, "edit/?section=ownership")).content.decode()
    assert "&lt;b&gt;Mine&lt;/b&gt;" in page
    assert 'name="kept-on_call" value="a:1"' in page
    save(version, on_call=written("Theirs"))
    assert "You have 1 draft here" in client.get(at(version)).content.decode()
    answer = post(client, version, "on_call", "Mine again", seq="2").content.decode()
    assert "saved this field while you were writing" in answer
    assert "Theirs" in answer
    page = client.get(at(version, "edit/?section=ownership")).content.decode()
    assert 'name="clash" value="on_call"' in page
    assert "Take the other text" in page
    risk = client.get(at(version, "edit/?section=risk")).content.decode()
    assert "1 to choose between two texts" in risk


def test_a_sent_section_takes_the_drafts_of_the_others_along(client, user, version):
    client.force_login(user)
    post(client, version, "intended_uses", "Night orders")
    post(client, version, "expiry", "soon")
    form = sent(client, version, "ownership", value__on_call="Rota 4411")
    page = client.post(at(version, "edit/", "?section=ownership"), form, follow=True)
    text = page.content.decode()
    assert "Saved as revision 1." in text
    assert "Still a draft, because it needs a choice or a correction" in text
    assert set(CardRevision.objects.get().values) == {"on_call", "intended_uses"}
    assert CardDraft.objects.get().field_key == "expiry"


def test_a_form_does_not_drop_a_draft_it_never_showed(client, user, version):
    client.force_login(user)
    form = sent(client, version, "ownership", value__validator="Vera")
    post(client, version, "on_call", "Typed in another window")
    client.post(at(version, "edit/", "?section=ownership"), form)
    values = CardRevision.objects.get().values
    assert values["validator"]["value"] == "Vera"
    kept = values.get("on_call", {}).get("value") or CardDraft.objects.get().value
    assert kept == "Typed in another window"


def test_dropping_brings_the_field_back(client, user, version):
    save(version, on_call=written("Rota 4411"))
    client.force_login(user)
    post(client, version, "on_call", "Mine")
    url = at(version, "drafts/on_call/drop/")
    answer = client.post(url, headers={"HX-Request": "true"}).content.decode()
    assert 'value="Rota 4411"' in answer
    assert not CardDraft.objects.exists()
    post(client, version, "on_call", "Mine")
    answer = client.post(url)
    assert answer.url.endswith("?section=ownership#field-on_call")


def test_odd_requests_are_answered(client, user, version):
    client.force_login(user)
    assert post(client, version, "nothing", "x").status_code == 404
    assert post(client, version, "name", "x").status_code == 404
    assert post(client, version, "on_call", "x", **{"base-on_call": "x"}).status_code == 400
    assert post(client, version, "on_call", "x", seq="9" * 40).status_code == 200
    assert client.get(at(version, "drafts/on_call/")).status_code == 405
    text = "a" * 20_001
    assert client.post(at(version, "preview/"), {"text": text}).status_code == 400


def test_a_preview_is_cleaned(client, user, version):
    client.force_login(user)
    answer = client.post(at(version, "preview/"), {"text": "**b** <script>x</script>"})
    assert "<strong>b</strong>" in answer.content.decode()
    assert "<script>" not in answer.content.decode()


def test_the_session_says_who_is_signed_in(client, user, version):
    url = at(version, "session/")
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 401
    client.force_login(user)
    answer = client.get(url)
    assert answer.json()["user"] == str(user.pk)
    assert answer["Cache-Control"] == "no-store"


def test_what_it_costs(client, user, version, eva, django_assert_num_queries):
    save(version, overview=written("Predicts sales."))
    client.force_login(user)
    client.get(at(version, "edit/"))
    post(client, version, "on_call", "One")
    keep(eva, version, "on_call", "Eva's")
    with django_assert_num_queries(COUNTS["card_draft"]):
        post(client, version, "on_call", "Two", seq="2")
    with django_assert_num_queries(COUNTS["card_edit"]):
        client.get(at(version, "edit/"))
    with django_assert_num_queries(COUNTS["card_detail"]):
        client.get(at(version))
