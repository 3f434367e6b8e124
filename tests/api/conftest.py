"""Counters of earlier tests must not lock out later ones."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    cache.clear()
