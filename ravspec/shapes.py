"""The shape and dtype rules that the op rows name.

A rule takes the operands' types and the op's params and gives the outputs' types, by arithmetic on
shapes and look-ups on dtypes; it never runs a kernel. It has two halves, one for shapes and one for
dtypes: a shape of None means "known once computed" (after `unique`, or a boolean mask), and what comes
of such an operand is given by the half for dtypes alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ravspec.codec import DTYPES
from ravspec.errors import AxisError, DTypeError, ShapeError

Shape = tuple[int, ...]
Params = Mapping[str, Any]


class ArrayType(NamedTuple):
    """Shape and dtype of one operand or output.

    shape: None where it is known only once computed. dtype: a NumPy dtype, or for a Python number
    among the operands (which NumPy promotes weakly) its Python type: bool, int, float or complex.
    """

    shape: Shape | None
    dtype: Any

    @property
    def size_bytes(self) -> int:
        """Bytes of the value, 0 where the shape is not known (or for a Python number)."""
        if self.shape is None or isinstance(self.dtype, type):
            return 0
        return math.prod(self.shape) * int(self.dtype.itemsize)

    @property
    def size(self) -> int:
        return 0 if self.shape is None else math.prod(self.shape)

    def __str__(self) -> str:
        if isinstance(self.dtype, type):
            return self.dtype.__name__
        return f"{self.dtype.name}{'[?]' if self.shape is None else list(self.shape)}"


Types = Sequence[ArrayType]
DType = np.dtype[Any]


class Rule(Protocol):
    """The outputs' types; `unknown` where some operand's shape is None."""

    def __call__(self, types: Types, params: Params) -> tuple[ArrayType, ...]: ...

    def unknown(self, types: Types, params: Params) -> tuple[ArrayType, ...]: ...


BOOL = np.dtype(bool)
INT64 = np.dtype(np.int64)
FLOAT64 = np.dtype(np.float64)
#: what a Python number is where it stands alone, on every platform
STRONG: dict[type, DType] = {bool: BOOL, int: INT64, float: FLOAT64, complex: np.dtype(np.complex128)}


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """NumPy's broadcasting of shapes."""
    out: Shape = ()
    for shape in shapes:
        if shape == out or not shape:
            continue
        long, short = (out, shape) if len(out) >= len(shape) else (shape, out)
        lead = len(long) - len(short)
        if long[lead:] == short:
            out = long
            continue
        merged = list(long)
        for i, n in enumerate(short, lead):
            if merged[i] == 1:
                merged[i] = n
            elif n not in (1, merged[i]):
                raise ShapeError(f"shapes {' and '.join(map(str, shapes))} do not broadcast together")
        out = tuple(merged)
    return out


@functools.cache
def resolved(ufunc: np.ufunc, given: tuple[Any, ...]) -> tuple[DType, ...]:
    """The output dtypes of a ufunc, by its own type resolution (weak Python numbers included)."""
    names = " and ".join(t.__name__ if isinstance(t, type) else t.name for t in given)
    weak = tuple([BOOL if t is bool else t for t in given])  # a bool is no weaker than an array of it
    try:
        outs = ufunc.resolve_dtypes(weak + (None,) * ufunc.nout)[ufunc.nin :]
    except TypeError:
        raise DTypeError(f"{ufunc.__name__} is not defined for {names}") from None
    for out in outs:
        if out.name not in DTYPES:
            raise DTypeError(
                f"{ufunc.__name__} of {names} gives {out}, which RDF does not have: use astype first"
            )
    return outs


def ufunc_dtypes(ufunc: np.ufunc, types: Types) -> tuple[DType, ...]:
    return resolved(ufunc, tuple([t.dtype for t in types]))


def strong(t: ArrayType) -> DType:
    """The dtype of an operand; that of a Python number where it stands alone."""
    return STRONG[t.dtype] if isinstance(t.dtype, type) else t.dtype


@functools.cache
def common(dtypes: tuple[Any, ...]) -> DType:
    """NumPy's result_type of dtypes, Python's number types weak; all that travel have one."""
    return np.result_type(*[d(0) if isinstance(d, type) else d for d in dtypes])


def promote(types: Types) -> DType:
    """The common dtype of the operands, Python numbers weak."""
    return common(tuple([t.dtype for t in types]))


def normal_axis(axis: int, ndim: int) -> int:
    """An axis counted from the front; out of range is an AxisError."""
    if not -ndim <= axis < ndim:
        raise AxisError(f"axis {axis} is out of bounds for an array of {ndim} dimensions")
    return axis % ndim


