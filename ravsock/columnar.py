"""Columns of integers for one SQL statement over many rows.

Ten thousand rows by executemany take the interpreter's lock ten thousand times beside the event loop, and
with PostgreSQL as many messages. One statement that counts, and picks its i-th number from a column that came
as one value, takes a third of the time and none of the lock (docs/performance.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Columns(ABC):
    """SQL for columns. The statement's values are gathered in a dict; rows are counted as `n.i`."""

    #: rows 0 .. :count - 1, as `n.i`
    COUNTING = ""

    @classmethod
    @abstractmethod
    def column(cls, numbers: Any) -> Any:
        """Non-negative int32 numbers as one value of a statement."""

    @classmethod
    @abstractmethod
    def pick(cls, name: str) -> str:
        """SQL for the i-th number of a column."""

    @classmethod
    def among(cls, name: str) -> str:
        """SQL behind a value: it is one of the numbers of a column."""
        return f"IN ({cls.COUNTING} SELECT {cls.pick(name)} FROM n)"

    @classmethod
    def number(cls, name: str, numbers: NDArray[Any], values: dict[str, Any]) -> str:
        """SQL for the i-th of the numbers, which go into the statement's values; often all are the same."""
        if (numbers == numbers[0]).all():
            values[name] = int(numbers[0])
            return f":{name}"
        values[name] = cls.column(numbers)
        return cls.pick(name)

    @classmethod
    def stretch(
        cls, name: str, blob: bytes, lengths: NDArray[Any], itemsize: int, values: dict[str, Any]
    ) -> str:
        """SQL for the i-th stretch of a blob of items, of which each has its number of items."""
        values[name], values["nothing"] = blob, b""
        length = cls.number(f"{name}_n", lengths, values)
        if isinstance(values[f"{name}_n"], int):
            first = f"n.i * {length}"
        else:
            first = cls.number(f"{name}_at", np.cumsum(lengths, dtype=np.int64) - lengths, values)
        picked = f"substr(:{name}, ({first}) * {itemsize} + 1, {length} * {itemsize})"
        return f"coalesce({picked}, :nothing)"  # of an empty blob, SQLite's substr gives NULL


class Digits(Columns):
    """SQLite's: a column is fixed-width decimal text, and a recursive CTE counts."""

    #: digits of a number in a column: enough for int32
    WIDTH = 10

    COUNTING = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)"

    _POWERS = 10 ** np.arange(WIDTH - 1, -1, -1, dtype=np.int64)

    @classmethod
    def column(cls, numbers: Any) -> bytes:
        """The numbers' digits, one behind the other."""
        column: NDArray[np.int64] = np.asarray(numbers, np.int64)
        return (column[:, None] // cls._POWERS % 10 + ord("0")).astype(np.uint8).tobytes()

    @classmethod
    def pick(cls, name: str) -> str:
        """SQL for the i-th number of a column."""
        return f"CAST(substr(:{name}, n.i * {cls.WIDTH} + 1, {cls.WIDTH}) AS INTEGER)"


class Arrays(Columns):
    """PostgreSQL's: a column is an array of int4, which ravsock.postgresql sends as its bytes."""

    COUNTING = "WITH n(i) AS (SELECT generate_series(0, CAST(:count AS integer) - 1))"

    @classmethod
    def column(cls, numbers: Any) -> NDArray[np.int32]:
        """The numbers as int32."""
        return np.asarray(numbers, np.int32)

    @classmethod
    def pick(cls, name: str) -> str:
        """SQL for the i-th number of a column."""
        return f"(:{name})[n.i + 1]"

    @classmethod
    def among(cls, name: str) -> str:
        """The planner knows what to do with that, and takes 150 times as long for a column counted out."""
        return f"= ANY(:{name})"
