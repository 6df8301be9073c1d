"""Joining, cutting, repeating and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ravspec.errors import ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Op, Sample, of_arrays
from ravspec.ops.params import Param
from ravspec.shapes import (
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    normal_axis,
    promoted_strong,
    same_dtype,
    shape_of,
    strong,
)


def joined(name: str, arrays: Any, more: tuple[Any, ...]) -> Sequence[Any]:
    """The operands of f([a, b]) or f(a, b)."""
    if more:
        return (arrays, *more)
    if not isinstance(arrays, list | tuple) or not arrays:
        raise ParamError(f"{name} takes arrays: {name}([a, b]) or {name}(a, b)")
    return arrays


def bind_concat(arrays: Any, /, *more: Any, axis: Any = 0) -> tuple[Sequence[Any], dict[str, Any]]:
    """concat([a, b], axis=0), or RDF's concat(a, b, axis=0)."""
    return joined("concat", arrays, more), {"axis": axis}


def bind_stack(arrays: Any, /, *more: Any, axis: Any = 0) -> tuple[Sequence[Any], dict[str, Any]]:
    """stack([a, b], axis=0), or RDF's stack(a, b, axis=0)."""
    return joined("stack", arrays, more), {"axis": axis}


def concat_shape(types: Types, params: Params) -> Shape:
    shapes = [shape_of(t) for t in types]
    if params["axis"] is None:
        return (sum(map(math.prod, shapes)),)
    first = shapes[0]
    if not first:
        raise ShapeError("numbers have no axis to be joined along: use stack")
    axis = normal_axis(params["axis"], len(first))
    length = 0
    for shape in shapes:
        if len(shape) != len(first) or shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
            raise ShapeError(f"concat along axis {axis} needs the other lengths equal; got {shapes}")
        length += shape[axis]
    return (*first[:axis], length, *first[axis + 1 :])


def stack_shape(types: Types, params: Params) -> Shape:
    shapes = [shape_of(t) for t in types]
    if any(shape != shapes[0] for shape in shapes):
        raise ShapeError(f"stack needs equal shapes; got {', '.join(map(str, shapes))}")
    axis = normal_axis(params["axis"], len(shapes[0]) + 1)
    return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])


def join_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 2, 3)
    return [
        ((x, x + 1), {}),
        ((x, x, -x), {"axis": -1}),
        ((x, samples.integers(rng, 2, 3), x > 0), {"axis": 1}),
        ((x.astype("f4"), samples.integers(rng, 2, 3, dtype="i2")), {}),
        ((x.T[:0], x.T[:0]), {}),
    ]


def concat_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 2, 3)
    return [*join_samples(rng), ((x, x[0], np.array(2.0)), {"axis": None}), ((x, x[:1]), {"axis": 0})]


def sections(value: Any) -> int | tuple[int, ...]:
    """A number of equal parts, or the cut points."""
    return kinds.integers(value) if isinstance(value, tuple | list | np.ndarray) else kinds.integer(value)


def split_shapes(types: Types, params: Params) -> list[Shape]:
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
    return [(*shape[:axis], length, *shape[axis + 1 :]) for length in lengths]


def split_dtypes(types: Types, params: Params) -> list[DType]:
    cuts = params["indices_or_sections"]
    return [strong(types[0])] * (cuts if isinstance(cuts, int) else len(cuts) + 1)


def split(x: Any, indices_or_sections: Any, axis: int) -> tuple[Any, ...]:
    return tuple(np.split(x, indices_or_sections, axis))


def split_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 6, 4)
    return [
        ((x,), {"indices_or_sections": 3}),
        ((x,), {"indices_or_sections": [1, 3], "axis": 1}),
        ((x,), {"numOrSizeSplits": (2, 9), "axis": -2}),
        ((x[:0] > 0,), {"indices_or_sections": 1}),
    ]


def tile_shape(types: Types, params: Params) -> Shape:
    shape, reps = shape_of(types[0]), params["reps"]
    ndim = max(len(shape), len(reps))
    shape, reps = (1,) * (ndim - len(shape)) + shape, (1,) * (ndim - len(reps)) + reps
    return tuple([n * times for n, times in zip(shape, reps, strict=True)])


def repeat_shape(types: Types, params: Params) -> Shape:
    shape, axis, repeats = shape_of(types[0]), params["axis"], params["repeats"]
    if axis is None:
        shape, axis = (math.prod(shape),), 0
    axis = normal_axis(axis, len(shape))
    if isinstance(repeats, int):
        length = shape[axis] * repeats
    elif len(repeats) in (1, shape[axis]):
        length = sum(repeats) if len(repeats) == shape[axis] else shape[axis] * repeats[0]
    else:
        raise ShapeError(f"repeat: {len(repeats)} numbers of repeats for {shape[axis]} slices")
    return (*shape[:axis], length, *shape[axis + 1 :])


def counts(value: Any) -> int | tuple[int, ...]:
    """How often: a number, or one for each slice."""
    return kinds.shape(value) if isinstance(value, tuple | list | np.ndarray) else kinds.count(value)


def widths(value: Any) -> tuple[tuple[int, int], ...]:
    """Pairs (before, after): one for all axes, or one for each. NumPy's shorter forms: n, (n,), (a, b)."""
    if not isinstance(value, tuple | list):
        value = (value,)
    if not any(isinstance(v, tuple | list) for v in value):
        value = (value,)
    pairs = [kinds.shape(v) for v in value]
    if not pairs or any(len(pair) not in (1, 2) for pair in pairs):
        raise ParamError(f"must be a width, (before, after), or such a pair for each axis, not {value!r}")
    return tuple((pair[0], pair[-1]) for pair in pairs)


