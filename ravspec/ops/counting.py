"""How often something occurs, and sums that gather at places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravspec.errors import DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.distinct import distinct
from ravspec.ops.index import (
    bind_set_item,
    canonical_key,
    numpy_entry,
    set_item_dtype,
    set_item_samples,
    set_item_shape,
)
from ravspec.ops.op import MOST_BYTES, Op, Sample, as_array, as_int64, per_output
from ravspec.ops.params import Param
from ravspec.ops.sets import sorting
from ravspec.shapes import (
    FLOAT64,
    INT64,
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    normal_axis,
    same_dtype,
    shape_of,
    strong,
)

#: more than anything holds; for the largest int64 NumPy 2.4 writes into memory that is not its own
PLACES = 1 << 60


def bincount(x: Any, weights: Any = None, *, minlength: int) -> Any:
    x = as_array(x)
    if x.size and x.min() < 0:
        raise ValueError("bincount is of integers that are not negative")
    if x.size and x.max() >= PLACES:
        raise ValueError(f"bincount has a place for each number up to the largest; {x.max()} are too many")
    counts = np.bincount(x.astype(np.int64), weights, minlength)
    return as_int64(counts) if weights is None else counts.astype(np.float64)


def bincount_shape(types: Types, params: Params) -> None:
    """As long as the largest element says, which is known once computed."""
    if params["minlength"] > MOST_BYTES // 8:
        raise ParamError(f"bincount: a minlength of {params['minlength']} is larger than anything holds")
    shape = shape_of(types[0])
    if len(shape) != 1:
        raise ShapeError(f"bincount needs a vector; got shape {shape}")
    if len(types) > 1 and shape_of(types[1]) != shape:
        raise ShapeError(f"bincount: weights of shape {types[1].shape} for elements of shape {shape}")


def bincount_dtype(types: Types, params: Params) -> DType:
    if strong(types[0]).kind not in "biu":
        raise DTypeError(f"bincount counts integers, not {types[0]}")
    return FLOAT64 if len(types) > 1 else INT64


def bind_bincount(x: Any, weights: Any = None, minlength: Any = 0) -> tuple[Sequence[Any], dict[str, Any]]:
    """weights is an operand, one for each element."""
    return (x,) if weights is None else (x, weights), {"minlength": minlength}


def bincount_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.integers(rng, 9, low=0, high=5)
    return [
        ((x,), {}), ((x,), {"minlength": 8}), ((x, samples.reals(rng, 9)), {}), ((x[:0],), {}),
        ((x[:0],), {"minlength": 2}), ((x.astype("u1"), x.astype("f4")), {"minlength": 1}),
    ]  # fmt: skip


def mode(x: Any, axis: int) -> Any:
    """The most common element of each line, the smallest of several; NaN counts as one element."""
    lines = np.moveaxis(as_array(x), axis, -1)
    out = np.empty(lines.shape[:-1], lines.dtype)
    for at in np.ndindex(out.shape):
        found = distinct(lines[at], equal_nan=True)
        out[at] = found.values[found.counts.argmax()]
    return out


def mode_shape(types: Types, params: Params) -> Shape:
    shape = shape_of(types[0])
    axis = normal_axis(params["axis"], len(shape))
    if shape[axis] == 0 and 0 not in shape[:axis] + shape[axis + 1 :]:
        raise ShapeError(f"mode of an array of shape {shape}: there is no element along axis {axis}")
    return shape[:axis] + shape[axis + 1 :]


def mode_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.integers(rng, 6, 4, low=0, high=2)
    return [((x,), {}), ((x,), {"axis": 1}), ((x[0].astype("f4"),), {}), ((x > 1,), {"axis": -1}),
            ((x[:, :0],), {}), ((np.array([np.nan, 1.0, np.nan]),), {})]  # fmt: skip


def histogram(x: Any, weights: Any = None, *, bins: Any, range: Any, density: bool) -> tuple[Any, Any]:
    """In float64, so that the edges are the same whatever the dtype."""
    edges = np.asarray(bins, np.float64) if isinstance(bins, tuple) else bins
    x = as_array(x).astype(np.float64)
    if weights is None:
        counts, edges = np.histogram(x, edges, range, density)
        return counts if density else as_int64(counts), edges.astype(np.float64)
    weights = as_array(weights).astype(np.float64)
    if not isinstance(bins, tuple):
        return np.histogram(x, edges, range, density, weights)
    sums = sums_between(edges, x.ravel(), weights.ravel())
    return sums / np.diff(edges) / sums.sum() if density else sums, edges


def sums_between(edges: Any, x: Any, weights: Any) -> Any:
    """Weights added up in the order in which they stand, which NumPy's sort may change."""
    n = len(edges) - 1
    place = np.where(x == edges[-1], n, np.searchsorted(edges, x, "right"))
    inside = (place >= 1) & (place <= n)
    return np.bincount(place[inside] - 1, weights[inside], n).astype(np.float64)


def bind_histogram(
    x: Any, bins: Any = 10, range: Any = None, density: Any = False, weights: Any = None
) -> tuple[Sequence[Any], dict[str, Any]]:
    """weights is an operand, one for each element."""
    return (x,) if weights is None else (x, weights), {"bins": bins, "range": range, "density": density}


def canonical_bins(value: Any) -> int | tuple[int | float, ...]:
    """How many bins of one width there are, or their rising edges."""
    if isinstance(value, tuple | list | np.ndarray):
        edges = tuple(map(kinds.number, value))
        if len(edges) < 2 or list(edges) != sorted(edges):
            raise ParamError(f"must be two or more edges that do not fall, not {value!r}")
        return edges
    count = kinds.count(value)
    if not count:
        raise ParamError("must be one bin or more, not 0")
    return count


