"""Reductions that leave NaN out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.ops import samples
from ravspec.ops.op import Op, Sample
from ravspec.ops.params import Param
from ravspec.ops.reduce import AXES, ONE_AXIS, SPREAD, TYPED, extremum, positions, reduce, total_dtype, totals
from ravspec.ops.sets import quantile_row, with_real_q
from ravspec.shapes import (
    INT64,
    DType,
    Params,
    Types,
    always,
    float_dtype,
    of_first,
    real_dtype,
    reduced_nonempty,
    same_dtype,
    strong,
)


def lines(rng: np.random.Generator) -> list[Sample]:
    """With NaN among the elements, but in no line nothing else."""
    x = samples.reals(rng, 3, 4)
    x[0, 1] = x[2, 3] = np.nan
    return [
        ((x,), {}), ((x,), {"axis": 0}), ((x,), {"axis": 1, "keepdims": True}),
        ((x.astype("f4"),), {"axis": -1}), ((samples.integers(rng, 2, 3, dtype="i4"),), {"axis": 0}),
        ((np.array(2.5),), {}), ((x[:, :0],), {"axis": 0}),
    ]  # fmt: skip


CALL = "(x, axis=axis, keepdims=keepdims)"


def among_numbers(kernel: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel of NumPy's that forgets q's shape where there are no elements; its plain sister does not."""

    def quantile(x: Any, *args: Any, **params: Any) -> Any:
        return (kernel if np.size(x) else plain)(x, *args, **params)

    return quantile


def holes(rng: np.random.Generator) -> Any:
    """Numbers with NaN among them, one row of nothing else."""
    x = samples.reals(rng, 3, 4)
    x[0, 1] = x[2, 3] = np.nan
    x[1] = np.nan
    return x


def calls(*, empty: bool = True, **more: Any) -> samples.Samples:
    """Over all axes, one, several; with and without NaN. more: a last sample's params."""

    def made(rng: np.random.Generator) -> list[Sample]:
        x = holes(rng)
        made: list[Sample] = [
            ((x,), {}), ((x,), {"axis": 0}), ((x,), {"axis": (0, 1), "keepdims": True}),
            ((x[::2].astype("f4"),), {"axis": 1}), ((samples.integers(rng, 2, 3, dtype="i4"),), {"axis": -1}),
            ((np.array(2.5),), {}),
        ]  # fmt: skip
        made.append(((x[:0],), {"axis": 1}) if empty else ((x[:, :0],), {"axis": 0}))
        return [*made, ((x[::2],), more)] if more else made

    return made


def without_nan(name: str, dtype: Any, doc: str, params: dict[str, Param] = AXES, **more: Any) -> Op:
    """A row of NumPy's function of the same name."""
    kernel = more.pop("kernel", getattr(np, name))
    return reduce(
        name, kernel, dtype, **{"numpy": f"np.{name}{CALL}", "doc": doc, "params": params, **more}
    )  # fmt: skip


def mean_dtype(types: Types, params: Params) -> DType:
    """The dtype asked for, or a floating one."""
    return np.dtype(params["dtype"]) if params["dtype"] else float_dtype(strong(types[0]))


TYPED_CALL = "(x, axis=axis, dtype=dtype, keepdims=keepdims)"
SPREAD_CALL = "(x, axis=axis, ddof=ddof, keepdims=keepdims)"

ROWS = (
    reduce("nansum", totals(np.nansum), total_dtype, "np.nansum" + TYPED_CALL,
           "The sum of the elements that are numbers.", params=TYPED, sample=calls(dtype="float32")),
    reduce("nanprod", totals(np.nanprod), total_dtype, "np.nanprod" + TYPED_CALL,
           "The product of the elements that are numbers.", params=TYPED, sample=calls(dtype="float32")),
    without_nan("nanmean", mean_dtype, "The mean of the elements that are numbers.", TYPED,
                numpy="np.nanmean" + TYPED_CALL, sample=calls(dtype="float32")),
    without_nan("nanvar", of_first(real_dtype), "The variance of the elements that are numbers.", SPREAD,
                numpy="np.nanvar" + SPREAD_CALL, sample=calls(ddof=1), weight=4),
    without_nan("nanstd", of_first(real_dtype), "The standard deviation of the elements that are numbers.",
                SPREAD, numpy="np.nanstd" + SPREAD_CALL, sample=calls(ddof=1), weight=4),
    without_nan("nanmin", same_dtype, "The smallest element that is a number; NaN if there is none.",
                shape=reduced_nonempty, sample=calls(empty=False), kernel=extremum(np.nanmin, True)),
    without_nan("nanmax", same_dtype, "The largest element that is a number; NaN if there is none.",
                shape=reduced_nonempty, sample=calls(empty=False), kernel=extremum(np.nanmax, False)),
    *(
        reduce(f"nanarg{word}", positions(getattr(np, f"nanarg{word}")), always(INT64),
               f"np.nanarg{word}" + CALL,
               f"The position of the first {which} number; a line of nothing but NaN fails the op.",
               params=ONE_AXIS, shape=reduced_nonempty, sample=lines)
        for word, which in (("min", "smallest"), ("max", "largest"))
    ),
    without_nan("nanmedian", of_first(float_dtype), "The median of the elements that are numbers.",
                sample=calls(), weight=10),
    quantile_row("nanpercentile", among_numbers(np.nanpercentile, np.percentile), 100,
                 "The values below which q percent of the elements that are numbers lie."),
    quantile_row("nanquantile", with_real_q(among_numbers(np.nanquantile, np.quantile)), 1,
                 "The values below which a part q (0 to 1) of the elements that are numbers lies."),
)  # fmt: skip
