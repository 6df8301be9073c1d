"""Searching, order statistics and sets."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.errors import DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.distinct import distinct
from ravspec.ops.op import Flops, Op, Sample, as_int64, of_arrays
from ravspec.ops.params import Param
from ravspec.shapes import (
    INT64,
    ArrayType,
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    always,
    float_dtype,
    normal_axis,
    promote,
    reduced_nonempty,
    same_dtype,
    shape_of,
    strong,
)


def sorting(weight: float = 2.0) -> Flops:
    """n log n comparisons."""

    def flops(ins: Types, outs: Types, params: Params) -> float:
        n = max(2, ins[0].size)
        return weight * n * math.log2(n)

    return flops


def unknown_length(types: Types, params: Params) -> None:
    """Known once computed."""


def unique_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        ((samples.integers(rng, 20, low=0, high=6),), {}),
        ((samples.integers(rng, 4, 5, low=0, high=3, dtype="u1"),), {}),
        ((samples.reals(rng, 5).astype("f4").repeat(2),), {}),
        ((np.array([True, False, True]),), {}),
        ((np.array(3.0),), {}),
        ((np.zeros((0,)),), {}),
    ]


def nonzero_shapes(types: Types, params: Params) -> list[None]:
    if not shape_of(types[0]):
        raise ShapeError("nonzero needs an array of one dimension or more")
    return [None] * len(shape_of(types[0]))


def nonzero_dtypes(types: Types, params: Params) -> list[DType]:
    if types[0].shape is None:
        raise ShapeError(
            "nonzero has an output for each axis, and the operand's are known only once computed"
        )
    return [INT64] * len(types[0].shape)


def nonzero(x: Any) -> tuple[Any, ...]:
    return tuple(as_int64(positions) for positions in np.nonzero(x))


def searchsorted_shape(types: Types, params: Params) -> Shape:
    if len(shape_of(types[0])) != 1:
        raise ShapeError(f"searchsorted searches one dimension; got shape {types[0].shape}")
    return shape_of(types[1])


def searchsorted(x1: Any, x2: Any, side: Any) -> Any:
    return as_int64(np.searchsorted(x1, x2, side))


def searchsorted_samples(rng: np.random.Generator) -> list[Sample]:
    x = np.sort(samples.reals(rng, 9))
    ties = np.array([0, 1, 1, 2])
    return [
        ((x, samples.reals(rng, 2, 3)), {}),
        ((x, 0.5), {}),
        ((ties, np.array([1, 2, 5])), {"side": "right"}),
        ((ties, np.array([1, 0])), {"side": "left"}),
        ((x[:0], x[:2]), {}),
    ]


#: the methods that pick an element; the others lie between two
PICKING = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")
METHOD = kinds.choice(
    "linear", *PICKING, "midpoint", "averaged_inverted_cdf", "interpolated_inverted_cdf",
    "hazen", "weibull", "median_unbiased", "normal_unbiased",
)  # fmt: skip


def quantile_shape(types: Types, params: Params) -> Shape:
    """The shape of q before what the reduction leaves."""
    return shape_of(types[1]) + reduced_nonempty(types, params)


def quantile_dtype(types: Types, params: Params) -> DType:
    dtype, q = strong(types[0]), types[1]
    if dtype.kind == "c":
        raise DTypeError(f"complex numbers have no order: no quantile of {types[0]}")
    if strong(q).kind == "c":
        raise DTypeError(f"quantile and percentile are for a real q, not {q}")
    if params["method"] in PICKING:
        return dtype
    if dtype.kind == "b":
        raise DTypeError("nothing lies between bools: quantile with this method is not defined for bool")
    if isinstance(q.dtype, type):
        return float_dtype(dtype)
    return promote([types[0], ArrayType((), float_dtype(q.dtype))])


def binding(name: str, highest: float) -> Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]:
    """How a row of quantiles takes its arguments; highest: what q goes up to."""

    def bind(
        x: Any,
        q: Any = None,
        axis: Any = None,
        method: Any = "linear",
        keepdims: Any = False,
        *,
        value: Any = None,
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """q is an operand, also by keyword; RDF's documents call it value."""
        if (q is None) == (value is None):
            raise ParamError(f"{name} takes q, from 0 to {highest:g}: {name}(x, {0.5 * highest:g})")
        q = value if q is None else q
        # of a number it is known now; of an array once computed
        if isinstance(q, int | float) and not 0 <= q <= highest:
            raise ParamError(f"{name}: q must be from 0 to {highest:g}, not {q}")
        return (x, q), {"axis": axis, "method": method, "keepdims": keepdims}

    return bind


