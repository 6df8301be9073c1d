"""What the array API has beside the op table: creation by any object, and functions composed of ops.

Source: Python array API standard 2025.12. A function of the table is widened here where the standard has
keywords that are no matter of computing, `device` and `copy` and `stable`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ravop.device import check_device
from ravop.dtypes import checked_dtype
from ravop.factory import FUNCTIONS, create, read
from ravop.naming import in_its_name
from ravop.tensor import Tensor
from ravspec.errors import AxisError, ParamError, ShapeError, UnknownOp
from ravspec.ops.params import flag
from ravspec.ops.params import shape as lengths_of
from ravspec.shapes import broadcast

Function = Callable[..., Any]


def on_device(function: Function) -> Function:
    """The same function, which also takes the device, of which there is one."""

    @functools.wraps(function)
    def placed(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        check_device(device)
        return function(*args, **kwargs)

    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    device = inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Any")
    placed.__signature__ = signature.replace(parameters=[*parameters, device])  # type: ignore[attr-defined]
    return placed


zeros, ones, full = (on_device(FUNCTIONS[name]) for name in ("zeros", "ones", "full"))
zeros_like, ones_like, full_like = (
    on_device(FUNCTIONS[name]) for name in ("zeros_like", "ones_like", "full_like")
)
arange, linspace, eye = (on_device(FUNCTIONS[name]) for name in ("arange", "linspace", "eye"))


@in_its_name
def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array to be filled; zeros, as contributors have to agree."""
    result: Tensor = zeros(shape, dtype=dtype, device=device)
    return result


@in_its_name
def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array to be filled in the shape and dtype of another; zeros."""
    result: Tensor = zeros_like(x, dtype=dtype, device=device)
    return result


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of numbers, nested lists, arrays or buffers; a tensor stays what it is.

    dtype: of the result, by default that of the elements. copy: True makes another handle, False is an error
    where a value would have to be sent or converted.
    """
    check_device(device)
    wanted = None if dtype is None else checked_dtype(dtype)
    if isinstance(obj, Tensor):
        same = wanted is None or wanted == obj.dtype
        if same and not copy:
            return obj
        if copy is False:
            raise ValueError(f"asarray: {obj.dtype} cannot become {wanted} without a copy")
        return again(obj) if wanted is None or same else obj.astype(wanted)
    if copy is False:
        raise ValueError("asarray: a value is always copied, to the server; leave copy out")
    return Tensor(obj, dtype=wanted)


def again(x: Tensor) -> Tensor:
    """Another handle on the same value: assigning to one leaves the other."""
    other = Tensor.of(x._graph, *x._operand)
    other._value = x._value
    return other


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of any object that has `__dlpack__`."""
    check_device(device)
    if isinstance(x, Tensor):
        return asarray(x, copy=copy)
    if copy is False:
        raise BufferError("from_dlpack: a value is always copied, to the server; leave copy out")
    return Tensor(np.from_dlpack(x))


@in_its_name
def astype(x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """The elements in another dtype; copy=False gives x itself where it has that dtype."""
    check_device(device)
    if checked_dtype(dtype) == x.dtype:
        return again(x) if copy else x
    result: Tensor = FUNCTIONS["astype"](x, dtype)
    return result


@in_its_name
def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that several broadcast to; nothing is computed."""
    return broadcast([lengths_of(given) for given in shapes])


@in_its_name
def broadcast_arrays(*arrays: Any) -> tuple[Tensor, ...]:
    """The arrays, each broadcast to the shape that all have in common."""
    tensors = [asarray(x) for x in arrays]
    shape = broadcast([x.shape for x in tensors])
    return tuple(x if x.shape == shape else FUNCTIONS["broadcast_to"](x, shape) for x in tensors)


