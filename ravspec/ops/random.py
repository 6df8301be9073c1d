"""Random numbers: every op carries its seed, so that computing it again gives the same values."""

from __future__ import annotations

import math
import secrets
from typing import Any

import numpy as np

from ravspec.errors import ParamError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, as_array, per_output
from ravspec.ops.params import Param
from ravspec.shapes import FLOAT64, INT64, Params, Shape, Typed, Types, accumulated, always, same_dtype


def seed(value: Any) -> int:
    """The seed, or a fresh one: from here on it is part of the op."""
    return secrets.randbits(63) if value is None else kinds.count(value)


ZERO, ONE = Param(kinds.number, 0.0), Param(kinds.number, 1.0)
SCALE = Param(kinds.between(0, math.inf, "0 or greater"), 1.0)
SEED = Param(seed, None)
SIZE = Param(kinds.optional(kinds.shape), None)


def size_shape(types: Types, params: Params) -> Shape:
    """The shape that params["size"] names (None: one number)."""
    return params["size"] or ()


def uniform_shape(types: Types, params: Params) -> Shape:
    """The same, of bounds in order and not too far apart for a float64."""
    low, high = float(params["low"]), float(params["high"])
    if not 0 <= high - low < math.inf:
        raise ParamError(
            f"random_uniform draws from low up to high, less than 1.8e308 apart; got {low} and {high}"
        )
    return size_shape(types, params)


def integers_shape(types: Types, params: Params) -> Shape:
    """The same, of bounds that 64 bits hold and that leave something to draw."""
    low, high = params["low"], params["high"]
    if not -(2**63) <= low < high <= 2**63:
        raise ParamError(
            f"random_integers draws from low up to, without, high in 64 bits; got {low} and {high}"
        )
    return size_shape(types, params)


def generator(seed: int) -> np.random.Generator:
    """A PCG64 of the op's own."""
    return np.random.Generator(np.random.PCG64(seed))


def normal(loc: float, scale: float, size: Any, seed: int) -> Any:
    return generator(seed).normal(loc, scale, size or ())


def uniform(low: float, high: float, size: Any, seed: int) -> Any:
    return generator(seed).uniform(low, high, size or ())


def integers(low: int, high: int, size: Any, seed: int) -> Any:
    return generator(seed).integers(low, high, size or (), np.int64)


def permutation(x: Any, axis: int, seed: int) -> Any:
    return generator(seed).permutation(as_array(x), axis)


def bind_integers(
    low: Any, high: Any = None, size: Any = None, seed: Any = None
) -> tuple[tuple[()], dict[str, Any]]:
    """random_integers(high), from 0, or random_integers(low, high)."""
    if high is None:
        low, high = 0, low
    return (), {"low": low, "high": high, "size": size, "seed": seed}


def draws(**numbers: Any) -> samples.Samples:
    """One number, some, and none."""

    def made(rng: np.random.Generator) -> list[Sample]:
        sizes: list[dict[str, Any]] = [{"seed": 7}, {"size": (3, 2), "seed": 5}, {"size": 0, "seed": 1}]
        return [((), {**numbers, **size}) for size in sizes]

    return made


def permutation_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 5, 3)
    return [
        ((x,), {"seed": 3}),
        ((np.arange(6),), {"seed": 4}),
        ((x > 0,), {"axis": -1, "seed": 5}),
        ((x[:0],), {"seed": 6}),
    ]


ROWS = (
    Op(
        name="random_normal",
        operands="",
        kernel=normal,
        rule=Typed(size_shape, always(FLOAT64)),
        params={"loc": ZERO, "scale": SCALE, "size": SIZE, "seed": SEED},
        numpy="np.random.Generator(np.random.PCG64(seed)).normal(loc, scale, size)",
        doc="Numbers from the normal distribution of mean loc and standard deviation scale.",
        samples=draws(loc=1.0, scale=2.0),
        numeric=Numeric.ULP,
        flops=per_output(20),
    ),
    Op(
        name="random_uniform",
        operands="",
        kernel=uniform,
        rule=Typed(uniform_shape, always(FLOAT64)),
        params={"low": ZERO, "high": ONE, "size": SIZE, "seed": SEED},
        numpy="np.random.Generator(np.random.PCG64(seed)).uniform(low, high, size)",
        doc="Numbers spread evenly from low up to, without, high.",
        samples=draws(low=-1, high=2.5),
        numeric=Numeric.ULP,
        flops=per_output(10),
    ),
    Op(
        name="random_integers",
        operands="",
        kernel=integers,
        rule=Typed(integers_shape, always(INT64)),
        params={"low": Param(kinds.integer), "high": Param(kinds.integer), "size": SIZE, "seed": SEED},
        bind=bind_integers,
        numpy="np.random.Generator(np.random.PCG64(seed)).integers(low, high, size)",
        doc="Integers from low (0) up to, without, high, all as likely.",
        samples=draws(low=-5, high=6),
        flops=per_output(10),
    ),
    Op(
        name="random_permutation",
        kernel=permutation,
        rule=Typed(accumulated, same_dtype),
        params={"axis": Param(kinds.integer, 0), "seed": SEED},
        numpy="np.random.Generator(np.random.PCG64(seed)).permutation(x, axis)",
        doc="The slices along an axis in a random order.",
        samples=permutation_samples,
        flops=per_output(10),
    ),
)
