"""The MLmodel file: which library saved the model, and its signature. Nothing in it is run."""

import json
from typing import Any

import yaml

from registry.connectors import untrusted
from registry.connectors.base import BadAnswer

MOST_COLUMNS = 500


def read(raw: bytes) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """The signature's inputs, outputs and params, and the names of the flavors."""
    try:
        # The plainest loader: every value stays text, so no tag can fail in a way of its own and
        # no merge key can multiply a few lines into gigabytes. It is pure Python, which ends a
        # hostile nesting in an exception, not in a crash.
        found = untrusted.mapping(yaml.load(raw, Loader=yaml.BaseLoader))  # noqa: S506 - see above
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError):
        raise BadAnswer("The MLmodel file is not valid YAML.") from None
    signature = untrusted.mapping(found.get("signature"))
    parts = {
        name: columns(_listed(signature.get(name))) for name in ("inputs", "outputs", "params")
    }
    flavors = [untrusted.text(name, 80) for name in untrusted.mapping(found.get("flavors"))]
    return {name: part for name, part in parts.items() if part}, flavors[:20]


def columns(listed: Any) -> list[dict[str, Any]]:
    """Column specifications as name, type and whether required."""
    found = []
    for item in untrusted.objects(listed):
        column: dict[str, Any] = {
            "name": untrusted.text(item.get("name"), 250),
            "type": _type(item),
            "required": item.get("required") is not False,
        }
        if "default" in item:
            column["default"] = untrusted.text(item["default"], 200)
        found.append(column)
        if len(found) == MOST_COLUMNS:
            break
    return found


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return []


def _type(item: Any) -> str:
    tensor = untrusted.mapping(item.get("tensor-spec"))
    if tensor:
        shape = tensor.get("shape")
        sides = [untrusted.text(side, 12) for side in shape[:8]] if isinstance(shape, list) else []
        return f"{untrusted.text(tensor.get('dtype'), 40)} tensor ({' × '.join(sides)})"
    return untrusted.text(item.get("type"), 60)
