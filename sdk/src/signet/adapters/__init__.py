"""Adapters: one way to fit, predict, save and load, over each library's own estimator.

`adapter("tabular.sklearn")` gives a class; kinds from other packages register under the entry point
group `signet.adapters`. Nothing heavy is imported until a kind is asked for.
"""

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from signet.errors import SignetError

if TYPE_CHECKING:
    from signet.adapters.base import Adapter

GROUP = "signet.adapters"
BUILT_IN = {
    "tabular.sklearn": "signet.adapters.tabular:SklearnModel",
}


def kinds() -> dict[str, str]:
    """Every kind that is installed, with where its class lives; built-in names cannot be taken."""
    found = {point.name: point.value for point in entry_points(group=GROUP)}
    return {**found, **BUILT_IN}


def adapter(kind: str) -> "type[Adapter]":
    """The adapter class of a kind; SignetError names the kinds that are there."""
    places = kinds()
    if kind not in places:
        raise SignetError(
            f"There is no adapter {kind!r}; installed are {', '.join(sorted(places))}."
        )
    module, _, name = places[kind].partition(":")
    found: type[Adapter] = getattr(import_module(module), name)
    return found
