"""Indexing and assignment agree with NumPy in values, shapes and refusals, for keys that hypothesis makes up.

NumPy's accidents are left out: an empty mask passes on an axis that is not empty, and an empty value of
any shape for an empty selection.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from test_ops_checker import type_of
from test_shapes import REFUSALS, filled, found

from ravspec.errors import BadIndex, OpError, ParamError, ShapeError
from ravspec.ops import OPS
from ravspec.shapes import ArrayType

BOUND = st.none() | st.integers(-4, 4)
SLICE = st.builds(slice, BOUND, BOUND, st.none() | st.sampled_from([-2, -1, 1, 2]))


@st.composite
def keyed(draw: st.DrawFn) -> tuple[Any, tuple[Any, ...]]:
    """An array and a key: mostly one that fits, with any mixture of entries."""
    shape = draw(array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    lead = draw(st.lists(st.integers(1, 2), max_size=2))
    key: list[Any] = []
    axis, dots = 0, False
    while axis < len(shape):
        kind = draw(st.sampled_from(["slice", "int", "array", "mask", "new", "dots", "end", "flag", "wild"]))
        n = shape[axis]
        match kind:
            case "slice":
                key.append(draw(SLICE))
            case "int":
                key.append(draw(st.integers(-n, n - 1)) if n else draw(SLICE))
            case "wild":
                key.append(draw(st.integers(-5, 5)))
            case "array":
                form = tuple(lead) if n else (0,)
                step = draw(st.integers(-3, 3))
                key.append((np.arange(np.prod(form, dtype=int)) * step % max(n, 1)).reshape(form) - n)
            case "mask":
                span = draw(st.integers(1, min(2, len(shape) - axis)))
                mask = np.arange(np.prod(shape[axis : axis + span], dtype=int)) % 3 == 1
                key.append(mask.reshape(shape[axis : axis + span]))
                axis += span - 1
            case "new" | "dots" | "flag":
                key.append({"new": None, "dots": Ellipsis, "flag": draw(st.booleans())}[kind])
                if kind == "dots":
                    if dots:
                        break
                    dots, axis = True, axis + draw(st.integers(0, len(shape) - axis)) - 1
                else:
                    axis -= 1
            case "end":
                break
        axis += 1
    if draw(st.integers(0, 9)) == 0:
        key.append(draw(st.integers(-2, 2)))
    return filled(shape), tuple(key)


def indexed(x: Any, key: Any) -> tuple[Any, Any, Any]:
    """The index op of x[key]: operands, params, and the inferred type."""
    bind = OPS["index"].bind
    assert bind is not None
    operands, bound = bind(x, key)
    params = OPS["index"].canonical_params(bound)
    return operands, params, OPS["index"].infer([type_of(v) for v in operands], params)[0]


def beyond(refusal: Exception, key: tuple[Any, ...]) -> bool:
    """Whether an array of integers in the key may be what is out of bounds: rules do not see values."""
    arrays = [k for k in key if isinstance(k, np.ndarray) and k.dtype.kind == "i"]
    return "out of bounds" in str(refusal) and bool(arrays)


def fits(case: tuple[Any, tuple[Any, ...]]) -> bool:
    """Whether NumPy's accident with empty masks is out of play."""
    return not any(isinstance(k, np.ndarray) and k.dtype.kind == "b" and 0 in k.shape for k in case[1])


@found(keyed().filter(fits), examples=1500)
def test_indexing_is_numpys(case: tuple[Any, tuple[Any, ...]]) -> None:
    x, key = case
    try:
        want = np.asarray(x[key])
    except IndexError as refusal:
        if not beyond(refusal, key):
            with pytest.raises((BadIndex, ShapeError)):
                indexed(x, key)
        return
    operands, params, inferred = indexed(x, key)
    assert inferred == type_of(want)
    assert np.array_equal(OPS["index"].kernel(*operands, **params), want)


@found(keyed().filter(fits), array_shapes(min_dims=0, max_dims=3, max_side=3), examples=500)
def test_assignment_is_numpys(case: tuple[Any, tuple[Any, ...]], shape: tuple[int, ...]) -> None:
    x, key = case
    value = filled(shape) + 100
    bind = OPS["set_item"].bind
    assert bind is not None
    operands, bound = bind(x, key, value)
    types, params = [type_of(v) for v in operands], OPS["set_item"].canonical_params(bound)
    want = x.copy()
    try:
        want[key] = value
    except REFUSALS as refusal:
        if not beyond(refusal, key):
            with pytest.raises(OpError):
                OPS["set_item"].infer(types, params)
        return
    assert OPS["set_item"].infer(types, params) == (type_of(x),)
    assert np.array_equal(OPS["set_item"].kernel(*operands, **params), want)


def test_a_mask_of_unknown_count_gives_an_unknown_shape() -> None:
    types = [ArrayType((4,), np.dtype("f4")), ArrayType((4,), np.dtype(bool))]
    assert OPS["index"].infer(types, {"key": (("mask", None),)}) == (ArrayType(None, np.dtype("f4")),)


@pytest.mark.parametrize("shape", [(), (2,), (0,), (2, 1), (0, 2)])
def test_a_mask_must_fit_its_axes_before_its_values_are_known(shape: tuple[int, ...]) -> None:
    """Where the mask has no elements NumPy lets it pass, and so does the rule."""
    x = filled(shape)
    for n in range(len(shape) + 2):
        for lengths in np.ndindex((3,) * n):
            mask = np.zeros(lengths, bool)
            types = [type_of(x), type_of(mask)]
            try:
                selected = x[mask]
            except IndexError:
                for count in (None, 0):
                    with pytest.raises(BadIndex):
                        OPS["index"].infer(types, {"key": (("mask", count),)})
                continue
            assert OPS["index"].infer(types, {"key": (("mask", None),)})[0].shape is None
            assert OPS["index"].infer(types, {"key": (("mask", 0),)}) == (type_of(selected),)


def test_keys_as_they_are_written() -> None:
    x = filled((3, 4))
    for key in (
        1,
        np.int64(-1),
        [0, 2],
        [True, False, True],
        [],
        [[0], [1]],
        np.array([1, 2], "u1"),
        None,
        ...,
    ):
        _, _, inferred = indexed(x, key)
        assert inferred == type_of(np.asarray(x[key]))


@pytest.mark.parametrize("key", [1.5, "a", [0.5], (0, 1j), np.array([1.0])])
def test_what_is_no_index_is_refused(key: Any) -> None:
    with pytest.raises(BadIndex):
        indexed(filled((3, 4)), key)


def test_a_key_from_the_wire_must_fit_its_arrays() -> None:
    types = [ArrayType((4,), np.dtype("f4")), ArrayType((2,), np.dtype("i8"))]
    with pytest.raises(ParamError, match="names 0 arrays, the operands hold 1"):
        OPS["index"].infer(types, {"key": (0,)})
    with pytest.raises(ParamError, match="names 2 arrays"):
        OPS["index"].infer(types, {"key": ("array", ("mask", 1))})
    for key in ("array", [["slice", 1]], [["slice", 0.5, None, None]], ["elsewhere"], [True], {}):
        with pytest.raises(ParamError):
            OPS["index"].canonical_params({"key": key})
