"""What higher apps add to the demo: each module of DEMO_PARTS gives its steps and clears up."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings

from registry.inventory.models import RegisteredModel

Steps = list[tuple[str, Callable[[], Any]]]


def parts_steps() -> Steps:
    """What loading the demo does after the registry's own steps, in order."""
    return [step for part in _parts() for step in part.steps()]


def parts_clear(models: list[RegisteredModel]) -> dict[str, int]:
    """Delete what higher apps keep about these models; how many rows of each kind went."""
    counts: dict[str, int] = {}
    for part in _parts():
        counts.update(part.clear(models))
    return counts


def _parts() -> list[ModuleType]:
    return [import_module(name) for name in settings.DEMO_PARTS]
