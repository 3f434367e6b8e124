"""The card's pages: reading, editing by section, conflicts, revisions."""

import re
from html import unescape

import pytest

from portal.accounts.permissions import Role
from registry.cards.models import CardRevision
from registry.cards.schema import schema_of
from registry.cards.services import card_save
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


@pytest.fixture
def version():
    return make_full_version(make_owned_model("demand", description="Forecasts sales."))


@pytest.fixture
def scientist(client, version):
    user = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    client.force_login(user)
    return client


def at(version, page="", query=""):
    return f"/models/{version.model_id}/versions/{version.version}/card/{page}{query}"


def save(version, base=0, note="", **changes):
    return card_save(
        actor=scientist_of(version),
        version_id=version.pk,
        base_revision=base,
        changes=changes,
        note=note,
    ).revision


def sent(client, version, section, **changed):
    """The section's form as a browser sends it back, with some inputs changed."""
    page = client.get(at(version, "edit/", f"?section={section}")).content.decode()
    form = {"base_revision": re.search(r'name="base_revision" value="(\d+)"', page)[1], "note": ""}
    for field in schema_of().section(section).editable:
        block = page.split(f'id="field-{field.key}"')[1].split("</fieldset>")[0]
        checked = re.search(rf'name="state-{field.key}" value="(\w*)" checked', block)
        area = re.search(rf'name="value-{field.key}"[^>]*>\n?([^<]*)</textarea>', block)
        line = re.search(rf'name="value-{field.key}" value="([^"]*)"', block)
        option = re.search(r'<option value="(\w+)" selected', block)
        value = area[1] if area else line[1] if line else option[1] if option else ""
        form[f"state-{field.key}"] = checked[1] if checked else ""
        form[f"value-{field.key}"] = unescape(value).replace("\n", "\r\n")
        form[f"reason-{field.key}"] = ""
    return form | {name.replace("__", "-"): value for name, value in changed.items()}


def test_a_reader_sees_answers_with_their_origin_and_gaps_by_name(client, version):
    save(
        version, business_problem=written("Too much **waste**."), on_call=not_applicable("By hand")
    )
    client.force_login(make_user(Role.LEADERSHIP))
    page = client.get(at(version)).content.decode()
    assert "Too much <strong>waste</strong>." in page
    assert "From MLflow run 3fa2c1d4, parameter estimator" in page
    assert "Not applicable:</span> By hand" in page
    assert "The model has no risk tier yet" in page
    assert "Intended uses (required)" in page
    assert ">Edit</a>" not in page


def test_gaps_lead_the_team_to_the_field(scientist, version):
    page = scientist.get(at(version)).content.decode()
    assert f"{at(version, 'edit/')}?section=purpose#field-intended_uses" in page
    assert "A use that nobody described was never judged" in page
    assert f"/models/{version.model_id}/tier/" in page


def test_a_hostile_answer_stays_text(client, version):
    save(
        version,
        overview=written("<script>alert(1)</script>"),
        contact=written('"><img src=x onerror=alert(1)>'),
        runbook=written("javascript:alert(1)"),
        intended_users=written(["<b>bold</b>"]),
    )
    client.force_login(make_user())
    page = client.get(at(version)).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page
    assert "<b>bold" not in page


def test_saving_a_section_makes_a_revision_and_leaves_the_rest(scientist, version):
    form = sent(
        scientist, version, "purpose",
        value__intended_uses="Night orders.\r\n\r\nFresh goods.",
        value__intended_users="Planners\r\nOrder system",
        value__autonomy_level="proposes",
        state__restrictions="not_applicable",
        reason__restrictions="It only informs.",
        state__out_of_scope="unknown",
        note="First answers",
    )  # fmt: skip
    response = scientist.post(at(version, "edit/", "?section=purpose"), form, follow=True)
    assert "Saved as revision 1." in response.content.decode()
    revision = CardRevision.objects.get()
    said = {key: (entry["state"], entry.get("value")) for key, entry in revision.values.items()}
    assert said == {
        "intended_uses": ("written", "Night orders.\n\nFresh goods."),
        "intended_users": ("written", ["Planners", "Order system"]),
        "autonomy_level": ("written", "proposes"),
        "restrictions": ("not_applicable", None),
        "out_of_scope": ("unknown", None),
    }
    assert revision.note == "First answers"


