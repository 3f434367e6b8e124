"""Whether whoever calls one version can call another: their signatures compared."""

import json
from collections.abc import Mapping
from typing import Any


def incompatible(now: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What a caller of `now` would run into with `other`; nothing when it would go unnoticed.

    A version without a signature is not compared.
    """
    if not now or not other:
        return []
    sent, wanted = _columns(now.get("inputs")), _columns(other.get("inputs"))
    found = []
    for name, column in wanted.items():
        if name not in sent:
            if column.get("required", True):
                found.append(f"It needs the input {name}, which is not sent now.")
        elif _kind(sent[name]) != _kind(column):
            found.append(
                f"It takes {name} as {_kind(column)}, and is sent it as {_kind(sent[name])}."
            )
    given, expected = _columns(other.get("outputs")), _columns(now.get("outputs"))
    if (
        given
        and expected
        and [_kind(c) for c in given.values()] != [_kind(c) for c in expected.values()]
    ):
        found.append("It answers in another form.")
    return found


def _columns(told: Any) -> dict[str, Mapping[str, Any]]:
    """The columns by name, by place for those without one; the form in which MLflow tells them."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            return {}
    if not isinstance(told, list):
        return {}
    return {
        str(column.get("name") or f"#{place}"): column
        for place, column in enumerate(told)
        if isinstance(column, Mapping)
    }


def _kind(column: Mapping[str, Any]) -> str:
    """The type, with a tensor's form: 'double', 'tensor float64 [-1, 1]'."""
    tensor = column.get("tensor-spec")
    if isinstance(tensor, Mapping):
        return f"tensor {tensor.get('dtype')} {tensor.get('shape')}"
    return str(column.get("type") or column.get("dtype") or "")
