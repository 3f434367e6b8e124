"""Counters of earlier tests must not lock out later ones."""

from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _light_passwords(settings: Any) -> None:
    """The same kind of hash with less work; the test of equal time takes the real one."""
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.LightArgon2"]
