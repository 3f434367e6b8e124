"""Text from other systems, made safe to keep: cut to size and free of what PostgreSQL refuses."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

# NUL does not fit into PostgreSQL's text, half of a surrogate pair not into UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
KEY, VALUE, ENTRIES = 250, 2_000, 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(value: Any, limit: int) -> str:
    """`value` as storable text of at most `limit` characters; a cut one ends in an ellipsis."""
    if value is None or isinstance(value, dict | list):
        return ""
    plain = _UNSTORABLE.sub("\ufffd", value if isinstance(value, str) else str(value))
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def storable(value: Any, limit: int) -> bool:
    """Whether `value` is text that can be kept unchanged, as a name must be."""
    return isinstance(value, str) and 0 < len(value) <= limit and not _UNSTORABLE.search(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> Iterable[Mapping[str, Any]]:
    """The JSON objects in a list; anything else is passed over."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def pairs(value: Any, key: str = "key", *, limit: int = VALUE) -> dict[str, str]:
    """A list of {key, value} objects as a dictionary of at most ENTRIES texts."""
    found: dict[str, str] = {}
    for item in objects(value):
        name = text(item.get(key), KEY)
        if name:
            found[name] = text(item.get("value"), limit)
        if len(found) == ENTRIES:
            break
    return found


def number(value: Any) -> float | None:
    """A finite number, or None: JSON has no NaN, so registries spell it in their own ways."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(milliseconds: Any) -> datetime:
    """Milliseconds since 1970 as a time; the epoch itself when that is not one."""
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return EPOCH
