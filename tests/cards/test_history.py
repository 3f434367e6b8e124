"""Restoring, pinning and proving revisions, and what changed in words."""

import pytest
from django.db import DatabaseError, transaction

from portal.accounts.permissions import Role
from portal.errors import Conflict, Denied, Invalid
from portal.trail.models import TrailEvent
from registry.cards.models import CardPin, CardRevision
from registry.cards.revisions import card_restore, digest_matches, revision_pin
from registry.cards.services import card_save
from registry.cards.word_diff import marked
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.factories import make_actor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    found = make_full_version(make_owned_model("demand"))
    save(found, 0, overview=written("Forecasts sales for every shop."))
    save(found, 1, overview=written("Forecasts <b>stock</b> for every shop."))
    return found


def save(version, base, **changes):
    return card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
    ).revision


def restore(version, revision=1, base=2, note="Wrong text", actor=None):
    return card_restore(
        actor=actor or scientist_of(version),
        version_id=version.pk,
        revision=revision,
        base_revision=base,
        note=note,
    )


def at(version, more=""):
    return f"/models/{version.model_id}/versions/{version.version}/card/{more}"


def test_a_restore_is_a_new_revision_in_the_trail(version):
    made = restore(version)
    assert made.number == 3
    assert made.values == CardRevision.objects.get(version=version, number=1).values
    assert digest_matches(made)
    event = TrailEvent.objects.latest("seq")
    assert (event.verb, event.subject_label) == ("card.restore", str(version))
    assert made.note == "Wrong text"


def test_a_restore_needs_a_note_the_newest_and_a_difference(version):
    with pytest.raises(Invalid) as caught:
        restore(version, note=" ")
    assert "note" in caught.value.fields
    for wrong in ({"base": 1}, {"revision": 9}, {"revision": 2}):
        with pytest.raises(Conflict):
            restore(version, **wrong)
    with pytest.raises(Denied):
        restore(version, actor=make_actor(Role.AUDITOR))
    assert CardRevision.objects.filter(version=version).count() == 2


def test_a_pin_stays_as_it_was_made(version):
    actor = scientist_of(version)
    pin = revision_pin(actor=actor, version_id=version.pk, number=1, reason="Submitted")
    again = revision_pin(actor=actor, version_id=version.pk, number=1, reason="Again")
    assert again == pin
    assert again.reason == "Submitted"
    assert TrailEvent.objects.filter(verb="card.pin").count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        CardPin.objects.filter(pk=pin.pk).update(reason="Something else")


def test_a_changed_row_is_noticed(version):
    revision = CardRevision.objects.get(version=version, number=1)
    revision.values = {}
    assert not digest_matches(revision)


def test_the_words_that_differ_are_marked():
    old, new = marked("one two three", "one 2 three")
    assert [p.text for p in old if p.changed] == ["two "]
    assert [p.text for p in new if p.changed] == ["2 "]
    assert "".join(p.text for p in new) == "one 2 three"
    assert marked("a " * 10_000, "b " * 10_000)[0]


def test_pages_show_words_pin_and_digest(client, version):
    reason = "Submitted for approval"
    revision_pin(actor=scientist_of(version), version_id=version.pk, number=1, reason=reason)
    client.force_login(make_user(Role.AUDITOR))
    page = client.get(at(version, "revisions/")).content.decode()
    assert "<ins>&lt;b&gt;stock&lt;/b&gt; </ins>" in page
    assert "Pinned" in page
    page = client.get(at(version, "revisions/1/")).content.decode()
    assert "recomputed, the digest matches" in page
    assert reason in page
    assert "Forecasts sales" in page
    assert client.get(at(version, "revisions/7/")).status_code == 404
    assert client.get(at(version, "revisions/1/restore/")).status_code == 403


def test_the_champions_card_is_compared(client, version):
    model = version.model
    newer = make_full_version(model, version="2")
    model.aliases = {"champion": version.version}
    model.save()
    save(newer, 0, overview=written("Something new."))
    client.force_login(make_user(Role.AUDITOR))
    page = client.get(at(newer, "revisions/")).content.decode()
    against = page[page.index("Against the champion") :]
    # The champion's own words are struck out, the newer card's stand beside them, with the field.
    assert "<del>Forecasts" in against
    assert "<ins>Something new.</ins>" in against
    assert "What the model does" in against or "Overview" in against
    save(newer, 1, overview=written("Forecasts <b>stock</b> for every shop."))
    page = client.get(at(newer, "revisions/")).content.decode()
    assert "<del>" not in page[page.index("Against the champion") :]
    page = client.get(at(version, "revisions/")).content.decode()
    assert "Against the champion" not in page  # nobody is compared with themselves


def test_bringing_back_by_form(client, version):
    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    url = at(version, "revisions/1/restore/")
    assert 'name="base_revision" value="2"' in client.get(url).content.decode()
    assert client.post(url, {"base_revision": "2", "note": ""}).status_code == 422
    assert client.post(url, {"base_revision": "1", "note": "why"}).status_code == 409
    assert client.post(url, {"base_revision": "2", "note": "why"}).status_code == 302
    assert CardRevision.objects.filter(version=version).count() == 3