@in_its_name
def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinates of a grid from those along its axes: n vectors give n arrays of n dimensions.

    indexing: "xy" has the second vector along the first axis, "ij" the first.
    """
    if indexing not in ("xy", "ij"):
        raise ParamError(f'meshgrid: indexing is "xy" or "ij", not {indexing!r}')
    vectors = [asarray(x) for x in arrays]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    for x in vectors:
        if x.ndim > 1:
            raise ShapeError(f"meshgrid takes vectors; got shape {x.shape}")
    n = len(vectors)
    lengths = [1] * n
    for x, place in zip(vectors, places, strict=True):
        lengths[place] = x.size
    return tuple(
        FUNCTIONS["broadcast_to"](
            FUNCTIONS["reshape"](x, tuple(-1 if i == place else 1 for i in range(n))), tuple(lengths)
        )
        for x, place in zip(vectors, places, strict=True)
    )


@in_its_name
def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of an array along an axis, without it."""
    x = asarray(x)
    if not -x.ndim <= axis < x.ndim:
        raise AxisError(f"unstack: axis {axis} is out of bounds for an array of {x.ndim} dimensions")
    lead = (slice(None),) * (axis % x.ndim)
    return tuple(x[(*lead, i)] for i in range(x.shape[axis]))


def cumulative(name: str, start: int, word: str) -> Function:
    """cumulative_sum or cumulative_prod, of the table's running op."""

    def function(
        x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Tensor:
        x = asarray(x)
        if axis is None:
            if x.ndim > 1:
                raise ParamError(f"cumulative_{word} of an array of {x.ndim} dimensions needs an axis")
            axis = 0
        result: Tensor = FUNCTIONS[name](x, axis=axis, dtype=dtype)
        if not include_initial:
            return result
        shape = list(x.shape)
        shape[axis] = 1
        first = create(x.graph, "full", shape=shape, fill_value=start, dtype=result.dtype)
        joined: Tensor = FUNCTIONS["concat"]([first, result], axis=axis)
        return joined

    function.__name__ = function.__qualname__ = f"cumulative_{word}"
    function.__doc__ = f"The running {word} along an axis; include_initial puts {start} before it."
    return in_its_name(function)


cumulative_sum, cumulative_prod = cumulative("cumsum", 0, "sum"), cumulative("cumprod", 1, "prod")


@in_its_name
def diff(x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """The differences of neighbours along an axis, n times over; prepend and append are joined on first."""
    if n < 0:
        raise ParamError(f"diff: n is how often, and cannot be {n}")
    x = asarray(x)
    parts = [v for v in (prepend, x, append) if v is not None]
    out: Tensor = FUNCTIONS["concat"](parts, axis=axis) if len(parts) > 1 else x
    if not -out.ndim <= axis < out.ndim:
        raise AxisError(f"diff: axis {axis} is out of bounds for an array of {out.ndim} dimensions")
    lead = (slice(None),) * (axis % out.ndim)
    for _ in range(n):
        late, early = out[(*lead, slice(1, None))], out[(*lead, slice(None, -1))]
        out = late != early if out.dtype.kind == "b" else late - early
    return out


def argsort(
    x: Any, /, axis: Any = -1, *, descending: bool = False, stable: bool = True, **name: Any
) -> Tensor:
    """The positions that sort an array along an axis; equal elements always stay in their order."""
    result: Tensor = FUNCTIONS["argsort"](x, axis=axis, descending=descending, **name)
    return result


def sort(x: Any, /, axis: Any = -1, *, descending: bool = False, stable: bool = True, **name: Any) -> Tensor:
    """The elements along an axis in order; NaN last, with descending first."""
    result: Tensor = FUNCTIONS["sort"](x, axis=axis, descending=descending, **name)
    return result


def spread(which: str) -> Function:
    """std or var, of which the array API calls ddof correction."""
    narrow = FUNCTIONS[which]

    def function(
        x: Any,
        /,
        axis: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        *,
        correction: Any = None,
        **name: Any,
    ) -> Tensor:
        result: Tensor = narrow(
            x, axis=axis, ddof=ddof if correction is None else correction, keepdims=keepdims, **name
        )
        return result

    function.__name__ = function.__qualname__ = which
    function.__doc__ = narrow.__doc__
    return function


std, var = spread("std"), spread("var")


@in_its_name
def searchsorted(x1: Any, x2: Any, /, side: str = "left", sorter: Any = None, **name: Any) -> Tensor:
    """Where in the sorted x1 the elements of x2 belong; sorter: the positions that sort x1, if it is not."""
    ordered = x1 if sorter is None else FUNCTIONS["take"](x1, sorter)
    result: Tensor = FUNCTIONS["searchsorted"](ordered, x2, side=side, **name)
    return result


@in_its_name
def permute_dims(x: Any, /, axes: Any, **name: Any) -> Tensor:
    """The axes in another order."""
    result: Tensor = FUNCTIONS["transpose"](x, axes=axes, **name)
    return result


@in_its_name
def reshape(x: Any, /, shape: Any = None, *sizes: Any, copy: bool | None = None, **name: Any) -> Tensor:
    """The elements in another shape, where one length may be -1: reshape(x, (2, 3)) or reshape(x, 2, 3)."""
    result: Tensor = FUNCTIONS["reshape"](x, shape=(shape, *sizes) if sizes else shape, **name)
    return result


@in_its_name
def repeat(x: Any, /, repeats: Any, *, axis: int | None = None, **name: Any) -> Tensor:
    """Every element so many times, along an axis or of the flattened array.

    repeats: a number, or one for each slice. As a tensor it is computed, because the shape depends on it.
    """
    result: Tensor = FUNCTIONS["repeat"](x, repeats, axis=axis, **name)
    return result


@in_its_name
def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """The positions of the elements that are not zero: one tensor for each axis."""
    x = asarray(x)
    if not x.ndim:  # where only the value tells the shape, this computes: it says how many outputs there are
        raise ShapeError("nonzero needs an axis; this is a single number")
    positions: tuple[Tensor, ...] = FUNCTIONS["nonzero"](x)
    return positions


@in_its_name
def unique(
    x: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
    **name: Any,
) -> Any:
    """The distinct elements, sorted; with what else is asked for, a tuple, where every NaN is one of its own.

    The array is flattened: an axis is not in the vocabulary.
    """
    if axis is not None:
        raise UnknownOp(f"unique along an axis, {axis}, is not in the vocabulary; leave the axis out")
    wanted = [flag(read(word)) for word in (return_index, return_inverse, return_counts)]
    if not any(wanted):
        return FUNCTIONS["unique" if equal_nan else "unique_values"](x, **name)
    values, *extras = FUNCTIONS["unique_all"](x, **name)
    return (values, *(part for part, is_wanted in zip(extras, wanted, strict=True) if is_wanted))


class UniqueAll(NamedTuple):
    """Distinct elements, where each is found first, which of them each element is, and how many there are."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """Distinct elements, and how many there are of each."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """Distinct elements, and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Any, /) -> UniqueAll:
    """The distinct elements, sorted, with all that can be said of them."""
    return UniqueAll(*FUNCTIONS["unique_all"](x))


def unique_counts(x: Any, /) -> UniqueCounts:
    """The distinct elements, sorted, and how often each occurs."""
    return UniqueCounts(*FUNCTIONS["unique_counts"](x))


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The distinct elements, sorted, and which of them each element is."""
    return UniqueInverse(*FUNCTIONS["unique_inverse"](x))


#: functions of the op table that take more here
WIDER: dict[str, Function] = {
    function.__name__: function
    for function in (
        zeros, ones, full, zeros_like, ones_like, full_like, arange, linspace, eye, astype, argsort, sort,
        std, var, searchsorted, reshape, repeat,
        nonzero, unique, unique_all, unique_counts, unique_inverse,
    )
}  # fmt: skip
