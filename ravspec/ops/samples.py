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


def unary(low: float = -3.0, high: float = 3.0) -> Samples:
    """One floating operand in [low, high]: 0-d, 1-d, 3-d, empty, and float32."""

    def samples(rng: Generator) -> list[Sample]:
        return [
            ((reals(rng, *shape, low=low, high=high).astype(dtype),), {})
            for shape, dtype in [((), "f8"), ((7,), "f8"), ((2, 3, 4), "f4"), ((0, 3), "f8")]
        ]

    return samples


def binary(low: float = -3.0, high: float = 3.0) -> Samples:
    """Two floating operands in [low, high], broadcast in several ways, of mixed precision."""

    def samples(rng: Generator) -> list[Sample]:
        pairs = [((), ()), ((5,), (5,)), ((4, 1), (3,)), ((2, 0), (1,))]
        made: list[Sample] = [
            ((reals(rng, *a, low=low, high=high), reals(rng, *b, low=low, high=high)), {}) for a, b in pairs
        ]
        single = reals(rng, 3, low=low, high=high).astype("f4")
        return [*made, ((single, single[::-1].copy()), {}), ((single, 1.5), {}), ((2.0, single), {})]

    return samples


def integers(rng: Generator, *shape: int, low: int = -9, high: int = 9, dtype: str = "i8") -> Any:
    """Integers from low to high, both included."""
    return rng.integers(low, high + 1, shape).astype(dtype)
