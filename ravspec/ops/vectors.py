"""Vectors: norms over any axes, cross products, and the diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.errors import DTypeError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.linalg import matrices, matrix_samples, order
from ravspec.ops.op import Numeric, Op, Sample, as_array, per_output
from ravspec.ops.params import Param
from ravspec.ops.samples import several
from ravspec.shapes import (
    DType,
    Params,
    Shape,
    Typed,
    Types,
    broadcast,
    normal_axes,
    of_first,
    promoted_strong,
    real_dtype,
    reduced,
    same_dtype,
    shape_of,
)


def diagonal_shape(types: Types, params: Params) -> Shape:
    """Without the last two axes; the diagonal is the last."""
    *lead, m, n = matrices(types[0], "linalg.diagonal")
    offset = params["offset"]
    return (*lead, max(0, min(m, n - offset) if offset >= 0 else min(m + offset, n)))


def cross_shape(types: Types, params: Params) -> Shape:
    """Broadcast; along the axis both have three elements."""
    shapes, axis = [shape_of(t) for t in types], params["axis"]
    for shape in shapes:
        if not -len(shape) <= axis < len(shape) or shape[axis] != 3:
            raise ShapeError(f"cross needs vectors of 3 elements along axis {axis}; got shape {shape}")
    if axis >= 0 and len(shapes[0]) != len(shapes[1]):
        raise ShapeError(f"cross of shapes {shapes[0]} and {shapes[1]}: count the axis from the end")
    return broadcast(shapes)


def cross_dtype(types: Types, params: Params) -> DType:
    dtype = promoted_strong(types, params)
    if dtype.kind == "b":
        raise DTypeError("cross is of numbers, not of bools")
    return dtype


def cross_samples(rng: np.random.Generator) -> list[Sample]:
    x, y = samples.reals(rng, 4, 3), samples.reals(rng, 4, 3)
    return [
        ((x, y), {}), ((x[:1], y), {}), ((x.T, y.T), {"axis": 0}), ((x[:0], y[:0]), {}),
        ((x.astype("f4"), y.astype("f4")), {}), ((samples.integers(rng, 3, dtype="i4"), x[0]), {}),
        ((x + 1j, y), {}),
    ]  # fmt: skip


def vector_norm_shape(types: Types, params: Params) -> Shape:
    if params["axis"] is not None:
        normal_axes(params["axis"], len(shape_of(types[0])))
    return reduced(types, params)


def vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """As NumPy, which takes several axes at once as one vector."""
    x = as_array(x)
    x = x.astype(np.float64) if x.dtype.kind in "biu" else x
    return np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=float(ord))


def norm_order(value: Any) -> Any:
    """A number; the infinities as "inf" and "-inf"."""
    return order(value if value in ("inf", "-inf") else float(value) if value in (np.inf, -np.inf) else
                 kinds.number(value))  # fmt: skip


def norm_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4, low=0.5)
    orders: list[dict[str, Any]] = [
        {}, {"ord": 1}, {"ord": np.inf, "axis": 0}, {"ord": -np.inf}, {"ord": 3, "axis": (0, 1)},
        {"ord": 0, "axis": -1, "keepdims": True}, {"ord": -1, "axis": 1},
    ]  # fmt: skip
    calls: list[Sample] = [((x,), dict(params)) for params in orders]
    return [*calls, ((x.astype("f4"),), {}), ((x[:0],), {}), ((np.arange(4),), {}), ((x + 1j,), {"ord": 1})]


ROWS = (
    Op(
        name="cross",
        operands="x1 x2",
        kernel=lambda x1, x2, axis: np.linalg.cross(as_array(x1), as_array(x2), axis=axis),
        rule=Typed(cross_shape, cross_dtype),
        params={"axis": Param(kinds.integer, -1)},
        numpy="np.linalg.cross(x1, x2, axis=axis)",
        doc="The cross products of vectors of three elements along an axis.",
        samples=cross_samples,
        numeric=Numeric.TOLERANCE,
        flops=per_output(3),
    ),
    Op(
        name="vector_norm",
        kernel=vector_norm,
        rule=Typed(vector_norm_shape, of_first(real_dtype)),
        params={
            "ord": Param(norm_order, 2), "axis": Param(kinds.axis, None),
            "keepdims": Param(kinds.flag, False),
        },
        numpy="np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=float(ord))",
        doc="The norm of all elements, or of those along axes, as one vector: Euclidean, or another.",
        samples=norm_samples,
        numeric=Numeric.TOLERANCE,
        flops=per_output(2),
    ),
    Op(
        name="matrix_diagonal",
        kernel=lambda x, offset: np.linalg.diagonal(as_array(x), offset=offset),
        rule=Typed(diagonal_shape, same_dtype),
        params={"offset": Param(kinds.integer, 0)},
        numpy="np.linalg.diagonal(x, offset=offset)",
        doc="The diagonals of matrices, as the last axis; `R.linalg.diagonal`.",
        samples=several(
            matrix_samples((3, 4), (4, 4), (2, 3, 3), (0, 2), dtypes="f8 f4 i4"),
            matrix_samples((2, 3, 4), offset=-1), matrix_samples((2, 3), offset=7),
        ),
    ),
)  # fmt: skip
