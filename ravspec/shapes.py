"""The shape and dtype rules that the op rows name.

A rule takes the operands' types and the op's params and gives the outputs' types, by arithmetic on
shapes and look-ups on dtypes; it never runs a kernel. A shape of None means "known once computed"
(after `unique`, or a boolean mask): a rule is then asked for dtypes only, see `unknown_shape`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ravspec.errors import DTypeError, ShapeError

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
        name = self.dtype.__name__ if isinstance(self.dtype, type) else self.dtype.name
        return name if isinstance(self.dtype, type) else f"{name}{list(self.shape or ())}"


Types = Sequence[ArrayType]
Rule = Callable[[Types, Params], tuple[ArrayType, ...]]

BOOL = np.dtype(bool)
INT64 = np.dtype(np.int64)
FLOAT64 = np.dtype(np.float64)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """NumPy's broadcasting of shapes."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    ndim = max(map(len, shapes))
    out = [1] * ndim
    for shape in shapes:
        for i, n in enumerate(shape, ndim - len(shape)):
            if n != 1:
                if out[i] not in (1, n):
                    raise ShapeError(
                        "shapes " + " and ".join(map(str, shapes)) + " do not broadcast together"
                    )
                out[i] = n
    return tuple(out)


def ufunc_dtypes(ufunc: np.ufunc, types: Types) -> tuple[np.dtype[Any], ...]:
    """The output dtypes of a ufunc, by its own type resolution (weak Python numbers included)."""
    given = tuple(t.dtype for t in types)
    try:
        return ufunc.resolve_dtypes(given + (None,) * ufunc.nout)[ufunc.nin :]
    except TypeError:
        raise DTypeError(f"{ufunc.__name__} is not defined for " + " and ".join(map(str, types))) from None


def promote(types: Types) -> np.dtype[Any]:
    """NumPy's result_type of the operands, Python numbers weak."""
    strong = [t.dtype for t in types if not isinstance(t.dtype, type)]
    weak = [t.dtype(0) for t in types if isinstance(t.dtype, type)]
    try:
        return np.result_type(*strong, *weak)
    except TypeError:
        raise DTypeError("no common dtype of " + " and ".join(map(str, types))) from None


def normal_axis(axis: int, ndim: int) -> int:
    """An axis counted from the front; out of range is a ShapeError."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} is out of bounds for an array of {ndim} dimensions")
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


# --- rules shared by many rows ----------------------------------------------------------------------


def elementwise(ufunc: np.ufunc) -> Rule:
    """Broadcast the operands; dtypes by the ufunc."""

    def rule(types: Types, params: Params) -> tuple[ArrayType, ...]:
        shape = broadcast([shape_of(t) for t in types])
        return tuple(ArrayType(shape, dtype) for dtype in ufunc_dtypes(ufunc, types))

    return rule


def reduction(dtype: Callable[[np.dtype[Any]], np.dtype[Any]]) -> Rule:
    """Remove the axes of params["axis"] (or keep them as 1 under keepdims); dtype by the function."""

    def rule(types: Types, params: Params) -> tuple[ArrayType, ...]:
        shape = shape_of(types[0])
        gone = normal_axes(params.get("axis"), len(shape))
        if params.get("keepdims"):
            out = tuple(1 if i in gone else n for i, n in enumerate(shape))
        else:
            out = tuple(n for i, n in enumerate(shape) if i not in gone)
        return (ArrayType(out, dtype(types[0].dtype)),)

    return rule


def same(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """Shape and dtype of the first operand."""
    return (types[0],)


def sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """bool and narrow integers are summed as 64-bit ones, everything else in its own dtype."""
    if dtype.kind in "bi":
        return INT64
    return np.dtype(np.uint64) if dtype.kind == "u" else dtype


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Integers and bool become float64; floating dtypes stay."""
    return FLOAT64 if dtype.kind in "biu" else dtype


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a complex number's parts; others as by float_dtype."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else float_dtype(dtype)
