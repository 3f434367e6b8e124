"""The command `signet` against the real portal."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Signet = Callable[..., Done]


@pytest.fixture
def version() -> Any:
    # Imported here and below: this file is read before Django is set up.
    from tests.cards.facts import make_full_version, make_owned_model

    return make_full_version(make_owned_model("shop/demand", risk_tier="T3"))


@pytest.fixture
def token(version: Any) -> str:
    from portal.accounts.permissions import Role
    from tests.factories import make_user
    from tests.routes import make_token

    owner = make_user(Role.DATA_SCIENTIST, team=version.model.team)
    return make_token(owner, "read", "cards:write")[1]


@pytest.fixture
def signet(
    live_server: Any,
    token: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Signet:
    """`signet("card", "pull", …)` runs it in an empty folder, signed in as a scientist."""
    from signet.cli.main import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **environment: str) -> Done:
        monkeypatch.setattr("sys.argv", ["signet", *arguments])
        for name, text in {
            "SIGNET_URL": live_server.url,
            "SIGNET_TOKEN": token,
            **environment,
        }.items():
            monkeypatch.setenv(name, text)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return Done(int(left.value.code or 0), told.out, told.err)

    return run
