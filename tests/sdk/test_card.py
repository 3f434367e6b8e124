"""`signet card`: a card kept beside the code, against the real portal."""

import json

import pytest

from registry.cards.models import CardRevision
from registry.cards.services import card_save
from tests.cards.facts import scientist_of, written
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "shop/demand/1"


def save(version, base=0, **changes):
    return card_save(
        actor=scientist_of(version), version_id=version.pk, base_revision=base, changes=changes
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "signet-card.yaml"


def answer(file, text):
    """Write the overview into a file that was pulled."""
    content = file.read_text()
    start = content.index("identity:")
    rest = content[start:].split("\n", 1)[1]
    kept = "\n".join(line for line in rest.split("\n") if not line.startswith("  overview:"))
    file.write_text(f"{content[:start]}identity:\n  overview: {text}\n{kept}")


def test_a_card_is_pulled_changed_checked_and_pushed(signet, version, file):
    pulled = signet("card", "pull", NAME)
    assert pulled.returncode == 0, pulled.stderr
    answer(file, "Forecasts weekly sales.")
    checked = signet("card", "check", NAME)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Overview (New answer)" in checked.stdout
    assert not CardRevision.objects.exists()
    pushed = signet("card", "push", NAME, "--note", "From the repository")
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    revision = CardRevision.objects.get()
    assert revision.values["overview"]["value"] == "Forecasts weekly sales."
    assert revision.note == "From the repository"
    assert f"digest: {revision.digest}" in file.read_text()
    again = signet("card", "push", NAME)
    assert "already says this" in again.stdout
    assert CardRevision.objects.count() == 1


def test_pull_writes_over_nothing_that_somebody_typed(signet, version, file):
    file.write_text("mine")
    refused = signet("card", "pull", NAME)
    assert (refused.returncode, file.read_text()) == (1, "mine")
    assert "--force" in refused.stderr
    assert signet("card", "pull", NAME, "--force").returncode == 0
    assert signet("card", "pull", NAME).returncode == 0
    assert signet("card", "pull", NAME, "-o", "-").stdout == file.read_text()


@pytest.mark.parametrize("form", ["json", "hf", "mct", "cyclonedx"])
def test_other_formats_are_pulled_and_checked(signet, version, tmp_path, form):
    save(version, overview=written("Forecasts sales."))
    assert signet("card", "pull", NAME, "--format", form).returncode == 0
    checked = signet("card", "check", NAME, f"signet-card.{form}", "--json")
    facts = json.loads(checked.stdout)
    assert (facts["format"], facts["changes"], facts["faults"]) == (form, [], [])


def test_check_names_each_line_that_is_wrong(signet, version, file):
    signet("card", "pull", NAME)
    answer(file, "x" * 20_001)
    file.write_text(file.read_text() + "nowhere:\n  land: 1\n")
    checked = signet("card", "check", NAME)
    assert checked.returncode == 1
    assert "20,001 characters" in checked.stdout
    assert "nowhere: There is no such section." in checked.stdout
    facts = json.loads(signet("card", "check", NAME, "--json").stdout)
    assert facts["ok"] is False
    assert facts["faults"][0]["key"] == "overview"
    assert facts["faults"][0]["place"].startswith("line ")
    refused = signet("card", "push", NAME)
    assert refused.returncode == 1
    assert "20,001 characters" in refused.stderr
    assert not CardRevision.objects.exists()


def test_a_complete_card_is_asked_for_by_name(signet, version, file):
    signet("card", "pull", NAME)
    assert signet("card", "check", NAME).returncode == 0
    checked = signet("card", "check", NAME, "--complete")
    assert checked.returncode == 1
    assert "Intended uses: Required at every tier" in checked.stdout


def test_what_both_have_changed_is_decided_by_a_person(signet, version, file):
    save(version, overview=written("First"))
    signet("card", "pull", NAME)
    save(version, 1, overview=written("Theirs"), business_problem=written("Waste"))
    file.write_text(file.read_text().replace("overview: First", "overview: Mine"))
    assert signet("card", "check", NAME).returncode == 1
    refused = signet("card", "push", NAME)
    assert refused.returncode == 1
    assert "the card says Theirs, the file Mine" in refused.stderr
    facts = json.loads(signet("card", "push", NAME, "--json").stdout)
    assert (facts["ok"], facts["problem"]["status"]) == (False, 409)
    assert CardRevision.objects.count() == 2
    kept = signet("card", "push", NAME, "--conflicts", "card")
    assert kept.returncode == 0
    assert f"The card of {NAME} was not changed." in kept.stdout
    assert "pull to have it:\n  Overview\n" in kept.stdout
    assert CardRevision.objects.count() == 2
    assert signet("card", "push", NAME, "--conflicts", "document").returncode == 0
    values = CardRevision.objects.first().values
    assert (values["overview"]["value"], values["business_problem"]["value"]) == ("Mine", "Waste")


def test_a_hostile_file_is_refused_with_its_line(signet, version, file):
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
    file.write_text(f"signet_card: 1\nschema: '1'\n{bomb}")
    checked = signet("card", "check", NAME)
    assert checked.returncode == 1
    assert "Line 4: *a repeats another value" in checked.stderr


def test_without_the_portal_only_the_syntax_is_checked(signet, version, file):
    file.write_text("signet_card: 1\n")
    away = {"SIGNET_URL": f"http://127.0.0.1:{free_port()}"}
    checked = signet("card", "check", NAME, **away)
    assert checked.returncode == 2
    assert "cannot be reached" in checked.stderr
    assert "its answers were not checked" in checked.stderr
    file.write_text("signet_card: [\n")
    assert "This is not YAML" in signet("card", "check", NAME, **away).stderr


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("demand", 2, "Write MODEL/VERSION"),
        ("nothing/1", 1, "There is no model 'nothing'"),
        ("shop/demand/9", 1, "nothing"),
    ],
)
def test_a_wrong_name_is_said(signet, version, name, code, said):
    done = signet("card", "pull", name)
    assert done.returncode == code
    assert said in done.stderr


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"SIGNET_TOKEN": ""}, 2, "SIGNET_TOKEN is not set"),
        ({"SIGNET_URL": ""}, 2, "SIGNET_URL is not set"),
        ({"SIGNET_URL": "ftp://signet"}, 2, "expected an address"),
        ({"SIGNET_TOKEN": "sgn_wrong"}, 1, "Check SIGNET_TOKEN"),
    ],
)
def test_a_wrong_setting_is_said(signet, version, environment, code, said):
    done = signet("card", "pull", NAME, **environment)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_name_in_two_sources_needs_the_source(signet, version):
    from tests.factories import make_model, make_source

    make_model("shop/demand", source=make_source("Elsewhere"))
    done = signet("card", "pull", NAME)
    assert done.returncode == 1
    assert "--source" in done.stderr
    assert signet("card", "pull", NAME, "--source", version.model.source.name).returncode == 0
