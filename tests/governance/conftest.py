"""The key that signs approvals and gate answers is there before any test writes a signed row."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def gate_key() -> None:
    from governance.gate.statements import key_file

    key_file().make()