def test_sending_a_form_back_unchanged_changes_nothing(scientist, version):
    save(
        version,
        overview=written("A\r\nB \n"),
        risks=written([{"risk": "a | b", "mitigation": "", "residual": "c", "accepted_by": ""}]),
        contact=UNKNOWN,
    )
    for section in ("identity", "risk", "ownership", "model", "data"):
        form = sent(scientist, version, section)
        if section == "ownership":
            form["reason-contact"] = ""
        response = scientist.post(at(version, "edit/", f"?section={section}"), form, follow=True)
        assert "Nothing had changed" in response.content.decode(), section
    assert CardRevision.objects.count() == 1


def test_using_mine_instead_and_going_back_to_the_source(scientist, version):
    form = sent(scientist, version, "model", value__architecture="One tree a shop")
    scientist.post(at(version, "edit/", "?section=model"), form)
    page = scientist.get(at(version, "edit/", "?section=model")).content.decode()
    assert "From MLflow run 3fa2c1d4, parameter estimator" in page
    assert "One tree a shop" in page
    form = sent(scientist, version, "model", state__architecture="source")
    scientist.post(at(version, "edit/", "?section=model"), form)
    assert "architecture" not in CardRevision.objects.first().values


def test_an_error_stands_at_its_field_and_keeps_what_was_typed(scientist, version):
    form = sent(
        scientist, version, "change",
        value__expiry="31.3.2027",
        value__change_plan="Every <Monday>",
        state__retirement_plan="not_applicable",
        note="x" * 10,
    )  # fmt: skip
    response = scientist.post(at(version, "edit/", "?section=change"), form)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Write the date as year-month-day" in page.split('id="error-expiry"')[1][:300]
    assert "Say in a few words" in page.split('id="error-retirement_plan"')[1][:300]
    assert 'value="31.3.2027"' in page
    assert "Every &lt;Monday&gt;</textarea>" in page
    assert 'value="xxxxxxxxxx"' in page
    assert not CardRevision.objects.exists()


def test_too_many_cells_and_a_long_note_are_named(scientist, version):
    form = sent(scientist, version, "risk", value__risks="a|b|c|d|e", note="")
    page = scientist.post(at(version, "edit/", "?section=risk"), form).content.decode()
    assert "Row 1 has 5 cells, but there are 4 columns" in page
    form = sent(scientist, version, "risk", value__risks=r"a\|b | c", note="x" * 301)
    page = scientist.post(at(version, "edit/", "?section=risk"), form).content.decode()
    assert "at most 300" in page.split('id="error-note"')[1][:300]


def test_a_conflict_shows_both_texts_and_lets_choose(scientist, version):
    save(version, contact=written("start@x.example"))
    form = sent(
        scientist, version, "ownership",
        value__contact="mine@x.example", value__on_call="Rota 4411",
    )  # fmt: skip
    save(version, 1, contact=written("theirs@x.example"), validator=written("Eva"))
    url = at(version, "edit/", "?section=ownership")
    response = scientist.post(url, form)
    page = response.content.decode()
    assert response.status_code == 409
    for text in ("mine@x.example", "theirs@x.example", "Rota 4411", "Eva", 'value="theirs"'):
        assert text in page
    assert CardRevision.objects.count() == 2

    undecided = form | {"base_revision": "2", "clash": "contact", "state-contact": "",
                        "value-validator": "Eva", "state-validator": "written"}  # fmt: skip
    page = scientist.post(url, undecided).content.decode()
    assert "Choose which text stands" in page
    assert "theirs@x.example" in page

    scientist.post(url, undecided | {"state-contact": "theirs"})
    values = CardRevision.objects.first().values
    assert values["contact"]["value"] == "theirs@x.example"
    assert values["on_call"]["value"] == "Rota 4411"

    scientist.post(url, undecided | {"base_revision": "3", "state-contact": "written"})
    values = CardRevision.objects.first().values
    assert values["contact"]["value"] == "mine@x.example"
    assert values["validator"]["value"] == "Eva"


def test_changes_in_different_fields_merge_and_are_told(scientist, version):
    form = sent(scientist, version, "ownership", value__on_call="Rota 4411")
    save(version, validator=written("Eva"))
    page = scientist.post(at(version, "edit/", "?section=ownership"), form, follow=True)
    assert "Meanwhile somebody else changed Independent validator" in page.content.decode()
    assert set(CardRevision.objects.first().values) == {"on_call", "validator"}


