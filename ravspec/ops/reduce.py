"""Reductions: one number of many, over all axes or some; and running sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample, as_int64, of_arrays, per_output
from ravspec.ops.params import Param
from ravspec.shapes import (
    BOOL,
    INT64,
    DType,
    DTypeHalf,
    Params,
    ShapeHalf,
    Typed,
    Types,
    accumulated,
    always,
    float_dtype,
    of_first,
    real_dtype,
    reduced,
    reduced_nonempty,
    resolved,
    same_dtype,
    strong,
    sum_dtype,
)

AXES = {"axis": Param(kinds.axis, None), "keepdims": Param(kinds.flag, False)}
ONE_AXIS = {"axis": Param(kinds.optional(kinds.integer), None), "keepdims": Param(kinds.flag, False)}
SPREAD = {
    "axis": Param(kinds.axis, None),
    "ddof": Param(kinds.number, 0),
    "keepdims": Param(kinds.flag, False),
}
TYPED = {"axis": Param(kinds.axis, None), "dtype": Param(kinds.optional(kinds.dtype), None),
         "keepdims": Param(kinds.flag, False)}  # fmt: skip
RUNNING = {
    "axis": Param(kinds.optional(kinds.integer), None),
    "dtype": Param(kinds.optional(kinds.dtype), None),
}


def axis_samples(dtypes: str, *, tuples: bool = True, empty: bool = True, **more: Any) -> samples.Samples:
    """Over all axes, one, several, kept or not, for each dtype; `more` is a last sample's params."""

    def made(rng: np.random.Generator) -> list[Sample]:
        calls: list[Sample] = []
        for dtype in dtypes.split():
            x = samples.values(rng, dtype, 2, 3, 4)
            calls += [((x,), {}), ((x,), {"axis": 1}), ((x[0],), {"axis": -1, "keepdims": "True"})]
            if tuples:
                calls += [((x,), {"axis": (0, -1), "keepdims": True}), ((x,), {"axis": [1, 2]})]
        x = samples.values(rng, dtypes.split()[0], 4)
        calls += [((x[0],), {}), ((x[1:],), {"keepdims": True}), ((x.reshape(2, 2)[:, :0],), {"axis": 0})]
        if empty:
            calls += [((x[:0],), {})]
        return [*calls, ((x,), more)] if more else calls

    return made


def reduce(
    name: str,
    kernel: Callable[..., Any],
    dtype: DTypeHalf,
    numpy: str,
    doc: str,
    aliases: str = "",
    *,
    dtypes: str = "f8 f4 i4 u1 ?",
    params: dict[str, Param] = AXES,
    shape: ShapeHalf = reduced,
    weight: float = 1.0,
    sample: samples.Samples | None = None,
    **more: Any,
) -> Op:
    """A row of a reduction. dtypes: of its samples."""
    return Op(
        name=name,
        kernel=of_arrays(kernel),
        rule=Typed(shape, dtype),
        params=params,
        numpy=numpy,
        doc=doc,
        aliases=tuple(aliases.split()),
        samples=sample
        or axis_samples(dtypes, tuples=params is not ONE_AXIS, empty=shape is not reduced_nonempty),
        flops=per_output(weight),
        **more,
    )


def total_dtype(types: Types, params: Params) -> DType:
    """The dtype asked for, or 64 bits of integers and bools."""
    return np.dtype(params["dtype"]) if params["dtype"] else sum_dtype(strong(types[0]))


