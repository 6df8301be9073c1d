"""Columns of digits, and the statement that picks numbers from them, against SQLite itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ravsock.columnar import Digits

numbers = st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50)


@given(numbers)
def test_numbers_come_back_from_sql(values: list[int]) -> None:
    with closing(sqlite3.connect(":memory:")) as c:
        rows = c.execute(
            f"{Digits.COUNTING} SELECT {Digits.pick('v')} FROM n",
            {"v": Digits.column(values), "count": len(values)},
        ).fetchall()
    assert [row[0] for row in rows] == values


@given(
    st.lists(st.binary(max_size=5), min_size=1, max_size=30)
    | st.lists(st.binary(min_size=2, max_size=2), min_size=1)
)
def test_stretches_of_a_blob_come_back_empty_and_equal_ones_too(parts: list[bytes]) -> None:
    values: dict[str, Any] = {"count": len(parts)}
    lengths = np.array([len(part) for part in parts])
    sql = Digits.stretch("blob", b"".join(parts), lengths, 1, values)
    with closing(sqlite3.connect(":memory:")) as c:
        assert [row[0] for row in c.execute(f"{Digits.COUNTING} SELECT {sql} FROM n", values)] == parts


@given(numbers | st.integers(0, 9).map(lambda n: [n] * 5))
def test_a_column_of_equal_numbers_travels_as_one(column: list[int]) -> None:
    values = {"count": len(column)}
    sql = Digits.number("v", np.array(column), values)
    with closing(sqlite3.connect(":memory:")) as c:
        assert [row[0] for row in c.execute(f"{Digits.COUNTING} SELECT {sql} FROM n", values)] == column
    assert isinstance(values["v"], int) == (len(set(column)) == 1)
