"""Reductions: one number of many, over all axes or some."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample
from ravspec.ops.params import Param
from ravspec.shapes import reduction, sum_dtype

AXIS = {"axis": Param(kinds.axis, None), "keepdims": Param(kinds.flag, False)}


def axis_samples(rng: np.random.Generator) -> list[Sample]:
    """Over all axes, one, several, kept or not; of floats, integers and bools."""
    x = samples.reals(rng, 2, 3, 4)
    return [
        ((x,), {}),
        ((x,), {"axis": 1}),
        ((x,), {"axis": (0, -1), "keepdims": True}),
        ((samples.integers(rng, 3, 4, dtype="i4"),), {"axis": 0}),
        ((x.astype("f4"),), {"axis": -1, "keepdims": "True"}),
    ]


def sum_(x: Any, axis: Any, keepdims: bool) -> Any:
    # 64-bit on every platform: WebAssembly's NumPy would add narrow integers in 32 bits and wrap
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=sum_dtype(x.dtype))


ROWS = (
    Op(
        name="sum",
        kernel=sum_,
        rule=reduction(sum_dtype),
        params=AXIS,
        numpy="np.sum(x, axis=axis, keepdims=keepdims)",
        doc="The sum over the axes (all by default).",
        aliases=("matrix_sum",),
        samples=axis_samples,
    ),
)
