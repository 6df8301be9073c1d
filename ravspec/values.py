"""Values on the wire: the outputs of many ops as one buffer, and the interned types that part it.

A type is written as [dtype name, shape]; a shape that is not known yet as null. Standard library and
NumPy only: the browser runs this.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravspec.codec import Buffer, array_from, dtype_of, name_of
from ravspec.errors import ProtocolError
from ravspec.shapes import ArrayType

#: an array up to this many bytes travels inside a message; a larger one is put and fetched by itself
INLINE_BYTES = 1 << 20

#: [dtype name, shape or null]
TypeHeader = list[Any]


def type_to_json(t: ArrayType) -> TypeHeader:
    """A type as it travels."""
    return [name_of(t.dtype), None if t.shape is None else list(t.shape)]


def type_from_json(header: Sequence[Any]) -> ArrayType:
    """The type back, checked."""
    try:
        name, shape = header
        dtype = dtype_of(name)
    except (TypeError, ValueError):
        raise ProtocolError(f"not a type: {header!r}") from None
    if shape is None:
        return ArrayType(None, dtype)
    if not isinstance(shape, list | tuple) or len(shape) > 64:
        raise ProtocolError(f"not a shape: {shape!r}")
    if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) >= 2**48:
        raise ProtocolError(f"not a shape: {shape!r}")
    return ArrayType(tuple(shape), dtype)


#: up to so many items plain Python is faster than NumPy, whose fixed costs are most of the time
FEW = 48


def exact(value: Any) -> Any:
    """What tells a number from those that equal it: 0, 0.0, -0.0 and False are four keys of a dictionary."""
    if type(value) is tuple:
        return tuple([exact(part) for part in value])
    return type(value), value if value else repr(value)


class Interner:
    """Distinct hashable things, numbered in the order they came."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, item: Any, key: Any = None) -> int:
        """The number of the item, a new one if it was not there. key: what it is known by, if not itself."""
        key = item if key is None else key
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.items)
            self.items.append(item)
        return number

    def __len__(self) -> int:
        return len(self.items)


def value_type(value: Any) -> ArrayType:
    """The type of a NumPy value."""
    return ArrayType(value.shape, value.dtype)


def join_values(values: Iterable[Any]) -> bytes:
    """Many NumPy values as one buffer, one behind the other."""
    return b"".join([value.tobytes() for value in values])


def offsets(types: Sequence[ArrayType], which: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Where each value begins in a joined buffer, and at the end its length; shape (n + 1,)."""
    sizes = np.array([t.size_bytes for t in types] or [0], np.int64)
    ends = np.zeros(len(which) + 1, np.int64)
    if len(which):
        if which.min() < 0 or which.max() >= len(types):
            raise ProtocolError("a value names a type that is not in the list")
        np.cumsum(sizes[which], out=ends[1:])
    return ends


def split_values(
    buffer: Buffer, types: Sequence[ArrayType], which: NDArray[np.integer[Any]]
) -> list[NDArray[Any]]:
    """The values back, as views; writable if the buffer is. `which[i]` is the type of value i."""
    if len(which) <= FEW:
        return _split_few(buffer, types, which.tolist())
    ends = offsets(types, which)
    if len(buffer) != ends[-1]:
        raise ProtocolError(f"the values of this message have {ends[-1]} bytes; {len(buffer)} came")
    if len(which) > 1 and len(types) and (which == which[0]).all():
        one = types[int(which[0])]
        return list(array_from(buffer, name_of(one.dtype), (len(which), *(one.shape or ()))))
    return [
        array_from(buffer, name_of(types[k].dtype), types[k].shape or (), at)
        for k, at in zip(which.tolist(), ends.tolist(), strict=False)
    ]


def _split_few(buffer: Buffer, types: Sequence[ArrayType], which: list[int]) -> list[NDArray[Any]]:
    values, at = [], 0
    for k in which:
        if not 0 <= k < len(types):
            raise ProtocolError("a value names a type that is not in the list")
        t = types[k]
        values.append(array_from(buffer, name_of(t.dtype), t.shape or (), at))
        at += t.size_bytes
    if at != len(buffer):
        raise ProtocolError(f"the values of this message have {at} bytes; {len(buffer)} came")
    return values
