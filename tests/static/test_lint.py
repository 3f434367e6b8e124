"""The tools that read the code: each must have nothing to say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import REPOSITORY

BIN = Path(sys.executable).parent
CODE = [
    name
    for name in ("manage.py", "portal", "registry", "governance", "sdk", "tests", "benchmarks")
    if Path(REPOSITORY, name).exists()
]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", *CODE], id="ruff-check"),
        pytest.param(["ruff", "format", "--check", *CODE], id="ruff-format"),
        pytest.param(["lint-imports"], id="import-contracts"),
        pytest.param(["djlint", "templates", "--lint", "--quiet"], id="djlint"),
    ],
)
def test_tool_has_nothing_to_say(command: list[str]) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
