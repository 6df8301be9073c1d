"""Columns of digits, and the statement that picks numbers from them, against SQLite itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ravsock.columnar import COUNTING, digits, pick, pick_blob

numbers = st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50)


@given(numbers)
def test_numbers_come_back_from_sql(values: list[int]) -> None:
    with closing(sqlite3.connect(":memory:")) as c:
        rows = c.execute(
            f"{COUNTING} SELECT {pick('v')} FROM n", {"v": digits(values), "count": len(values)}
        ).fetchall()
    assert [row[0] for row in rows] == values


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=30))
def test_stretches_of_a_blob_come_back_empty_ones_too(parts: list[bytes]) -> None:
    lengths = np.array([len(part) for part in parts])
    columns = {
        "blob": b"".join(parts), "first": digits(np.cumsum(lengths) - lengths),
        "length": digits(lengths), "count": len(parts),
    }  # fmt: skip
    with closing(sqlite3.connect(":memory:")) as c:
        rows = c.execute(f"{COUNTING} SELECT {pick_blob('blob', 'first', 'length', 1)} FROM n", columns)
        assert [row[0] for row in rows] == parts
