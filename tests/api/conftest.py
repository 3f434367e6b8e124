"""Counters of earlier tests must not lock out later ones."""

from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _light_passwords(settings: Any) -> None:
    """Nothing here is about passwords, so that hashing them need not take its time."""
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.LightArgon2"]
