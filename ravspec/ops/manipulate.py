"""Shapes and joining: the same elements in another arrangement."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ravspec.errors import ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample
from ravspec.ops.params import Param
from ravspec.shapes import ArrayType, Params, Types, normal_axis, shape_of


def sections(value: Any) -> int | tuple[int, ...]:
    """A number of equal parts, or the cut points."""
    return kinds.integers(value) if isinstance(value, tuple | list | np.ndarray) else kinds.integer(value)


def split_rule(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """As many outputs as parts; cut points clip to the axis as Python slices do."""
    shape, cuts = shape_of(types[0]), params["indices_or_sections"]
    axis = normal_axis(params["axis"], len(shape))
    n = shape[axis]
    if isinstance(cuts, int):
        if cuts < 1 or n % cuts:
            raise ShapeError(f"an axis of {n} cannot be split into {cuts} equal parts")
        lengths = [n // cuts] * cuts
    else:
        lengths = [len(range(n)[a:b]) for a, b in pairwise((0, *cuts, n))]
    return tuple(ArrayType((*shape[:axis], length, *shape[axis + 1 :]), types[0].dtype) for length in lengths)


def split(x: Any, indices_or_sections: Any, axis: int) -> tuple[Any, ...]:
    return tuple(np.split(x, indices_or_sections, axis))


def split_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 6, 4)
    return [
        ((x,), {"indices_or_sections": 3}),
        ((x,), {"indices_or_sections": [1, 3], "axis": 1}),
        ((x,), {"numOrSizeSplits": (2, 9), "axis": -2}),
    ]


ROWS = (
    Op(
        name="split",
        kernel=split,
        rule=split_rule,
        params={"indices_or_sections": Param(sections), "axis": Param(kinds.integer, 0)},
        param_aliases={"numOrSizeSplits": "indices_or_sections"},
        numpy="np.split(x, indices_or_sections, axis)",
        doc="The parts of an array, cut along an axis: so many equal ones, or at the given points.",
        samples=split_samples,
    ),
)
