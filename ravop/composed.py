"""NumPy's other functions, composed of ops of the table, under NumPy's names and params."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ravop.factory import FUNCTIONS
from ravop.naming import in_its_name
from ravop.standard import asarray
from ravop.tensor import Tensor
from ravspec.errors import ParamError, ShapeError
from ravspec.ops.params import integer, number
from ravspec.shapes import normal_axis

Tensors = tuple[Tensor, ...]

__all__ = [
    "allclose", "append", "array_equal", "atleast_1d", "atleast_2d", "atleast_3d", "column_stack", "dstack",
    "fliplr", "flipud", "hstack", "inner", "isclose", "kron", "nan_to_num", "nancumprod", "nancumsum",
    "polyval", "rot90", "tril_indices", "triu_indices", "vander", "vdot", "vstack",
]  # fmt: skip


def joined(arrays: Sequence[Any], axis: int | None) -> Tensor:
    """concat, of one array too."""
    result: Tensor = FUNCTIONS["concat"](list(arrays), axis=axis)
    return result


# --- shapes -----------------------------------------------------------------------------------------


def padded(x: Any, ndim: int, lead: int) -> Tensor:
    """x with axes of length 1 up to ndim of them, `lead` of them at most in front."""
    x = asarray(x)
    missing = max(0, ndim - x.ndim)
    front = min(missing, lead)
    result: Tensor = x.reshape((1,) * front + x.shape + (1,) * (missing - front)) if missing else x
    return result


@in_its_name
def atleast_1d(*arrays: Any) -> Any:
    """Each as an array of one axis or more."""
    made = tuple(padded(x, 1, 1) for x in arrays)
    return made if len(made) != 1 else made[0]


@in_its_name
def atleast_2d(*arrays: Any) -> Any:
    """Each as an array of two axes or more; a vector is a row."""
    made = tuple(padded(x, 2, 2) for x in arrays)
    return made if len(made) != 1 else made[0]


@in_its_name
def atleast_3d(*arrays: Any) -> Any:
    """Each as an array of three axes or more; a vector lies along the second, a matrix in the first two."""
    made = tuple(padded(x, 3, 0 if np.ndim(x) == 2 else 1) for x in arrays)
    return made if len(made) != 1 else made[0]


@in_its_name
def hstack(arrays: Sequence[Any]) -> Tensor:
    """Arrays side by side: along the second axis, vectors along their only one."""
    made = [padded(x, 1, 1) for x in arrays]
    return joined(made, 0 if made and made[0].ndim == 1 else 1)


@in_its_name
def vstack(arrays: Sequence[Any]) -> Tensor:
    """Arrays one above the other; vectors are rows."""
    return joined([padded(x, 2, 2) for x in arrays], 0)


@in_its_name
def dstack(arrays: Sequence[Any]) -> Tensor:
    """Arrays one behind the other, along the third axis."""
    return joined([atleast_3d(x) for x in arrays], 2)


@in_its_name
def column_stack(arrays: Sequence[Any]) -> Tensor:
    """Arrays side by side; vectors are columns."""
    return joined([padded(padded(x, 1, 1), 2, 0) for x in arrays], 1)


@in_its_name
def append(x: Any, values: Any, axis: int | None = None) -> Tensor:
    """An array and what follows it along an axis; without one, all elements in one vector."""
    return joined([x, values], axis)


@in_its_name
def fliplr(x: Any) -> Tensor:
    """The columns in reverse order."""
    result: Tensor = FUNCTIONS["flip"](x, axis=1)
    return result


@in_its_name
def flipud(x: Any) -> Tensor:
    """The rows in reverse order."""
    result: Tensor = FUNCTIONS["flip"](x, axis=0)
    return result


@in_its_name
def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned k times by a quarter, from the first of two axes towards the second."""
    x = asarray(x)
    if len(axes) != 2:
        raise ParamError(f"rot90 turns two axes, not {axes!r}")
    first, second = (normal_axis(axis, x.ndim) for axis in axes)
    if first == second:
        raise ParamError(f"rot90 turns two different axes, not {axes!r}")
    flip, swap = FUNCTIONS["flip"], FUNCTIONS["swapaxes"]
    match operator.index(k) % 4:
        case 1:
            x = swap(flip(x, axis=second), first, second)
        case 2:
            x = flip(x, axis=(first, second))
        case 3:
            x = flip(swap(x, first, second), axis=second)
    result: Tensor = x
    return result


@in_its_name
def tril_indices(n: int, k: int = 0, m: int | None = None) -> Tensors:
    """Rows and columns of the elements on the k-th diagonal and below, of n rows and m columns."""
    return tuple(asarray(x.astype(np.int64)) for x in np.tril_indices(integer(n), integer(k), m))


@in_its_name
def triu_indices(n: int, k: int = 0, m: int | None = None) -> Tensors:
    """Rows and columns of the elements on the k-th diagonal and above, of n rows and m columns."""
    return tuple(asarray(x.astype(np.int64)) for x in np.triu_indices(integer(n), integer(k), m))


# --- products ---------------------------------------------------------------------------------------