def canonical_range(value: Any) -> tuple[int | float, ...]:
    """From where to where."""
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        raise ParamError(f"must be (low, high), not {value!r}")
    low, high = map(kinds.number, value)
    if low > high:
        raise ParamError(f"must be (low, high), and {low} is above {high}")
    return low, high


def histogram_shapes(types: Types, params: Params) -> list[Shape]:
    bins = params["bins"]
    n = len(bins) - 1 if isinstance(bins, tuple) else bins
    if len(types) > 1 and types[1].shape != types[0].shape:
        raise ShapeError(
            f"histogram: weights of shape {types[1].shape} for elements of shape {types[0].shape}"
        )
    return [(n,), (n + 1,)]


def histogram_dtypes(types: Types, params: Params) -> list[DType]:
    if strong(types[0]).kind == "c":
        raise DTypeError(f"complex numbers have no order: no histogram of {types[0]}")
    if len(types) > 1 and strong(types[1]).kind == "c":
        raise DTypeError(f"histogram adds up real weights, not {types[1]}")
    return [FLOAT64 if params["density"] or len(types) > 1 else INT64, FLOAT64]


def histogram_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 5, 6)
    return [
        ((x,), {}), ((x,), {"bins": [-2, 0, 0.5, 3]}), ((x.astype("f4"),), {"bins": 4, "range": (-1, 2)}),
        ((samples.integers(rng, 20),), {"bins": 7, "density": True}), ((x > 0,), {"bins": 2}),
        ((x[:0],), {"bins": 3}), ((np.full(3, 2.5),), {"bins": 2, "range": [2.5, 2.5]}),
        ((x, samples.reals(rng, 5, 6)), {"bins": 3}),
        ((x, samples.integers(rng, 5, 6, dtype="i4")), {"bins": [-2, 0, 0.5, 3]}),
        ((samples.integers(rng, 20), samples.integers(rng, 20, low=1) / 4),
         {"bins": (-9.5, -1, 4, 9), "density": True}),
    ]  # fmt: skip


def index_add(x: Any, value: Any, *arrays: Any, key: Any) -> Any:
    rest = iter(arrays)
    changed = np.array(as_array(x))
    place = tuple(numpy_entry(entry, rest) for entry in key)
    lead = max(0, np.ndim(value) - np.ndim(changed[place]))
    # add.at takes no leading lengths of 1 more than the selection has; assigning does
    np.add.at(changed, place, np.reshape(value, np.shape(value)[lead:]) if lead else value)
    return changed


def index_add_dtype(types: Types, params: Params) -> DType:
    """That of x, to which the value must be castable as in x += value."""
    x, value = strong(types[0]), types[1].dtype
    given = value(0) if isinstance(value, type) else value
    if not np.can_cast(np.result_type(x, given), x, "same_kind"):
        raise DTypeError(f"index_add cannot add {types[1]} to an array of {x}: use astype")
    return set_item_dtype(types, params)


def index_add_samples(rng: np.random.Generator) -> list[Sample]:
    x, twice = samples.reals(rng, 4, 3), np.array([1, 1, 3])
    more: list[Sample] = [
        (tuple(operands), params)
        for operands, params in (
            bind_set_item(x, (twice, slice(None)), samples.reals(rng, 3, 3)),
            bind_set_item(samples.integers(rng, 4, dtype="i4"), twice, 2),
        )
    ]
    fitting = [
        (operands, params)
        for operands, params in set_item_samples(rng)
        if np.can_cast(np.result_type(operands[0], operands[1]), operands[0].dtype, "same_kind")
    ]
    return [*more, *fitting]


ROWS = (
    Op(
        name="bincount",
        operands="x weights?",
        kernel=bincount,
        rule=Typed(bincount_shape, bincount_dtype),
        params={"minlength": Param(kinds.count, 0)},
        bind=bind_bincount,
        numpy="np.bincount(x, weights, minlength)",
        doc="How often each integer from 0 on occurs, or the sums of their weights.",
        samples=bincount_samples,
        unknown_shape=True,
    ),
    Op(
        name="histogram",
        operands="x weights?",
        kernel=histogram,
        rule=TypedOutputs(histogram_shapes, histogram_dtypes),
        params={
            "bins": Param(canonical_bins, 10),
            "range": Param(kinds.optional(canonical_range), None),
            "density": Param(kinds.flag, False),
        },
        bind=bind_histogram,
        numpy="np.histogram(np.asarray(x, float), bins, range, density, "
        "None if weights is None else np.asarray(weights, float))",
        doc="How many elements lie between neighbouring edges, or the sums of their weights, and the edges "
        "in float64. NaN needs a range.",
        samples=histogram_samples,
        flops=per_output(10),
    ),
    Op(
        name="mode",
        kernel=mode,
        rule=Typed(mode_shape, same_dtype),
        params={"axis": Param(kinds.integer, 0)},
        numpy="most_common(x, axis)",
        doc="The most common element along an axis, the smallest where there are several.",
        samples=mode_samples,
        flops=sorting(),
    ),
    Op(
        name="index_add",
        operands="x value *arrays?",
        kernel=index_add,
        rule=Typed(set_item_shape, index_add_dtype),
        params={"key": Param(canonical_key)},
        bind=bind_set_item,
        numpy="added(x, numpy_key(key, arrays), value)",
        doc="x with value added at x[key], once for each time that an element is named.",
        samples=index_add_samples,
        flops=per_output(2),
    ),
)  # fmt: skip
