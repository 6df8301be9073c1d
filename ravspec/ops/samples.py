"""Sample operands for the rows' `samples`: small, seeded, of several dtypes and shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.ops.op import Sample

Generator = np.random.Generator
Samples = Callable[[Generator], list[Sample]]


def reals(rng: Generator, *shape: int, low: float = -3.0, high: float = 3.0) -> Any:
    """float64 values between low and high."""
    return rng.uniform(low, high, shape)


def integers(rng: Generator, *shape: int, low: int = -9, high: int = 9, dtype: str = "i8") -> Any:
    """Integers from low to high, both included; unsigned ones from 0 where low is negative."""
    return rng.integers(max(low, 0) if dtype[0] == "u" else low, high + 1, shape).astype(dtype)


def values(rng: Generator, dtype: str, *shape: int, low: float = -3.0, high: float = 3.0) -> Any:
    """Values of any dtype between low and high."""
    match dtype[0]:
        case "?":
            return rng.integers(0, 2, shape).astype(bool)
        case "i" | "u":
            return integers(rng, *shape, low=int(np.ceil(low)), high=int(np.floor(high)), dtype=dtype)
        case "c":
            parts = reals(rng, *shape, low=low, high=high), reals(rng, *shape, low=low, high=high)
            return (parts[0] + 1j * parts[1]).astype(dtype)
    return reals(rng, *shape, low=low, high=high).astype(dtype)


#: for each kind (float, integer, short integer, bool, complex): shapes and dtypes of one operand
ONE: dict[str, list[tuple[tuple[int, ...], str]]] = {
    "f": [((), "f8"), ((7,), "f8"), ((2, 3, 4), "f4"), ((0, 3), "f8")],
    "i": [((), "i8"), ((5,), "i8"), ((2, 3), "i4"), ((0, 2), "i8")],
    "s": [((4,), "u1"), ((3, 2), "i2"), ((3,), "u8")],
    "b": [((4,), "?")],
    "c": [((3,), "c16"), ((2, 2), "c8")],
}

#: and of two operands; "int", "float" and "complex" are Python numbers
TWO: dict[str, list[tuple[tuple[int, ...], str, tuple[int, ...], str]]] = {
    "f": [
        ((), "f8", (), "f8"), ((5,), "f8", (5,), "f8"), ((4, 1), "f8", (3,), "f4"),
        ((2, 0), "f8", (1,), "f8"), ((3,), "f4", (3,), "f4"), ((3,), "f4", (), "float"),
        ((), "int", (3,), "f4"),
    ],
    "m": [((4,), "f4", (4,), "i4"), ((2, 3), "i2", (3,), "f4"), ((3,), "i4", (), "float")],
    "i": [
        ((4, 1), "i8", (3,), "i8"), ((5,), "i4", (5,), "u1"), ((3,), "i2", (), "int"),
        ((), "u4", (2, 2), "i4"), ((0, 2), "i8", (2,), "i4"),
    ],
    "b": [((4,), "?", (4,), "?"), ((2, 1), "?", (3,), "i8"), ((3,), "?", (), "int")],
    "c": [((3,), "c16", (3,), "c16"), ((2, 2), "c8", (2,), "f4"), ((2,), "f8", (), "complex")],
}  # fmt: skip


def operand(rng: Generator, shape: tuple[int, ...], dtype: str, low: float, high: float) -> Any:
    """An array, or the Python number."""
    numbers = {"int": 2, "float": 1.5, "complex": 0.5 + 2j}
    return numbers[dtype] if dtype in numbers else values(rng, dtype, *shape, low=low, high=high)


def several(*made: Samples) -> Samples:
    """The samples of all of them."""
    return lambda rng: [call for one in made for call in one(rng)]


def unary(kinds: str = "f", low: float = -3.0, high: float = 3.0, **params: Any) -> Samples:
    """One operand of each kind in [low, high]."""

    def samples(rng: Generator) -> list[Sample]:
        return [
            ((operand(rng, shape, dtype, low, high),), dict(params))
            for kind in kinds
            for shape, dtype in ONE[kind]
        ]

    return samples


def binary(kinds: str = "f", low: float = -3.0, high: float = 3.0) -> Samples:
    """Two operands of each kind ("m": mixed) in [low, high], broadcast in several ways."""

    def samples(rng: Generator) -> list[Sample]:
        return [
            ((operand(rng, a, s, low, high), operand(rng, b, t, low, high)), {})
            for kind in kinds
            for a, s, b, t in TWO[kind]
        ]

    return samples
