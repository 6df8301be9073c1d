"""Inference agrees with NumPy on shapes, dtypes and refusals, for whatever hypothesis thinks of.

NumPy's accidents are left out, each where it would come up: axis 0 of a number passes in some functions
and not in others (RDF: never), any negative length but -1 in a reshape, several axes in the median of
nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from test_ops_checker import quietly, type_of

from ravspec.errors import OpError, ShapeError
from ravspec.ops import OPS
from ravspec.shapes import STRONG, ArrayType, broadcast, promote, strong


def found(*strategies: Any, examples: int = 150) -> Any:
    """A test of what the strategies find: the same finds in every run, so that none fails by chance."""
    fixed = settings(
        max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    return lambda test: fixed(given(*strategies)(test))


SHAPES = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
AXIS = st.integers(-4, 4)
#: what NumPy raises for shapes, axes and keys that do not fit
REFUSALS = (ValueError, IndexError, TypeError)


def filled(shape: tuple[int, ...], dtype: str = "f8") -> Any:
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def agree(name: str, *operands: Any, **given_params: Any) -> None:
    """The rule gives the types that the kernel's outputs have, or both refuse."""
    row = OPS[name]
    types = [type_of(x) for x in operands]
    try:
        outs = row.infer(types, row.canonical_params(given_params))
    except OpError as refusal:
        if "which RDF does not have" in str(refusal):  # NumPy's float16
            return
        try:
            quietly(row.kernel, *operands, **row.canonical_params(given_params))
        except REFUSALS:
            return
        raise AssertionError(f"{name} refused {types} {given_params}, NumPy does not") from refusal
    try:
        got = quietly(row.kernel, *operands, **row.canonical_params(given_params))
    except REFUSALS as refusal:
        raise AssertionError(f"{name} let {types} {given_params} pass, NumPy does not: {refusal}") from None
    for inferred, value in zip(outs, got, strict=True):
        executed = type_of(np.asarray(value))
        assert inferred == executed or (inferred.shape is None and inferred.dtype == executed.dtype)


@found(st.lists(SHAPES, min_size=1, max_size=4))
def test_broadcast_is_numpys(shapes: list[tuple[int, ...]]) -> None:
    try:
        want = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast"):
            broadcast(shapes)
    else:
        assert broadcast(shapes) == want


@found(mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=3))
def test_where_and_clip_broadcast_three(shapes: Any) -> None:
    x, y, z = (filled(shape) for shape in shapes.input_shapes)
    agree("where", x > 1, y, z)
    agree("clip", x, y, z)


DTYPES = st.sampled_from([*"?bhilBHILfdFD", bool, int, float, complex])


@found(
    DTYPES,
    DTYPES,
    st.sampled_from(["add", "divide", "pow", "floor_divide", "less", "bitwise_and", "atan2", "logical_or"]),
)
def test_dtypes_are_promoted_as_numpy_does(a: Any, b: Any, name: str) -> None:
    operands = [d(1) if isinstance(d, type) else np.ones(2, d) for d in (a, b)]
    agree(name, *operands)


@found(st.lists(DTYPES, min_size=1, max_size=3))
def test_promote_is_result_type(dtypes: list[Any]) -> None:
    types = [ArrayType((), d if isinstance(d, type) else np.dtype(d)) for d in dtypes]
    values = [d(0) if isinstance(d, type) else np.dtype(d) for d in dtypes]
    assert promote(types) == np.result_type(*values)
    assert [strong(t) for t in types] == [STRONG.get(d, None) or np.dtype(d) for d in dtypes]


def several_of_nothing(shape: tuple[int, ...], axis: Any) -> bool:
    """What median and quantile fail at, with a reshape of their own."""
    return 0 in shape and isinstance(axis, tuple)


def no_axis(name: str, shape: tuple[int, ...], axis: Any, **params: Any) -> bool:
    """Whether axes of a number are named; the rule refuses that, whatever NumPy does."""
    if shape != () or axis in (None, ()):
        return False
    with pytest.raises(ShapeError):
        OPS[name].infer([ArrayType((), np.dtype("f8"))], OPS[name].canonical_params({"axis": axis, **params}))
    return True


# --- reductions -------------------------------------------------------------------------------------

REDUCTIONS = ["sum", "prod", "mean", "var", "min", "max", "ptp", "any", "all", "count_nonzero", "median"]
AXES = st.none() | AXIS | st.lists(AXIS, max_size=3).map(tuple)


