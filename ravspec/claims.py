"""Checking what a developer's library claims of its ops: the real rule, once for each distinct kind.

Ten thousand adds of the same types are one question. A key is (kind, operand types..., output types...)
in the numbers of the graph; below zero an operand type is a Python number's (WEAK).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.cost import predicted_s
from ravspec.errors import ProtocolError
from ravspec.ops.op import Op
from ravspec.shapes import ArrayType

#: type numbers of the Python numbers among operands
WEAK = {bool: -1, int: -2, float: -3, complex: -4}
WEAK_TYPES = {number: ArrayType((), kind) for kind, number in WEAK.items()}

Key = tuple[int, ...]


@dataclass(slots=True)
class Claims:
    """The keys of a graph that were found right, with predicted seconds and output bytes of such an op."""

    kinds: list[tuple[Op, dict[str, Any]]]
    types: list[ArrayType]
    right: dict[Key, tuple[float, int]] = field(default_factory=dict)

    def check(self, key: Key, arity: int) -> tuple[float, int]:
        """(predicted seconds, output bytes) of an op with this key; a false claim is an error."""
        known = self.right.get(key)
        if known is None:
            known = self.right[key] = self._check(key, arity)
        return known

    def _check(self, key: Key, arity: int) -> tuple[float, int]:
        row, params = self.kinds[key[0]]
        ins = [self.type(number) for number in key[1 : 1 + arity]]
        claimed = tuple(self.types[number] for number in key[1 + arity :])
        inferred = row.infer(ins, params)
        # a shape may be known to one side only: a result that came meanwhile tells the server first
        if len(claimed) != len(inferred) or any(
            given.dtype != real.dtype or (given.shape != real.shape and None not in (given.shape, real.shape))
            for given, real in zip(claimed, inferred, strict=True)
        ):
            words = [", ".join(map(str, types)) for types in (claimed, inferred)]
            raise ProtocolError(f"{row.name} of {', '.join(map(str, ins))} gives {words[1]}, not {words[0]}")
        size_bytes = sum(t.size_bytes for t in claimed)
        if any(t.shape is None for t in claimed):  # no more than a guess: as much as the largest operand
            size_bytes += max((t.size_bytes for t in ins), default=0)
        return predicted_s(row, ins, claimed, params), size_bytes

    def type(self, number: int) -> ArrayType:
        """The type of a number, Python numbers' included."""
        return WEAK_TYPES[number] if number < 0 else self.types[number]


def keys_of(
    kind: NDArray[np.integer[Any]],
    arity: NDArray[np.integer[Any]],
    operand_type: NDArray[np.integer[Any]],
    n_out: NDArray[np.integer[Any]],
    out_type: NDArray[np.integer[Any]],
) -> Iterator[tuple[NDArray[np.intp], int, list[Key], NDArray[np.intp]]]:
    """The distinct keys of a batch, by arity and number of outputs.

    Yields (positions of the ops, arity, distinct keys, index of each op's key among them).
    """
    first_operand = np.cumsum(arity) - arity
    first_out = np.cumsum(n_out) - n_out
    shape = arity.astype(np.int64) << 32 | n_out
    for form in np.unique(shape).tolist():
        a, o = form >> 32, form & 0xFFFFFFFF
        at = np.flatnonzero(shape == form)
        rows = np.empty((len(at), 1 + a + o), np.int64)
        rows[:, 0] = kind[at]
        rows[:, 1 : 1 + a] = operand_type[first_operand[at][:, None] + np.arange(a)]
        rows[:, 1 + a :] = out_type[first_out[at][:, None] + np.arange(o)]
        distinct, index = distinct_rows(rows)
        yield at, a, [tuple(row) for row in distinct.tolist()], index


def distinct_rows(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """(the distinct rows, for each row the index of its like among them)."""
    # one integer a row where that fits (exactly: no hashing), which numpy sorts far faster than rows
    low = rows.min(axis=0)
    spans = [int(n) for n in rows.max(axis=0) - low + 1]
    code = np.zeros(len(rows), np.int64)
    room = 1
    for column, span in enumerate(spans):
        room *= span
        if room >= 2**62:
            distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
            return distinct, inverse.reshape(-1)
        code = code * span + (rows[:, column] - low[column])
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return rows[first], inverse


def few_keys(
    kind: Sequence[int], arity: Sequence[int], operand_type: Sequence[int], out_type: Sequence[int]
) -> list[Key]:
    """The key of each op of one output, for batches too small to pay for NumPy's fixed costs."""
    keys, at = [], 0
    for k, a, out in zip(kind, arity, out_type, strict=True):
        keys.append((k, *operand_type[at : at + a], out))
        at += a
    return keys
