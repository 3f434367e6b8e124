"""Fingerprints of data: equal content, equal digest; one changed cell, another."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signet.lineage import fingerprint as fingerprints
from signet.lineage.fingerprint import fingerprint, fingerprint_blocks, fingerprint_parquet


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "price": random.normal(size=5000),
            "shop": random.choice(["a", "café", None], 5000),
            "at": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(random.integers(0, 10**6, 5000), unit="s"),
            "units": random.integers(0, 9, 5000),
        }
    )


@pytest.mark.parametrize(("codec", "rows"), [("snappy", 5000), ("zstd", 777), (None, 1)])
def test_layout_of_a_file_does_not_count(table, tmp_path, codec, rows):
    small = table.head(300)
    small.to_parquet(tmp_path / "t.parquet", compression=codec, row_group_size=rows)
    assert fingerprint_parquet(tmp_path / "t.parquet") == fingerprint(small)


def test_every_cell_counts(table):
    known = fingerprint(table).content_sha256
    for name, value in (("price", 1e-300), ("shop", "b"), ("units", 99)):
        changed = table.copy()
        changed.loc[3000, name] = value
        assert fingerprint(changed).content_sha256 != known, name


def test_order_of_rows_counts_in_one_digest_and_not_in_the_other(table):
    mixed = table.sample(frac=1, random_state=0)
    a, b = fingerprint(table), fingerprint(mixed)
    assert (a.order_free_sha256, a.rows) == (b.order_free_sha256, b.rows)
    assert a.content_sha256 != b.content_sha256
    assert fingerprint(pd.concat([table, table])).order_free_sha256 != a.order_free_sha256


def test_names_order_and_types_of_columns_count(table):
    known = fingerprint(table).schema_sha256
    assert fingerprint(table[["shop", "price", "at", "units"]]).schema_sha256 != known
    assert fingerprint(table.rename(columns={"units": "Units"})).schema_sha256 != known
    assert fingerprint(table.astype({"units": float})).schema_sha256 != known
    assert fingerprint(table.astype({"shop": "category"})) == fingerprint(table)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_where_blocks_are_cut_does_not_count(cuts):
    frame = pd.DataFrame({"n": range(sum(cuts)), "word": [f"w{i % 3}" for i in range(sum(cuts))]})
    ends = np.cumsum(cuts)
    blocks = [frame.iloc[end - cut : end] for cut, end in zip(cuts, ends, strict=True)]
    assert fingerprint_blocks(blocks) == fingerprint(frame)


def test_a_table_longer_than_a_block_and_an_empty_one(table, monkeypatch, tmp_path):
    known = fingerprint(table)
    monkeypatch.setattr(fingerprints, "BLOCK", 999)
    assert fingerprint(table) == known
    empty = table.head(0)
    empty.to_parquet(tmp_path / "e.parquet")
    assert fingerprint_parquet(tmp_path / "e.parquet").rows == fingerprint(empty).rows == 0


def test_blocks_of_different_tables_are_refused(table):
    with pytest.raises(ValueError, match="same columns"):
        fingerprint_blocks([table, table.rename(columns={"units": "other"})])
