"""Sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample, as_array, as_int64
from ravspec.ops.params import Param
from ravspec.ops.sets import sorting
from ravspec.shapes import INT64, Typed, accumulated, always, same_dtype


def sort_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    return [
        ((x,), {}),
        ((x,), {"axis": 0}),
        ((x.astype("f4"),), {"axis": None}),
        ((samples.integers(rng, 2, 9, low=0, high=3, dtype="i4"),), {"axis": -1}),
        ((x > 0,), {}),
        ((np.array([2.0, np.nan, 1.0]),), {}),
        ((x[:0],), {}),
        ((x,), {"axis": 0, "descending": True}),
        ((samples.integers(rng, 2, 9, low=0, high=3, dtype="i4"),), {"descending": True}),
        ((x.astype("f4"),), {"axis": None, "descending": "True"}),
    ]


AXIS = {"axis": Param(kinds.optional(kinds.integer), -1), "descending": Param(kinds.flag, False)}


def sort(x: Any, axis: int | None, descending: bool) -> Any:
    """Falling order is rising order seen from behind."""
    x = as_array(x)
    x, axis = (x.ravel(), 0) if axis is None else (x, axis)
    rising = np.sort(x, axis, kind="stable")
    return np.flip(rising, axis) if descending else rising


def argsort(x: Any, axis: int | None, descending: bool) -> Any:
    """Falling: of the reversed array, so that equal elements keep their order."""
    x = as_array(x)
    x, axis = (x.ravel(), 0) if axis is None else (x, axis)
    if not descending:
        return as_int64(np.argsort(x, axis, kind="stable"))
    last = x.shape[axis] - 1
    return np.flip(last - as_int64(np.argsort(np.flip(x, axis), axis, kind="stable")), axis)


ROWS = (
    Op(
        name="sort",
        kernel=sort,
        rule=Typed(accumulated, same_dtype),
        params=AXIS,
        numpy="np.flip(np.sort(x, axis), axis) if descending else np.sort(x, axis)",
        doc="The elements in rising order along an axis (None: flattened), NaN last; or falling.",
        samples=sort_samples,
        flops=sorting(),
    ),
    Op(
        name="argsort",
        kernel=argsort,
        rule=Typed(accumulated, always(INT64)),
        params=AXIS,
        numpy="np.argsort(-x if descending else x, axis, kind='stable')",
        doc="The positions that sort the array; equal elements stay in their order; or falling.",
        samples=sort_samples,
        flops=sorting(),
    ),
)