def totals(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel of sums or products: of integers and bools in 64 bits, also in WebAssembly, whose NumPy
    would take 32 and wrap."""

    def kernel(x: Any, dtype: str | None, **params: Any) -> Any:
        return ufunc(x, dtype=dtype or sum_dtype(x.dtype), **params)

    return kernel


def positions(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that gives counts or positions as int64."""
    return lambda x, **params: as_int64(function(x, **params))


def extremum(function: Callable[..., Any], smallest: bool) -> Callable[..., Any]:
    """A kernel of the smallest or largest elements for which -0.0 is less than 0.0. To NumPy they are equal,
    and which of them it finds depends on the CPU's SIMD unit."""

    def kernel(x: Any, **params: Any) -> Any:
        found = function(x, **params)
        zero = found == 0
        if x.dtype.kind != "f" or not zero.any():
            return found
        decides = ((x == 0) & (np.signbit(x) == smallest)).any(**params)
        sign = np.where(decides == smallest, -1, 1).astype(x.dtype)
        return np.where(zero, np.copysign(x.dtype.type(0), sign), found)

    return kernel


def spread(x: Any, **params: Any) -> Any:
    """np.ptp, which is never -0.0."""
    found = np.ptp(x, **params)
    return found + x.dtype.type(0) if x.dtype.kind == "f" else found


def difference_dtype(dtype: DType) -> DType:
    return resolved(np.subtract, (dtype, dtype))[0]


def running(name: str, ufunc: Callable[..., Any], doc: str, aliases: str = "") -> Op:
    """A row of a running sum or product."""

    def calls(rng: np.random.Generator) -> list[Sample]:
        x = samples.reals(rng, 3, 4)
        return [
            ((x,), {}), ((x,), {"axis": 0}), ((x.astype("f4"),), {"axis": -1}),
            ((x[0, 0],), {}), ((x[:0],), {}),
            ((samples.integers(rng, 5, dtype="i2"),), {}), ((x > 0,), {"axis": 1}),
            ((samples.integers(rng, 2, 3, dtype="u1", high=3),), {"axis": 1, "dtype": "float32"}),
        ]  # fmt: skip

    return Op(
        name=name,
        kernel=of_arrays(totals(ufunc)),
        rule=Typed(accumulated, total_dtype),
        params=RUNNING,
        numpy=f"np.{name}(x, axis=axis, dtype=dtype)",
        doc=doc,
        aliases=tuple(aliases.split()),
        samples=calls,
    )


def extreme(name: str, ufunc: np.ufunc, doc: str, alias: str) -> Op:
    """A row of a running minimum or maximum."""

    def calls(rng: np.random.Generator) -> list[Sample]:
        x = samples.reals(rng, 3, 4)
        return [
            ((x,), {}), ((x,), {"axis": 0}), ((x.astype("f4"),), {"axis": -1}), ((x[0, 0],), {}),
            ((x[:0],), {}), ((samples.integers(rng, 5, dtype="i2"),), {}), ((x > 0,), {"axis": 1}),
        ]  # fmt: skip

    return Op(
        name=name,
        kernel=of_arrays(lambda x, axis: ufunc.accumulate(np.ravel(x) if axis is None else x, axis or 0)),
        rule=Typed(accumulated, same_dtype),
        params={"axis": RUNNING["axis"]},
        numpy=f"np.{ufunc.__name__}.accumulate(np.ravel(x) if axis is None else x, axis or 0)",
        doc=doc,
        aliases=(alias,),
        samples=calls,
    )


CALL = "(x, axis=axis, keepdims=keepdims)"

ROWS = (
    reduce("sum", totals(np.sum), total_dtype, "np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)",
           "The sum over the axes (all by default).", "matrix_sum", params=TYPED,
           sample=axis_samples("f8 f4 i4 u1 ? c8", dtype="float32")),
    reduce("prod", totals(np.prod), total_dtype, "np.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)",
           "The product over the axes.", "product", params=TYPED,
           sample=axis_samples("f8 f4 i4 u1 ? c16", dtype="complex64")),
    reduce("mean", np.mean, of_first(float_dtype), "np.mean" + CALL, "The arithmetic mean.",
           dtypes="f8 f4 i4 ? c8"),
    reduce("var", np.var, of_first(real_dtype), "np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)",
           "The variance, divided by n - ddof.", "variance", params=SPREAD, weight=4,
           param_aliases={"correction": "ddof"}, sample=axis_samples("f8 f4 i4 ?", correction=1)),
    reduce("std", np.std, of_first(real_dtype), "np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)",
           "The standard deviation: the root of var.", "standard_deviation", params=SPREAD, weight=4,
           param_aliases={"correction": "ddof"}, sample=axis_samples("f8 f4 i4 ?", ddof=0.5)),
    reduce("min", extremum(np.min, True), same_dtype, "np.min" + CALL,
           "The smallest element; NaN wins, and -0.0 is less than 0.0.", "amin", shape=reduced_nonempty),
    reduce("max", extremum(np.max, False), same_dtype, "np.max" + CALL,
           "The largest element; NaN wins, and 0.0 is more than -0.0.", "amax", shape=reduced_nonempty),
    reduce("ptp", spread, of_first(difference_dtype), f"np.max{CALL} - np.min{CALL}",
           "The largest less the smallest.", dtypes="f8 f4 i4", shape=reduced_nonempty, weight=2),
    reduce("argmin", positions(np.argmin), always(INT64), "np.argmin" + CALL,
           "The position of the first smallest; without an axis, in the flattened array.",
           params=ONE_AXIS, shape=reduced_nonempty),
    reduce("argmax", positions(np.argmax), always(INT64), "np.argmax" + CALL,
           "The position of the first largest; without an axis, in the flattened array.",
           params=ONE_AXIS, shape=reduced_nonempty),
    reduce("any", np.any, always(BOOL), "np.any" + CALL, "Whether any element is true (not zero)."),
    reduce("all", np.all, always(BOOL), "np.all" + CALL, "Whether all elements are true."),
    reduce("count_nonzero", positions(np.count_nonzero), always(INT64),
           "np.sum(x != 0, axis=axis, keepdims=keepdims)", "How many elements are not zero."),
    reduce("median", np.median, of_first(float_dtype), "np.median" + CALL,
           "The middle element, or the mean of the two in the middle.", weight=10),
    running("cumsum", np.cumsum, "The running sum along an axis; without one, of the flattened array."),
    running("cumprod", np.cumprod, "The running product along an axis; without one, of the flattened array."),
    extreme("cummin", np.minimum, "The smallest so far along an axis; without one, of the flattened array.",
            "cumulative_min"),
    extreme("cummax", np.maximum, "The largest so far along an axis; without one, of the flattened array.",
            "cumulative_max"),
)  # fmt: skip