@in_its_name
def inner(x1: Any, x2: Any) -> Tensor:
    """The sums of products over the last axis of both; a number multiplies."""
    x1, x2 = asarray(x1), asarray(x2)
    if not x1.ndim or not x2.ndim:
        result: Tensor = x1 * x2
        return result
    result = FUNCTIONS["tensordot"](x1, x2, axes=((-1,), (-1,)))
    return result


@in_its_name
def vdot(x1: Any, x2: Any) -> Tensor:
    """The inner product of all elements; the first is conjugated."""
    result: Tensor = FUNCTIONS["vecdot"](FUNCTIONS["flatten"](x1), FUNCTIONS["flatten"](x2))
    return result


@in_its_name
def kron(x1: Any, x2: Any) -> Tensor:
    """The Kronecker product: x2 once for each element of x1, times it."""
    x1, x2 = asarray(x1), asarray(x2)
    ndim = max(x1.ndim, x2.ndim)
    a, b = padded(x1, ndim, ndim), padded(x2, ndim, ndim)
    lengths = tuple(m * n for m, n in zip(a.shape, b.shape, strict=True))
    a = a.reshape(tuple(n for m in a.shape for n in (m, 1)))
    b = b.reshape(tuple(n for m in b.shape for n in (1, m)))
    return (a * b).reshape(lengths)


@in_its_name
def polyval(p: Any, x: Any) -> Tensor:
    """The polynomial of these coefficients, the highest power's first, at x."""
    p, x = asarray(p), asarray(x)
    if p.ndim != 1:
        raise ShapeError(f"polyval needs a vector of coefficients; got shape {p.shape}")
    y: Tensor = FUNCTIONS["zeros_like"](x)
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


@in_its_name
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """A column of each power of a vector, the highest first."""
    x = asarray(x)
    if x.ndim != 1:
        raise ShapeError(f"vander needs a vector; got shape {x.shape}")
    n = x.shape[0] if N is None else N
    if n < 0:
        raise ParamError(f"vander: N is how many columns, and cannot be {n}")
    column = x.astype(np.promote_types(x.dtype, np.int64)).reshape((-1, 1))
    columns = [FUNCTIONS["ones_like"](column), *[column] * (n - 1)] if n else [column[:, :0]]
    result: Tensor = FUNCTIONS["cumprod"](joined(columns, 1), axis=1)
    return result if increasing else fliplr(result)


# --- comparing --------------------------------------------------------------------------------------


def tolerance(name: str, value: Any) -> float:
    """A tolerance, checked here: the ops that it becomes part of would not name it."""
    try:
        return number(value)
    except ParamError as error:
        raise ParamError(f'isclose: param "{name}" {error}') from None


@in_its_name
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Where two arrays differ by no more than atol + rtol * abs(b)."""
    a, b = asarray(a), asarray(b)
    b = b if b.dtype.kind in "fc" else b.astype("float64")
    rtol, atol = tolerance("rtol", rtol), tolerance("atol", atol)
    near = (abs(a - b) <= atol + rtol * abs(b)) & FUNCTIONS["isfinite"](b) | (a == b)
    result: Tensor = near | (FUNCTIONS["isnan"](a) & FUNCTIONS["isnan"](b)) if equal_nan else near
    return result


@in_its_name
def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether no element differs by more than atol + rtol * abs(b)."""
    result: Tensor = isclose(a, b, rtol, atol, equal_nan).all()
    return result


@in_its_name
def array_equal(a: Any, b: Any, equal_nan: bool = False) -> Tensor:
    """Whether two arrays have one shape and equal elements."""
    a, b = asarray(a), asarray(b)
    if a.shape != b.shape:
        return asarray(False)
    equal = a == b
    if equal_nan:
        equal = equal | (FUNCTIONS["isnan"](a) & FUNCTIONS["isnan"](b))
    result: Tensor = equal.all()
    return result


# --- NaN --------------------------------------------------------------------------------------------


@in_its_name
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with numbers in place of NaN and infinities, by default 0 and the largest that there are."""
    x = asarray(x)
    if x.dtype.kind == "c":
        raise ParamError("nan_to_num takes real numbers: give it the real and the imag part")
    if x.dtype.kind != "f":
        result: Tensor = x
        return result
    limits, where, inf = np.finfo(x.dtype), FUNCTIONS["where"], float("inf")
    x = where(FUNCTIONS["isnan"](x), nan, x)
    x = where(x == inf, float(limits.max) if posinf is None else posinf, x)
    result = where(x == -inf, float(limits.min) if neginf is None else neginf, x)
    return result


def without_nan(x: Any, instead: int) -> Tensor:
    """x with a number in place of NaN."""
    x = asarray(x)
    if x.dtype.kind not in "fc":
        result: Tensor = x
        return result
    result = FUNCTIONS["where"](FUNCTIONS["isnan"](x), instead, x)
    return result


@in_its_name
def nancumsum(x: Any, axis: int | None = None) -> Tensor:
    """The running sum along an axis, with 0 for NaN."""
    result: Tensor = FUNCTIONS["cumsum"](without_nan(x, 0), axis=axis)
    return result


@in_its_name
def nancumprod(x: Any, axis: int | None = None) -> Tensor:
    """The running product along an axis, with 1 for NaN."""
    result: Tensor = FUNCTIONS["cumprod"](without_nan(x, 1), axis=axis)
    return result
