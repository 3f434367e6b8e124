"""From an event's before and after to the fields that people read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.choices import Toned

ADDED, REMOVED = Toned("Set", "green", "plus"), Toned("Removed", "red", "trash")
CHANGED = Toned("Changed", "blue", "pencil")


@dataclass(frozen=True)
class Change:
    """One field before and after, as text; None where there was no such field."""

    field: str
    before: str | None
    after: str | None

    @property
    def same(self) -> bool:
        """Whether nothing happened to this field."""
        return self.before == self.after

    @property
    def kind(self) -> Toned:
        """What happened to this field."""
        if self.before is None:
            return ADDED
        return REMOVED if self.after is None else CHANGED


def changes_of(facts: Mapping[str, Any]) -> list[Change]:
    """Every field of the event's before and after, in the order of their names."""
    before, after = dict(_flat(facts.get("before"))), dict(_flat(facts.get("after")))
    return [Change(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Nested fields by dotted names."""
    if isinstance(value, Mapping) and (value or not path):
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, _text(value)
    elif value is not None:
        yield "value", _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