def with_real_q(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel in which an integer q (0 or 1) does not make NumPy compute in integers, as by some methods."""

    def kernel(x: Any, q: Any, **params: Any) -> Any:
        whole = isinstance(q, int) or (isinstance(q, np.ndarray | np.generic) and q.dtype.kind in "biu")
        return function(x, np.multiply(q, 1.0) if whole else q, **params)

    return kernel


def quantile_row(name: str, kernel: Callable[..., Any], scale: float, doc: str) -> Op:
    """A row of quantiles; scale: what q goes up to."""

    def calls(rng: np.random.Generator) -> list[Sample]:
        x = samples.reals(rng, 3, 4)
        methods: list[Sample] = [
            ((x[0], np.array([0.3, 0.5]) * scale), {"method": method})
            for method in ("lower", "higher", "nearest", "midpoint", "hazen", "inverted_cdf")
        ]
        return [
            ((x, 0.5 * scale), {}),
            ((x, np.array([0.1, 0.9]) * scale), {"axis": 0, "keepdims": True}),
            ((x.astype("f4"), 0.25 * scale), {"axis": (0, 1), "keepdims": "True"}),
            ((x.astype("f4"), np.array(0.25 * scale)), {"axis": -1}),
            ((samples.integers(rng, 5), 0.3 * scale), {}),
            ((samples.integers(rng, 5, dtype="i4"), 0.3 * scale), {"method": "lower"}),
            ((x > 0, 0.3 * scale), {"method": "nearest"}),
            ((np.array(2.0), scale), {}),
            ((np.array([[1.0, np.nan, 4.0], [2.0, 3.0, np.nan]]), 0.5 * scale), {"axis": 1}),
            *methods,
        ]

    return Op(
        name=name,
        operands="x q",
        kernel=kernel,
        rule=Typed(quantile_shape, quantile_dtype),
        params={
            "axis": Param(kinds.axis, None),
            "method": Param(METHOD, "linear"),
            "keepdims": Param(kinds.flag, False),
        },
        bind=binding(name, scale),
        numpy=f"np.{name}(x, q, axis, method=method, keepdims=keepdims)",
        doc=doc,
        samples=calls,
        flops=sorting(),
    )


def take_shape(types: Types, params: Params) -> Shape:
    """The shape of the indices in place of the axis."""
    shape, indices, axis = shape_of(types[0]), shape_of(types[1]), params["axis"]
    if axis is None:
        shape, axis = (math.prod(shape),), 0
    axis = normal_axis(axis, len(shape))
    if shape[axis] == 0 and 0 not in shape[:axis] + indices:
        raise ShapeError("take cannot choose from an empty axis")
    return shape[:axis] + indices + shape[axis + 1 :]


def take_dtype(types: Types, params: Params) -> DType:
    if strong(types[1]).kind not in "biu":
        raise DTypeError(f"take needs integers as indices, not {types[1]}")
    return strong(types[0])


def taking(name: str, axis: int | None, doc: str, **more: Any) -> Op:
    def calls(rng: np.random.Generator) -> list[Sample]:
        x = samples.reals(rng, 3, 4)
        rows = np.array([2, 0, -1])
        return [
            ((x, rows), {}),
            ((x, rows.reshape(3, 1)), {"axis": -1}),
            ((x.astype("f4"), 1), {"axis": 0}),
            ((samples.integers(rng, 5), np.array(4)), {}),
            ((x, rows[:0].astype("u1")), {"axis": 1}),
        ]

    return Op(
        name=name,
        operands="x indices",
        kernel=of_arrays(np.take),
        rule=Typed(take_shape, take_dtype),
        params={"axis": Param(kinds.optional(kinds.integer), axis)},
        numpy="np.take(x, indices, axis)",
        doc=doc,
        samples=calls,
        **more,
    )


ROWS = (
    Op(
        name="searchsorted",
        operands="x1 x2",
        kernel=searchsorted,
        rule=Typed(searchsorted_shape, always(INT64)),
        params={"side": Param(kinds.choice("left", "right"), "left")},
        numpy="np.searchsorted(x1, x2, side)",
        doc="Where in the sorted x1 the elements of x2 belong: before equal ones, or behind.",
        samples=searchsorted_samples,
        flops=sorting(1.0),
    ),
    quantile_row("percentile", np.percentile, 100, "The values below which q percent of the elements lie."),
    quantile_row(
        "quantile",
        with_real_q(np.quantile),
        1,
        "The values below which a part q (0 to 1) of the elements lies.",
    ),
    Op(
        name="unique",
        kernel=lambda x: distinct(x, equal_nan=True).values,
        rule=Typed(unknown_length, same_dtype),
        numpy="np.unique(x)",
        doc="The distinct elements, sorted.",
        samples=unique_samples,
        flops=sorting(),
        unknown_shape=True,
    ),
    Op(
        name="nonzero",
        kernel=nonzero,
        rule=TypedOutputs(nonzero_shapes, nonzero_dtypes),
        numpy="np.nonzero(x)",
        doc="The positions of the elements that are not zero: one output for each axis.",
        samples=lambda rng: [
            ((samples.integers(rng, 9, low=0, high=2),), {}),
            ((samples.reals(rng, 3, 4) > 0,), {}),
            ((np.zeros((2, 0, 3)),), {}),
        ],
        unknown_shape=True,
    ),
    taking(
        "take",
        None,
        "The elements at the given positions along an axis; without one, of the flattened array.",
    ),
    taking("gather", 0, "RDF's take: along the first axis where none is given."),
)