@found(st.sampled_from(REDUCTIONS), SHAPES, AXES, st.booleans(), st.sampled_from(["f8", "f4", "i4", "u1"]))
def test_reductions(name: str, shape: tuple[int, ...], axis: Any, keepdims: bool, dtype: str) -> None:
    if no_axis(name, shape, axis, keepdims=keepdims) or (
        name == "median" and several_of_nothing(shape, axis)
    ):
        return
    agree(name, filled(shape, dtype), axis=axis, keepdims=keepdims)


@found(st.sampled_from(["argmin", "argmax"]), SHAPES.filter(len), st.none() | AXIS, st.booleans())
def test_positions(name: str, shape: tuple[int, ...], axis: Any, keepdims: bool) -> None:
    agree(name, filled(shape), axis=axis, keepdims=keepdims)


@found(st.sampled_from(["cumsum", "cumprod", "sort", "argsort"]), SHAPES.filter(len), st.none() | AXIS)
def test_accumulations_and_sorts(name: str, shape: tuple[int, ...], axis: Any) -> None:
    agree(name, filled(shape), axis=axis)


@found(
    SHAPES.filter(len),
    array_shapes(min_dims=0, max_dims=2),
    AXES,
    st.booleans(),
)
def test_quantiles(shape: tuple[int, ...], q: tuple[int, ...], axis: Any, keepdims: bool) -> None:
    if not several_of_nothing(shape, axis):
        agree("quantile", filled(shape), np.full(q, 0.5), axis=axis, keepdims=keepdims)


# --- products and linear algebra --------------------------------------------------------------------

