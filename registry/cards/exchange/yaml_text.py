"""YAML as plain data with line numbers: no aliases, no tags, no types, and not without end.

Every scalar is a text, as it was typed: `yes`, `1.10` and `2027-03-31` mean just that. An empty
value is None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from registry.cards.exchange.documents import UNSTORABLE, BadDocument

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 12
MOST_NODES = 50_000
EMPTY = ("", "~", "null")


@dataclass(frozen=True)
class Node:
    """A value of a YAML document and the line it stands in, counted from 1."""

    value: Any
    line: int

    @property
    def plain(self) -> Any:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: inner.plain for key, inner in self.value.items()}
        if isinstance(self.value, list):
            return [inner.plain for inner in self.value]
        return self.value


def yaml_of(text: str, *, first_line: int = 1) -> Node:
    """The one document in the text; BadDocument naming the line of what is not read here."""
    try:
        return _Reader(text, first_line).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + first_line}, column {mark.column + 1}" if mark else "somewhere"
        raise BadDocument(f"This is not YAML: {where}: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise BadDocument(f"This is not YAML: {' '.join(str(error).split())[:200]}.") from None


class _Reader:
    """Builds the data from events, so that nothing is ever expanded."""

    def __init__(self, text: str, first_line: int) -> None:
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=LOADER))
        self.first_line = first_line
        self.nodes = 0

    def read(self) -> Node:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                found = self._node(self._next(), 0)
                self._end()
                return found
        return Node(None, self.first_line)

    def _end(self) -> None:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise BadDocument(f"{self._at(event)}: a second document begins; one is expected.")

    def _next(self) -> Any:
        event = next(self.events)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise BadDocument(f"The YAML has more than {MOST_NODES:,} values. Nothing was changed.")
        if isinstance(event, yaml.AliasEvent):
            raise BadDocument(
                f"{self._at(event)}: *{event.anchor} repeats another value. Aliases are not read, "
                "because a few lines of them can stand for gigabytes. Write the value out."
            )
        if getattr(event, "tag", None) not in (None, "!"):
            raise BadDocument(
                f"{self._at(event)}: the tag {str(event.tag)[:80]} is not read here. Remove it."
            )
        return event

    def _at(self, event: Any) -> str:
        return f"Line {event.start_mark.line + self.first_line}"

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEEPEST:
            raise BadDocument(f"{self._at(event)}: nested more than {DEEPEST} levels deep.")
        line = event.start_mark.line + self.first_line
        if isinstance(event, yaml.ScalarEvent):
            # An escape such as "\0" makes one where the file itself has none.
            if UNSTORABLE.search(event.value):
                raise BadDocument(f"Line {line} holds a NUL character. Remove it and try again.")
            is_empty = event.style is None and event.value in EMPTY
            return Node(None if is_empty else event.value, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(list(self._items(depth)), line)
        return Node(self._mapping(depth), line)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key.value, str):
                raise BadDocument(f"Line {key.line}: a name is expected before the colon.")
            if key.value in found:
                raise BadDocument(f"Line {key.line}: {key.value[:80]!r} stands here twice.")
            found[key.value] = self._node(self._next(), depth + 1)
        return found
