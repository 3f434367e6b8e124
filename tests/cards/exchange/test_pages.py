"""Taking a card home and importing one, in the browser."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.accounts.permissions import Role
from portal.trail.models import TrailEvent
from registry.cards.exchange.documents import MOST_BYTES
from registry.cards.exchange.formats import FORMATS
from registry.cards.models import CardRevision
from registry.cards.schema import schema_of
from registry.cards.services import card_save
from registry.cards.view import card_of
from tests.cards.facts import make_full_version, make_owned_model, scientist_of, written
from tests.factories import make_user

pytestmark = pytest.mark.django_db
YAML = """signet_card: 1
schema: "1"
identity:
  overview: Forecasts weekly sales.
  colour: blue
purpose:
  intended_users:
    - Planners
"""


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", risk_tier="T3"))


@pytest.fixture
def scientist(client, version):
    client.force_login(make_user(Role.DATA_SCIENTIST, team=version.model.team))
    return client


def at(version, page=""):
    return f"/models/{version.model_id}/versions/{version.version}/card/{page}"


def save(version, base=0, **changes):
    return card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
    )


def look(client, version, document="", **more):
    return client.post(
        at(version, "import/"), {"document": document, "standard": "", "do": "look", **more}
    )


def take(client, version, document, seen, *fields, **more):
    form = {"document": document, "standard": "", "do": "import", "seen": seen, "take": fields}
    return client.post(at(version, "import/"), {**form, **more})


@pytest.mark.parametrize("key", FORMATS)
def test_a_card_is_downloaded_in_every_format(scientist, version, key):
    save(version, overview=written("Forecasts sales."))
    response = scientist.get(at(version, f"export/{key}/?revision=1"))
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    assert b"Forecasts sales." in response.content
    assert scientist.get(at(version, f"export/{key}/?revision=7")).status_code == 404


def test_the_list_of_formats_names_what_each_leaves_out(scientist, version):
    save(version, serving_mode=written("batch"), stop_procedure=written("Unplug it."))
    page = scientist.get(at(version, "export/")).content.decode()
    assert "Which are left out" in page
    assert all(form.label in page for form in FORMATS.values())
    assert scientist.get(at(version, "export/nothing/")).status_code == 404


def test_a_document_is_looked_at_before_anything_changes(scientist, version):
    page = look(scientist, version, YAML)
    assert page.status_code == 200
    text = page.content.decode()
    assert "Forecasts weekly sales." in text
    assert "line 5, identity.colour" in text
    assert "The section has no such field." in text
    assert not CardRevision.objects.exists()


def test_what_is_ticked_is_imported_as_one_revision(scientist, version):
    seen = look(scientist, version, YAML).context["plan"].digest
    done = take(scientist, version, YAML, seen, "overview", note="From the repository")
    assert done.status_code == 302
    revision = CardRevision.objects.get()
    assert set(revision.values) == {"overview"}
    assert revision.note == "From the repository"
    event = TrailEvent.objects.get(verb="card.import")
    assert event.facts["after"]["format"] == "yaml"
    assert event.facts["after"]["first_not_placed"] == ["line 5, identity.colour"]


def test_a_card_that_moved_on_meanwhile_is_shown_anew(scientist, version):
    seen = look(scientist, version, YAML).context["plan"].digest
    save(version, overview=written("Written by somebody else"))
    page = take(scientist, version, YAML, seen, "overview", "intended_users")
    assert page.status_code == 409
    text = page.content.decode()
    assert "has changed since you looked" in text
    assert "Written by somebody else" in text
    assert "Forecasts weekly sales." in text
    assert CardRevision.objects.count() == 1
    again = take(scientist, version, YAML, page.context["plan"].digest, "intended_users")
    assert again.status_code == 302
    assert CardRevision.objects.first().values["overview"]["value"] == "Written by somebody else"


def test_another_field_that_moved_on_meanwhile_stays(scientist, version):
    seen = look(scientist, version, YAML).context["plan"].digest
    save(version, contact=written("sales@company.example"))
    assert take(scientist, version, YAML, seen, "overview").status_code == 302
    values = CardRevision.objects.first().values
    assert {"overview", "contact"} <= set(values)


def test_a_change_on_both_sides_is_not_ticked_by_itself(scientist, version):
    save(version, overview=written("First"), business_problem=written("Waste"))
    exported = FORMATS["yaml"].export(card_of(version)).decode()
    save(version, 1, overview=written("Theirs"), business_problem=written("Theirs, too"))
    page = look(scientist, version, exported.replace("First", "Mine"))
    [(change, taken)] = page.context["given"].rows
    assert (change.before, change.after, change.conflict, taken) == ("Theirs", "Mine", True, False)
    assert [field.key for field in page.context["plan"].kept] == ["business_problem"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "Choose a file, or paste a document."),
        ("signet_card: 1\nschema: '1'\nidentity: &a\n  overview: *a\n", "Line 4: *a repeats"),
        ("signet_card: 1\nschema: '99'\n", "card schema &#x27;99&#x27;"),
        ("signet_card: 1\nschema: '1'\nidentity: [\n", "This is not YAML: line"),
        ('{"signet_card": 1, "fields": {"a": 1, "a": 2}}', "the name &#x27;a&#x27; twice"),
        ('{"hello": 1}', "neither a card of Signet"),
        ("What is this", "Nothing shows which format this is"),
    ],
)
def test_a_bad_document_is_said_precisely_and_kept(scientist, version, document, said):
    page = look(scientist, version, document)
    assert page.status_code == 422
    text = page.content.decode()
    assert said in text
    assert page.context["given"].document == document


def test_a_faulty_answer_is_named_with_its_line_and_nothing_is_imported(scientist, version):
    document = YAML.replace("Forecasts weekly sales.", "x" * 20_001)
    page = look(scientist, version, document)
    assert page.status_code == 422
    assert "line 4" in page.content.decode()
    assert "20,001 characters" in page.content.decode()
    refused = take(scientist, version, document, page.context["plan"].digest, "intended_users")
    assert refused.status_code == 422
    assert "x" * 20_001 in refused.content.decode()
    assert not CardRevision.objects.exists()


def test_a_file_takes_the_place_of_the_text(scientist, version):
    file = SimpleUploadedFile("signet-card.yaml", YAML.encode())
    page = look(scientist, version, "old text", file=file)
    assert page.context["given"].document == YAML
    assert page.context["plan"].changes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfea\x00", "UTF-16"),
        (b"signet_card: 1\n# \xe9\n", "byte 0xE9 in line 2"),
        (b"signet_card: 1\x00", "Line 1 holds a NUL"),
        (b"x" * (MOST_BYTES + 7), f"{MOST_BYTES + 7:,} bytes"),
    ],
)
def test_a_bad_file_is_refused_and_the_text_kept(scientist, version, content, said):
    page = look(scientist, version, YAML, file=SimpleUploadedFile("card.yaml", content))
    assert page.status_code == 422
    assert said in page.content.decode()
    assert page.context["given"].document == YAML


@pytest.mark.parametrize("answers", [0, 40])
def test_a_look_costs_the_same_number_of_queries(
    scientist, version, answers, django_assert_max_num_queries
):
    keys = [field.key for field in schema_of() if field.editable and field.type == "text"]
    lines = "".join(
        f"{section.key}:\n"
        + "".join(f"  {f.key}: x\n" for f in section.fields if f.key in keys[:answers])
        for section in schema_of().sections
    )
    with django_assert_max_num_queries(14):
        assert look(scientist, version, f"signet_card: 1\nschema: '1'\n{lines}").status_code == 200


def test_people_of_other_teams_do_not_import(client, version):
    client.force_login(make_user(Role.AUDITOR))
    assert client.get(at(version, "export/")).status_code == 200
    assert look(client, version, YAML).status_code == 403
    assert b"Import" not in client.get(at(version)).content