SMALL = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@found(st.sampled_from(["matmul", "dot", "outer"]), SMALL, SMALL)
def test_products(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    agree(name, filled(a), filled(b))


@found(SMALL, SMALL, st.integers(-3, 2))
def test_vecdot(a: tuple[int, ...], b: tuple[int, ...], axis: int) -> None:
    agree("vecdot", filled(a), filled(b), axis=axis)


PAIRED_AXES = st.integers(0, 3) | st.tuples(st.lists(AXIS, max_size=2), st.lists(AXIS, max_size=2))


@found(SMALL, SMALL, PAIRED_AXES)
def test_tensordot(a: tuple[int, ...], b: tuple[int, ...], axes: Any) -> None:
    agree("tensordot", filled(a), filled(b), axes=axes)


def regular(shape: tuple[int, ...]) -> Any:
    """Well-conditioned where it is square."""
    return filled(shape) + 50 * np.eye(*shape[-2:]) if len(shape) > 1 else filled(shape)


@found(st.sampled_from(["inv", "det", "cholesky", "qr", "svd", "pinv", "eigh"]), SMALL)
def test_factorisations(name: str, shape: tuple[int, ...]) -> None:
    x = regular(shape)
    agree(name, x + x.swapaxes(-1, -2) if len(shape) > 1 and shape[-1] == shape[-2] else x)


@found(SMALL, SMALL)
def test_solve(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    agree("solve", regular(a), filled(b))


@found(SMALL, st.integers(-2, 2), AXIS, AXIS)
def test_trace(shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> None:
    agree("trace", filled(shape), offset=offset, axis1=axis1, axis2=axis2)


@found(
    array_shapes(min_dims=0, max_dims=3, min_side=1),
    AXES,
    st.sampled_from([None, 1, 2, "fro", "nuc", np.inf, 3]),
)
def test_norm(shape: tuple[int, ...], axis: Any, order: Any) -> None:
    agree("norm", filled(shape), axis=axis, ord=order)


# --- shapes and joining -----------------------------------------------------------------------------


@found(SHAPES, st.lists(st.integers(-1, 4), max_size=4))
def test_reshape(shape: tuple[int, ...], new: list[int]) -> None:
    agree("reshape", filled(shape), shape=new)


@found(SHAPES, st.data())
def test_reshape_to_what_fits(shape: tuple[int, ...], data: st.DataObject) -> None:
    new = list(data.draw(st.permutations(shape)))
    if new and data.draw(st.booleans()):
        new[data.draw(st.integers(0, len(new) - 1))] = -1
    agree("reshape", filled(shape), shape=new)


@found(st.sampled_from(["concat", "stack"]), st.lists(SHAPES, min_size=1, max_size=3), st.none() | AXIS)
def test_joining(name: str, shapes: list[tuple[int, ...]], axis: Any) -> None:
    if name == "stack" and axis is None:
        return
    agree(name, *map(filled, shapes), axis=axis)


@found(st.sampled_from(["concat", "stack"]), SHAPES.filter(len), st.integers(1, 3), st.data())
def test_joining_what_fits(name: str, shape: tuple[int, ...], count: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    shapes = [list(shape) for _ in range(count)]
    if name == "concat":
        for one in shapes:
            one[axis] = data.draw(st.integers(0, 3))
    dtypes = data.draw(st.lists(st.sampled_from(["f4", "i8", "?", "c8"]), min_size=count, max_size=count))
    agree(name, *(filled(tuple(s), d) for s, d in zip(shapes, dtypes, strict=True)), axis=axis)


@found(SHAPES, AXIS, st.integers(-1, 4) | st.lists(st.integers(-4, 4), max_size=3))
def test_split(shape: tuple[int, ...], axis: int, cuts: Any) -> None:
    if cuts == 0:
        with pytest.raises(ShapeError):
            OPS["split"].infer([ArrayType((2,), np.dtype("f8"))], {"indices_or_sections": 0, "axis": 0})
        return
    agree("split", filled(shape), indices_or_sections=cuts, axis=axis)


@found(SHAPES, AXES)
def test_squeeze_and_flip(shape: tuple[int, ...], axis: Any) -> None:
    if not no_axis("squeeze", shape, axis):
        agree("squeeze", filled(shape), axis=axis)
    agree("flip", filled(shape), axis=axis)


@found(SHAPES, AXIS | st.lists(AXIS, max_size=2))
def test_expand_dims(shape: tuple[int, ...], axis: Any) -> None:
    agree("expand_dims", filled(shape), axis=axis)


@found(SHAPES, st.none() | st.lists(AXIS, max_size=4))
def test_transpose(shape: tuple[int, ...], axes: Any) -> None:
    agree("transpose", filled(shape), axes=axes)
    agree("matrix_transpose", filled(shape))


@found(SHAPES, st.data())
def test_transpose_by_an_order_that_fits(shape: tuple[int, ...], data: st.DataObject) -> None:
    agree("transpose", filled(shape), axes=data.draw(st.permutations(range(len(shape)))))


@found(SHAPES, AXIS, AXIS, st.lists(AXIS, max_size=2), st.lists(AXIS, max_size=2))
def test_moving_axes(
    shape: tuple[int, ...], i: int, j: int, source: list[int], destination: list[int]
) -> None:
    agree("swapaxes", filled(shape), axis1=i, axis2=j)
    agree("moveaxis", filled(shape), source=i, destination=j)
    agree("moveaxis", filled(shape), source=source, destination=destination)


@found(SHAPES, SHAPES)
def test_broadcast_to(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    agree("broadcast_to", filled(shape), shape=wanted)


@found(SHAPES, st.lists(st.integers(0, 3), max_size=4), st.integers(0, 3), st.none() | AXIS)
def test_tile_and_repeat(shape: tuple[int, ...], reps: list[int], repeats: int, axis: Any) -> None:
    agree("tile", filled(shape), reps=reps)
    if not no_axis("repeat", shape, axis, repeats=repeats):
        agree("repeat", filled(shape), repeats=repeats, axis=axis)


WIDTH = st.integers(0, 2)
WIDTHS = (
    WIDTH
    | st.lists(WIDTH, min_size=1, max_size=2)
    | st.lists(st.tuples(WIDTH, WIDTH), min_size=1, max_size=3)
)


@found(SHAPES, WIDTHS, st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
def test_pad(shape: tuple[int, ...], width: Any, mode: str) -> None:
    agree("pad", filled(shape), pad_width=width, mode=mode)


@found(SHAPES, st.integers(-3, 3) | st.lists(st.integers(-3, 3), max_size=3), AXES)
def test_roll(shape: tuple[int, ...], shift: Any, axis: Any) -> None:
    if shape != () or axis != ():
        agree("roll", filled(shape), shift=shift, axis=axis)


@found(SHAPES, st.integers(-4, 4))
def test_diagonals(shape: tuple[int, ...], k: int) -> None:
    for name in ("diag", "tril", "triu"):
        agree(name, filled(shape), k=k)


@found(SHAPES.filter(len), array_shapes(min_dims=0, max_dims=2, min_side=0), st.none() | AXIS)
def test_take(shape: tuple[int, ...], indices: tuple[int, ...], axis: Any) -> None:
    agree("take", filled(shape), np.zeros(indices, int), axis=axis)


NUMBER = st.integers(-6, 6) | st.sampled_from([-1.5, -0.1, 0.1, 0.3, 2.5])


@found(NUMBER, NUMBER, NUMBER.filter(bool))
def test_arange(start: float, stop: float, step: float) -> None:
    agree("arange", start=start, stop=stop, step=step)
