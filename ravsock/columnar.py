"""Columns of integers for one SQL statement over many rows.

Ten thousand rows by executemany take the interpreter's lock ten thousand times beside the event loop.
One statement that counts by a recursive CTE and picks its i-th number from a blob of fixed-width
decimal digits takes a third of the time and none of the lock (docs/performance.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: digits of a number in a column: enough for int32
WIDTH = 10

_POWERS = 10 ** np.arange(WIDTH - 1, -1, -1, dtype=np.int64)

#: rows 0 .. :count - 1, as `n.i`
COUNTING = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)"


def digits(values: Any) -> bytes:
    """Non-negative int32 numbers as fixed-width decimal text, one behind the other."""
    column: NDArray[np.int64] = np.asarray(values, np.int64)
    return (column[:, None] // _POWERS % 10 + ord("0")).astype(np.uint8).tobytes()


def pick(column: str) -> str:
    """SQL for the i-th number of a column of digits."""
    return f"CAST(substr(:{column}, n.i * {WIDTH} + 1, {WIDTH}) AS INTEGER)"


def pick_blob(column: str, first: str, count: str, itemsize: int) -> str:
    """SQL for the i-th stretch of a blob: `count` items of `itemsize` bytes from item `first` on."""
    stretch = f"substr(:{column}, {pick(first)} * {itemsize} + 1, {pick(count)} * {itemsize})"
    return f"coalesce({stretch}, x'')"  # of an empty blob, substr gives NULL
