"""Fingerprints of data: equal content gives equal digests, whatever file layout it came in.

MLflow's own digest samples rows and misses a changed cell; this reads every one. Rows are hashed
with pandas' `hash_pandas_object` and the hashes with SHA-256, in blocks, so memory stays flat.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 250_000


@dataclass(frozen=True)
class Fingerprint:
    """What a table holds: `content_sha256` follows row order, `order_free_sha256` does not."""

    rows: int
    columns: int
    schema_sha256: str
    content_sha256: str
    order_free_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for tags and JSON."""
        return asdict(self)


def fingerprint(frame: "pd.DataFrame") -> Fingerprint:
    """The fingerprint of a frame; its index does not count, column order and types do."""
    step = range(0, max(len(frame), 1), BLOCK)
    return fingerprint_blocks(frame.iloc[start : start + BLOCK] for start in step)


def fingerprint_parquet(path: str | Path) -> Fingerprint:
    """The fingerprint of a Parquet file, read in blocks; row groups and codec do not count."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows == 0:
            return fingerprint(file.schema_arrow.empty_table().to_pandas())
        return fingerprint_blocks(
            batch.to_pandas() for batch in file.iter_batches(batch_size=BLOCK)
        )


def fingerprint_blocks(blocks: Iterable["pd.DataFrame"]) -> Fingerprint:
    """The fingerprint of a table that comes in blocks; where they are cut does not count."""
    import numpy as np

    rows, total, mixed = 0, 0, 0
    content = hashlib.sha256()
    schema: list[list[str]] = []
    for block in blocks:
        schema = schema or schema_of(block)
        if schema_of(block) != schema:
            raise ValueError("The blocks of a table must all have the same columns and types.")
        hashes = _row_hashes(block)
        content.update(hashes.tobytes())
        total = (total + int(hashes.sum(dtype=np.uint64))) % 2**64
        mixed ^= int(np.bitwise_xor.reduce(hashes)) if len(hashes) else 0
        rows += len(block)
    described = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
    schema_sha = hashlib.sha256(described.encode()).hexdigest()
    free = hashlib.sha256(f"{schema_sha}:{rows}:{total}:{mixed}".encode())
    content.update(schema_sha.encode())
    return Fingerprint(rows, len(schema), schema_sha, content.hexdigest(), free.hexdigest())


def schema_of(frame: "pd.DataFrame") -> list[list[str]]:
    """Each column's name and type in words that Parquet brings back."""
    return [
        [str(name), _type(frame.dtypes.iloc[place])] for place, name in enumerate(frame.columns)
    ]


def _type(dtype: Any) -> str:
    """A text column is text whether pandas calls it object, string or category."""
    name = str(dtype)
    if name in ("object", "category") or name.startswith(("str", "string")):
        return "text"
    return "datetime" if name.startswith("datetime64") else name


def _row_hashes(block: "pd.DataFrame") -> Any:
    import numpy as np
    import pandas as pd

    plain = {}
    for place, name in enumerate(block.columns):
        column = block.iloc[:, place]
        kind = _type(column.dtype)
        if kind == "text":
            # Two words for nothing, and a number among words, hash as what they say.
            column = column.astype(object).where(column.notna(), None).map(_word)
        elif kind == "datetime":
            column = column.astype(f"datetime64[us{_zone(column.dtype)}]")
        plain[f"{place}:{name}"] = column
    framed = pd.DataFrame(plain, copy=False)
    hashed = pd.util.hash_pandas_object(framed, index=False, categorize=True)
    return np.ascontiguousarray(hashed.to_numpy(dtype="<u8"))


def _word(value: Any) -> str:
    return "\0nothing" if value is None else str(value)


def _zone(dtype: Any) -> str:
    zone = getattr(dtype, "tz", None)
    return f", {zone}" if zone is not None else ""
