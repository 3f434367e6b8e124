"""The rules as TOML, the form in which Signet ships them and people keep them in a repository."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def toml_of(rules: Mapping[str, Any]) -> str:
    """The rules as TOML text that reads back as the same rules."""
    return "\n".join(_table((), rules)).strip() + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    plain = {name: value for name, value in table.items() if not _is_table(path, name, value)}
    if path and (plain or not table):
        yield f"\n[{'.'.join(_key(name) for name in path)}]"
    for name, value in plain.items():
        yield f"{_key(name)} = {_value(value)}"
    for name, value in table.items():
        if name not in plain:
            yield from _table((*path, name), value)


def _is_table(path: tuple[str, ...], name: str, value: Any) -> bool:
    """Whether a value gets a heading of its own; a plan is short enough to stay on one line."""
    return isinstance(value, Mapping) and name != "plan"


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        parts = [f"{_key(name)} = {_value(part)}" for name, part in value.items()]
        return f"{{ {', '.join(parts)} }}" if parts else "{}"
    if isinstance(value, list):
        if any(isinstance(item, Mapping) for item in value):
            return "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)
