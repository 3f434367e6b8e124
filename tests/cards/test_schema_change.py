"""A card stays valid under the schema it was written by when a newer schema is published."""

import pytest

from registry.cards import schema, services
from registry.cards.gaps import card_facts
from registry.cards.many.filters import gap_fields
from registry.cards.models import CardRevision
from registry.cards.queries import standing_revisions
from registry.cards.revisions import digest_matches
from registry.cards.schema import FOLDER, published, schema_of
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written

pytestmark = pytest.mark.django_db
NEW_FIELD = """
[[section.field]]
key = "water_use"
label = "Water use"
type = "text"
source = "human"
need = "T4"
row = "1.2"
help = "Litres of water that training used."
example = "12 litres"
"""


@pytest.fixture
def card_of_schema_1():
    """A card written before the newer schema."""
    version = make_full_version(make_owned_model("demand", risk_tier="T4"))
    save(version, 0, overview=written("Forecasts sales."), contact=written("a@example"))
    return version


@pytest.fixture
def schema_2(card_of_schema_1, monkeypatch, tmp_path):
    """A newer schema in a folder of the test's own: without the contact, with a new question."""
    old = (FOLDER / "1.toml").read_text(encoding="utf-8")
    (tmp_path / "1.toml").write_text(old, encoding="utf-8")
    start = old.index('[[section.field]]\nkey = "contact"')
    end = old.index("[[section]]", start)
    new = old[:start] + NEW_FIELD.lstrip() + "\n" + old[end:]
    new = new.replace('version = "1"', 'version = "2"', 1)
    (tmp_path / "2.toml").write_text(new, encoding="utf-8")
    forget()
    monkeypatch.setattr(schema, "FOLDER", tmp_path)
    monkeypatch.setattr(services, "CURRENT", "2")
    monkeypatch.setattr(schema_of.__wrapped__, "__defaults__", ("2",))
    yield schema_of()
    monkeypatch.undo()
    forget()


def forget():
    """Read the schemas anew."""
    schema_of.cache_clear()
    gap_fields.cache_clear()


def save(version, base, **changes):
    actor = scientist_of(version)
    return card_save(actor=actor, version_id=version.pk, base_revision=base, changes=changes)


def test_the_old_card_is_read_and_counted_by_its_own_schema(card_of_schema_1, schema_2):
    assert [found.version for found in published()] == ["2", "1"]
    card = card_of(card_of_schema_1)
    assert card.schema.version == "1"
    assert card.field("contact").value == "a@example"
    assert "water_use" not in {gap.field.key for gap in card.gaps}
    assert digest_matches(card.revision)
    revisions = standing_revisions([card_of_schema_1])
    facts = card_facts(card_of_schema_1, revisions[card_of_schema_1.pk], tier="T4")
    assert list(facts.gaps) == [gap.field.key for gap in card.gaps]
    assert facts.contact == "a@example"


def test_the_next_save_moves_to_the_new_schema_and_leaves_the_old_revision(
    card_of_schema_1, schema_2
):
    saved = save(card_of_schema_1, 1, overview=written("Forecasts stock."))
    assert saved.revision.schema_version == "2"
    assert "contact" not in saved.revision.values
    assert saved.revision.values["overview"]["value"] == "Forecasts stock."
    card = card_of(card_of_schema_1)
    assert card.schema.version == "2"
    assert "water_use" in {gap.field.key for gap in card.gaps}
    old = card_of(card_of_schema_1, number=1)
    assert old.field("contact").value == "a@example"
    assert digest_matches(CardRevision.objects.get(version=card_of_schema_1, number=1))


def test_a_new_version_takes_over_what_the_new_schema_still_asks(card_of_schema_1, schema_2):
    newer = make_full_version(card_of_schema_1.model)
    card = card_of(newer)
    assert card.schema.version == "2"
    assert card.field("overview").value == "Forecasts sales."
    with pytest.raises(KeyError):
        card.field("contact")