def test_an_amber_field_shows_what_the_source_says_now(scientist, version):
    save(version, architecture=written("Trees"))
    version.params = {**version.params, "estimator": "Forest"}
    version.save()
    for page in (at(version), at(version, "edit/", "?section=model")):
        assert "The source has changed" in scientist.get(page).content.decode()


def test_what_the_source_says_in_a_table_stands_in_the_form_as_a_table(scientist, version):
    page = scientist.get(at(version, "edit/", "?section=evaluation")).content.decode()
    assert "<td>mae</td><td>12.3457</td>" in page
    assert "| |" not in page


def test_the_card_of_a_next_version_says_what_it_starts_from(scientist, version):
    save(version, overview=written("Carried words"))
    second = make_full_version(version.model)
    page = scientist.get(at(second)).content.decode()
    assert "it starts from the card of version 1" in page
    assert "Carried over from version 1" in page
    form = sent(scientist, second, "identity", value__change_summary="More data")
    scientist.post(at(second, "edit/", "?section=identity"), form)
    values = CardRevision.objects.get(version=second).values
    assert values["overview"]["from_version"] == "1"


def test_history_compares_any_two_revisions(client, version):
    save(version, overview=written("One"), note="First words")
    save(version, 1, overview=written("Two"), contact=UNKNOWN)
    save(version, 2, overview=None)
    client.force_login(make_user(Role.AUDITOR))
    page = client.get(at(version, "revisions/", "?a=1&b=2")).content.decode()
    assert "First words" in page
    assert CardRevision.objects.get(number=2).digest[:12] in page
    compared = page.split("</table>")[0]
    assert re.findall(r'class="lines \w+"><\w+>(One|Two)<', compared) == ["One", "Two"]
    assert "Unknown" in compared
    old = client.get(at(version, query="?revision=1")).content.decode()
    assert "This is revision 1, not the newest" in old
    assert ">One<" in old.replace("<p>", ">").replace("</p>", "<")
    for query in ("?revision=9", "?revision=x"):
        assert client.get(at(version, query=query)).status_code == 404
    assert client.get(at(version, "revisions/", "?a=7&b=x")).status_code == 404


def test_an_untouched_card_has_no_revisions_yet(client, version):
    client.force_login(make_user())
    assert "Nobody has edited" in client.get(at(version, "revisions/")).content.decode()


def test_only_the_team_opens_the_form(client, version):
    for role in (Role.AUDITOR, Role.PLATFORM_ADMIN, Role.DATA_SCIENTIST):
        client.force_login(make_user(role))
        assert client.get(at(version, "edit/")).status_code == 403
        assert client.post(at(version, "edit/"), {"base_revision": "0"}).status_code == 403
    assert not CardRevision.objects.exists()


def test_odd_addresses_and_forms_are_answered(scientist, version):
    assert scientist.get(at(version, "edit/", "?section=governance")).status_code == 404
    assert scientist.get(at(version, "edit/", "?section=nothing")).status_code == 404
    url = at(version, "edit/", "?section=purpose")
    for base in ("", "x", "-1", "99", "9" * 40):
        assert scientist.post(url, {"base_revision": base}).status_code in (404, 409)
    odd = {"base_revision": "0", "state-overview": "maybe", "value-overview": "x"}
    page = scientist.post(at(version, "edit/", "?section=identity"), odd)
    assert page.status_code == 422
    missing = f"/models/{version.model_id}/versions/99/card/"
    assert scientist.get(missing).status_code == 404


@pytest.mark.parametrize("section", [s.key for s in schema_of().sections if s.editable])
def test_every_section_opens_and_stays_below_the_limit_of_fields(scientist, version, section):
    page = scientist.get(at(version, "edit/", f"?section={section}")).content.decode()
    names = set(re.findall(r' name="([^"]+)"', page))
    assert len(names) < 100
    for field in schema_of().section(section).editable:
        assert f'id="field-{field.key}"' in page


def test_a_page_costs_a_constant_number_of_queries(
    scientist, version, django_assert_max_num_queries
):
    scientist.get(at(version))
    with django_assert_max_num_queries(12):
        scientist.get(at(version))
    for number in range(12):
        save(version, number, contact=written(f"mail {number}"))
    with django_assert_max_num_queries(12):
        scientist.get(at(version))
    with django_assert_max_num_queries(14):
        scientist.get(at(version, "revisions/"))
