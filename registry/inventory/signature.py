"""A model's signature as tables, whichever way the source wrote it down."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """One input, output or parameter of a model."""

    name: str
    type: str
    note: str = ""


@dataclass(frozen=True)
class Part:
    """Inputs, outputs or parameters; `raw` holds what could not be read as columns."""

    title: str
    columns: list[Column]
    raw: str = ""


def parts(signature: dict[str, Any]) -> list[Part]:
    """The parts that the signature has, in the order of inputs, outputs, parameters."""
    found = []
    for key, title in (("inputs", "Inputs"), ("outputs", "Outputs"), ("params", "Parameters")):
        given = signature.get(key)
        if given in (None, "", [], {}):
            continue
        try:
            found.append(Part(title, [_column(item) for item in _items(given)]))
        except (AttributeError, TypeError, ValueError):
            found.append(Part(title, [], raw=str(given)[:2000]))
    return found


def flat(signature: dict[str, Any]) -> dict[str, str]:
    """One line for each column, to compare two signatures by."""
    lines = {}
    for part in parts(signature):
        for column in part.columns:
            text = f"{column.type} {column.note}".strip()
            lines[f"{part.title[:-1].lower()} {column.name}"] = text
    return lines


def _items(given: Any) -> list[dict[str, Any]]:
    items = json.loads(given) if isinstance(given, str) else given
    if not isinstance(items, list):
        raise ValueError("a signature's part is a list")
    return items


def _column(item: dict[str, Any]) -> Column:
    kind = item.get("type") or item.get("dtype") or ""
    if kind == "tensor":
        tensor = item["tensor-spec"]
        kind = f"tensor of {tensor['dtype']} {tuple(tensor['shape'])}"
    notes = [] if item.get("required", True) else ["optional"]
    if "default" in item:
        notes.append(f"default {item['default']}")
    shape = item.get("shape")
    if shape:
        notes.append(f"shape {shape}")
    return Column(str(item.get("name") or "–"), str(kind), ", ".join(notes))
