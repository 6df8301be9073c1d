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


def number(name: str, column: NDArray[Any], values: dict[str, Any]) -> str:
    """SQL for the i-th number of a column, which goes into the statement's values; often all are the same."""
    if (column == column[0]).all():
        values[name] = int(column[0])
        return f":{name}"
    values[name] = digits(column)
    return pick(name)


def stretch(name: str, blob: bytes, lengths: NDArray[Any], itemsize: int, values: dict[str, Any]) -> str:
    """SQL for the i-th stretch of a blob of items, of which each has its number of items."""
    values[name] = blob
    length = number(f"{name}_n", lengths, values)
    if isinstance(values[f"{name}_n"], int):
        first = f"n.i * {length}"
    else:
        first = number(f"{name}_at", np.cumsum(lengths, dtype=np.int64) - lengths, values)
    picked = f"substr(:{name}, ({first}) * {itemsize} + 1, {length} * {itemsize})"
    return f"coalesce({picked}, x'')"  # of an empty blob, substr gives NULL
