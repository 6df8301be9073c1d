"""Random numbers: every op carries its seed, so that computing it again gives the same values."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.ops import params as kinds
from ravspec.ops.op import Numeric, Op, Sample, per_output
from ravspec.ops.params import Param
from ravspec.shapes import FLOAT64, ArrayType, Params, Types


def seed(value: Any) -> int:
    """The seed, or a fresh one: from here on it is part of the op."""
    return secrets.randbits(63) if value is None else kinds.integer(value)


def float64_shape(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """float64 values of the shape that params["size"] names (None: one number)."""
    return (ArrayType(params["size"] or (), FLOAT64),)


def seeded(method: str, first: str, second: str) -> Callable[..., Any]:
    """A kernel that draws from a PCG64 generator of its own."""

    def kernel(size: Any, seed: int, **params: Any) -> Any:
        rng = np.random.Generator(np.random.PCG64(seed))
        return getattr(rng, method)(params[first], params[second], size or ())

    return kernel


def normal_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        ((), {"loc": 1.0, "scale": 2.0, "size": (3, 2), "seed": 5}),
        ((), {"seed": 7}),
        ((), {"size": 0, "seed": 1}),
    ]


ROWS = (
    Op(
        name="random_normal",
        operands="",
        kernel=seeded("normal", "loc", "scale"),
        rule=float64_shape,
        params={
            "loc": Param(kinds.number, 0.0),
            "scale": Param(kinds.number, 1.0),
            "size": Param(kinds.optional(kinds.shape), None),
            "seed": Param(seed, None),
        },
        numpy="np.random.Generator(np.random.PCG64(seed)).normal(loc, scale, size)",
        doc="Numbers from the normal distribution of mean loc and standard deviation scale.",
        samples=normal_samples,
        numeric=Numeric.ULP,
        flops=per_output(20),
    ),
)