def normal_axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction, counted from the front and distinct; None means all."""
    if axis is None:
        return tuple(range(ndim))
    axes = (axis,) if isinstance(axis, int) else axis
    normal = tuple(normal_axis(a, ndim) for a in axes)
    if len(set(normal)) != len(normal):
        raise ShapeError(f"axis {axis} names an axis twice")
    return normal


def shape_of(t: ArrayType) -> Shape:
    """The shape of a type that is known to have one."""
    assert t.shape is not None, "a rule was asked for a shape that is not known yet"
    return t.shape


# --- rules ------------------------------------------------------------------------------------------

ShapeHalf = Callable[[Types, Params], Shape | None]
DTypeHalf = Callable[[Types, Params], DType]


@dataclass(frozen=True, slots=True)
class Typed:
    """The rule of an op with one output."""

    shape: ShapeHalf
    dtype: DTypeHalf

    def __call__(self, types: Types, params: Params) -> tuple[ArrayType, ...]:
        return (ArrayType(self.shape(types, params), self.dtype(types, params)),)

    def unknown(self, types: Types, params: Params) -> tuple[ArrayType, ...]:
        return (ArrayType(None, self.dtype(types, params)),)


@dataclass(frozen=True, slots=True)
class TypedOutputs:
    """The rule of an op with several outputs."""

    shapes: Callable[[Types, Params], Sequence[Shape | None]]
    dtypes: Callable[[Types, Params], Sequence[DType]]

    def __call__(self, types: Types, params: Params) -> tuple[ArrayType, ...]:
        return tuple(map(ArrayType, self.shapes(types, params), self.dtypes(types, params)))

    def unknown(self, types: Types, params: Params) -> tuple[ArrayType, ...]:
        return tuple(ArrayType(None, dtype) for dtype in self.dtypes(types, params))


@dataclass(frozen=True, slots=True)
class Elementwise:
    """Broadcast the operands; dtypes by the ufunc."""

    ufunc: np.ufunc

    def __call__(self, types: Types, params: Params) -> tuple[ArrayType, ...]:
        shape = broadcast([shape_of(t) for t in types])
        return tuple([ArrayType(shape, dtype) for dtype in ufunc_dtypes(self.ufunc, types)])

    def unknown(self, types: Types, params: Params) -> tuple[ArrayType, ...]:
        return tuple(ArrayType(None, dtype) for dtype in ufunc_dtypes(self.ufunc, types))


def elementwise(ufunc: np.ufunc) -> Rule:
    return Elementwise(ufunc)


# --- halves for shapes ------------------------------------------------------------------------------


def broadcasted(types: Types, params: Params) -> Shape:
    """All operands broadcast together."""
    return broadcast([shape_of(t) for t in types])


def same_shape(types: Types, params: Params) -> Shape:
    """The first operand's."""
    return shape_of(types[0])


def reduced(types: Types, params: Params) -> Shape:
    """Without the axes of params["axis"], or with them as 1 under keepdims."""
    shape = shape_of(types[0])
    axis, keepdims = params["axis"], params["keepdims"]
    if axis is None:
        return (1,) * len(shape) if keepdims else ()
    gone = normal_axes(axis, len(shape))
    if keepdims:
        return tuple([1 if i in gone else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in gone])


def reduced_nonempty(types: Types, params: Params) -> Shape:
    """The same, for reductions that have nothing to say of no elements."""
    shape = shape_of(types[0])
    if 0 in shape and any(shape[i] == 0 for i in normal_axes(params["axis"], len(shape))):
        raise ShapeError(f"the reduced axes of an array of shape {shape} hold no element")
    return reduced(types, params)


def accumulated(types: Types, params: Params) -> Shape:
    """The operand's, checked for the axis; flattened where the axis is None."""
    shape = shape_of(types[0])
    if params["axis"] is None:
        return (math.prod(shape),)
    normal_axis(params["axis"], len(shape))
    return shape


# --- halves for dtypes ------------------------------------------------------------------------------


def promoted(types: Types, params: Params) -> DType:
    """NumPy's result_type of all operands, Python numbers weak."""
    return promote(types)


def promoted_strong(types: Types, params: Params) -> DType:
    """The same for functions that make arrays of their operands first: Python numbers are not weak."""
    return common(tuple([strong(t) for t in types]))


def same_dtype(types: Types, params: Params) -> DType:
    """The first operand's."""
    return strong(types[0])


def always(dtype: DType) -> DTypeHalf:
    """One dtype whatever the operands are."""
    return lambda types, params: dtype


def of_first(function: Callable[[DType], DType]) -> DTypeHalf:
    """A function of the first operand's dtype."""
    return lambda types, params: function(strong(types[0]))


def by_ufunc(ufunc: np.ufunc) -> DTypeHalf:
    """As the ufunc has it for the operands as arrays."""
    return lambda types, params: resolved(ufunc, tuple([strong(t) for t in types]))[0]


def sum_dtype(dtype: DType) -> DType:
    """bool and narrow integers are summed as 64-bit ones, everything else in its own dtype."""
    if dtype.kind in "bi":
        return INT64
    return np.dtype(np.uint64) if dtype.kind == "u" else dtype


def float_dtype(dtype: DType) -> DType:
    """Integers and bool become float64; floating dtypes stay."""
    return FLOAT64 if dtype.kind in "biu" else dtype


def real_dtype(dtype: DType) -> DType:
    """The dtype of a complex number's parts; others as by float_dtype."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else float_dtype(dtype)


same = Typed(same_shape, same_dtype)