def pad_shape(types: Types, params: Params) -> Shape:
    shape, pairs = shape_of(types[0]), params["pad_width"]
    if len(pairs) not in (1, len(shape)):
        raise ShapeError(f"pad has widths for {len(pairs)} axes, the array has {len(shape)}")
    pairs = pairs * len(shape) if len(pairs) == 1 else pairs
    if params["mode"] != "constant" and any(n == 0 and sum(w) for n, w in zip(shape, pairs, strict=True)):
        raise ShapeError(f"an empty axis of {shape} can be padded with a constant only")
    return tuple([n + before + after for n, (before, after) in zip(shape, pairs, strict=True)])


def pad(x: Any, pad_width: Any, mode: Any, constant_values: Any) -> Any:
    if mode != "constant":
        return np.pad(x, pad_width, mode)
    return np.pad(x, pad_width, constant_values=kinds.scalar_value(constant_values))


def pad_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    calls: list[Sample] = [
        ((x,), {"pad_width": 1}),
        ((x,), {"sequence": ((1, 2), (0, 3)), "mode": "constant", "constant_values": np.nan}),
        ((x[0],), {"pad_width": (2, 0), "mode": "edge"}),
        ((samples.integers(rng, 3, dtype="i2"),), {"pad_width": [2], "constant_values": 7}),
        ((x[:0],), {"pad_width": ((1,), (2,))}),
        ((np.array(1.0),), {"pad_width": 2}),
    ]
    return [*calls, *(((x,), {"pad_width": 5, "mode": mode}) for mode in ("reflect", "symmetric", "wrap"))]


def tile_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 2, 3)
    pairs = [(x, 2), (x, (2, 1)), (x > 0, [3, 1, 2]), (x[0, 0], (2, 2)), (x.astype("f4"), 0), (x[:0], 3)]
    return [((array,), {"reps": reps}) for array, reps in pairs]


def repeat_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 2, 3)
    return [
        ((x,), {"repeats": 2}),
        ((x,), {"repeats": 3, "axis": -1}),
        ((x > 0,), {"repeats": 0, "axis": 0}),
        ((np.array(4),), {"repeats": 3}),
        ((x,), {"repeats": (2, 0), "axis": 0}),
        ((x[0],), {"repeats": [3]}),
        ((x[:0],), {"repeats": 2, "axis": 1}),
    ]


ROWS = (
    Op(
        name="concat",
        operands="*arrays",
        kernel=of_arrays(lambda *arrays, axis: np.concatenate(arrays, axis)),
        rule=Typed(concat_shape, promoted_strong),
        params={"axis": Param(kinds.optional(kinds.integer), 0)},
        bind=bind_concat,
        aliases=("concatenate",),
        numpy="np.concatenate(arrays, axis)",
        doc="The arrays one behind the other along an axis; flattened where the axis is None.",
        samples=concat_samples,
    ),
    Op(
        name="stack",
        operands="*arrays",
        kernel=of_arrays(lambda *arrays, axis: np.stack(arrays, axis)),
        rule=Typed(stack_shape, promoted_strong),
        params={"axis": Param(kinds.integer, 0)},
        bind=bind_stack,
        aliases=("combine_to_list",),
        numpy="np.stack(arrays, axis)",
        doc="Arrays of one shape side by side along a new axis.",
        samples=join_samples,
    ),
    Op(
        name="split",
        kernel=of_arrays(split),
        rule=TypedOutputs(split_shapes, split_dtypes),
        params={"indices_or_sections": Param(sections), "axis": Param(kinds.integer, 0)},
        param_aliases={"numOrSizeSplits": "indices_or_sections"},
        numpy="np.split(x, indices_or_sections, axis)",
        doc="The parts of an array, cut along an axis: so many equal ones, or at the given points.",
        samples=split_samples,
    ),
    Op(
        name="tile",
        kernel=of_arrays(np.tile),
        rule=Typed(tile_shape, same_dtype),
        params={"reps": Param(kinds.shape)},
        numpy="np.tile(x, reps)",
        doc="The array laid out so many times along each axis.",
        samples=tile_samples,
    ),
    Op(
        name="repeat",
        kernel=of_arrays(np.repeat),
        rule=Typed(repeat_shape, same_dtype),
        params={"repeats": Param(counts), "axis": Param(kinds.optional(kinds.integer), None)},
        numpy="np.repeat(x, repeats, axis)",
        doc="Every element so many times, along an axis or of the flattened array.",
        samples=repeat_samples,
    ),
    Op(
        name="pad",
        kernel=of_arrays(pad),
        rule=Typed(pad_shape, same_dtype),
        params={
            "pad_width": Param(widths),
            "mode": Param(kinds.choice("constant", "edge", "reflect", "symmetric", "wrap"), "constant"),
            "constant_values": Param(kinds.scalar, 0),
        },
        param_aliases={"sequence": "pad_width"},
        numpy="np.pad(x, pad_width, mode) if mode != 'constant' else "
        "np.pad(x, pad_width, constant_values=number(constant_values))",
        doc="With elements added before and after along each axis: a constant, or more of the array.",
        samples=pad_samples,
    ),
)
