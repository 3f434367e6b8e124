"""How much of the long lists a run tries: `SIGNET_THOROUGH=1` tries all, every run its share."""

import os
import zlib
from collections.abc import Sequence
from typing import TypeVar

IS_THOROUGH = os.environ.get("SIGNET_THOROUGH") == "1"
SHARES = 6
Item = TypeVar("Item")


def share(items: Sequence[Item], name: str, always: Sequence[Item] = ()) -> list[Item]:
    """The part of `items` that falls to `name`, always the same; many names try all."""
    if IS_THOROUGH:
        return list(items)
    turn = zlib.crc32(name.encode())
    return [
        item for place, item in enumerate(items) if item in always or (place + turn) % SHARES == 0
    ]
