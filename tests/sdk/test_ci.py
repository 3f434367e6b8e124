"""`signet ci init`: files that the providers' own schemas accept and that bash can read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from signet.ci import PLACES, Plan, rendered
from signet.cli.main import signet
from signet.errors import NoAnswer

BIN = Path(sys.executable).parent
ODD = 'price: "north" #1 \'s ümlaut 🛒 `id` \\ {{ x }} <<train>>'
SCHEMAS = {
    "github": ["vendor.github-workflows"],
    "gitlab": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "azure": [
        "vendor.azure-pipelines",
        "--data-transform",
        "azure-pipelines",
        "--regex-variant",
        "nonunicode",
    ],
}
ORDER = ("python train.py", "evaluate.py", "register.py", "signet gate check", "deploy.sh",
         "signet deploy record")  # fmt: skip


@pytest.mark.parametrize("model", ["shop/demand", ODD])
@pytest.mark.parametrize("provider", sorted(SCHEMAS))
def test_the_providers_schema_accepts_it(provider, model, tmp_path):
    file = tmp_path / "pipeline.yml"
    file.write_text(rendered(provider, Plan(model)))
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", *SCHEMAS[provider], file],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_check_would_find_a_mistake(tmp_path):
    file = tmp_path / "pipeline.yml"
    file.write_text(rendered("github", Plan("demand")).replace("runs-on:", "run-on:"))
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", *SCHEMAS["github"], file],
        capture_output=True,
    )
    assert done.returncode == 1


@pytest.mark.parametrize("provider", sorted(PLACES))
def test_the_steps_come_in_order_and_nothing_is_left_to_fill_in(provider):
    text = rendered(provider, Plan("shop/demand"))
    places = [text.index(step) for step in ORDER]
    assert places == sorted(places)
    assert "<<" not in text


def scripts(value):
    """Every shell script in a pipeline's file."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("run", "bash") and isinstance(inner, str):
                yield inner
            elif name == "script":
                yield from inner
            else:
                yield from scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts(inner)


@pytest.mark.parametrize("provider", sorted(SCHEMAS))
def test_bash_can_read_every_script(provider):
    found = list(scripts(yaml.safe_load(rendered(provider, Plan("shop/demand")))))
    assert len(found) >= 6
    for script in found:
        done = subprocess.run(["/bin/bash", "-n"], input=script, text=True, capture_output=True)
        assert done.returncode == 0, f"{script}\n{done.stderr}"


def test_names_with_odd_characters_stay_names():
    loaded = yaml.safe_load(rendered("github", Plan(ODD)))
    assert loaded["env"]["MODEL"] == ODD
    assert loaded["env"]["DEPLOYMENT"] == ODD
    assert "`id`" not in "".join(scripts(loaded))
    groovy = rendered("jenkins", Plan(ODD))
    assert "MODEL = 'price: \"north\" #1 \\'s ümlaut" in groovy


@pytest.mark.parametrize(("told", "code"), [("trained\n7", 0), ("7 errors", 2), ("", 2)])
def test_the_register_step_takes_only_a_version_number(told, code, tmp_path):
    plan = Plan("demand", register=f"printf '%b' {told!r}")
    steps = yaml.safe_load(rendered("github", plan))["jobs"]["train"]["steps"]
    script = next(step["run"] for step in steps if step.get("name") == "Register")
    output = tmp_path / "output"
    done = subprocess.run(
        ["/bin/bash", "-e"], input=script, text=True, capture_output=True, cwd=tmp_path,
        env={**os.environ, "GITHUB_OUTPUT": str(output)},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert (output.read_text() if output.exists() else "") == ("version=7\n" if not code else "")


@pytest.mark.parametrize(
    "words",
    [
        {"model": ""},
        {"model": "a\nb"},
        {"model": "a@b"},
        {"model": "${{ secrets.SIGNET_TOKEN }}"},
        {"deployment": "$(id)"},
        {"train": "a\x85      - run: b"},
        {"train": "a\u2028b"},
        {"branch": "a b"},
        {"environment": "a b"},
    ],
)
def test_what_could_not_stand_in_the_file_is_refused(words):
    with pytest.raises(NoAnswer):
        rendered("github", Plan(**{"model": "demand", **words}))


def test_the_command_writes_where_the_provider_looks_and_over_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    init = ["ci", "init", "--provider", "github", "--model", "demand"]
    done = CliRunner().invoke(signet, init)
    assert done.exit_code == 0, done.output
    assert "signet gate keys -o signet-keys.json" in done.output
    file = tmp_path / ".github" / "workflows" / "signet.yml"
    assert CliRunner().invoke(signet, init).exit_code == 0
    file.write_text("mine")
    assert CliRunner().invoke(signet, init).exit_code != 0
    assert file.read_text() == "mine"
    assert CliRunner().invoke(signet, [*init, "--force"]).exit_code == 0
    printed = CliRunner().invoke(signet, [*init, "-o", "-"])
    assert printed.output == file.read_text()
