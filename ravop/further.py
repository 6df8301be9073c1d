"""Positions, sets, parts and spacings, composed of ops of the table, under NumPy's names and params."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravop.composed import joined
from ravop.factory import FUNCTIONS
from ravop.naming import in_its_name
from ravop.standard import asarray, nonzero
from ravop.tensor import Tensor
from ravspec.errors import AxisError, ParamError, ShapeError
from ravspec.ops.params import integer
from ravspec.shapes import normal_axis

__all__ = [
    "angle", "argwhere", "array_split", "diagonal", "flatnonzero", "geomspace", "hsplit", "intersect1d",
    "logspace", "setdiff1d", "sinc", "union1d", "vsplit",
]  # fmt: skip

Tensors = tuple[Tensor, ...]


def flat(x: Any) -> Tensor:
    """The elements in one dimension."""
    result: Tensor = FUNCTIONS["flatten"](asarray(x))
    return result


# --- positions and sets -----------------------------------------------------------------------------


@in_its_name
def flatnonzero(x: Any) -> Tensor:
    """The positions, in the flattened array, of the elements that are not zero."""
    return nonzero(flat(x))[0]


@in_its_name
def argwhere(x: Any) -> Tensor:
    """The positions of the elements that are not zero, a row each."""
    result: Tensor = FUNCTIONS["stack"](nonzero(x), axis=1)
    return result


@in_its_name
def union1d(x1: Any, x2: Any) -> Tensor:
    """The distinct elements of both arrays, sorted."""
    result: Tensor = FUNCTIONS["unique"](joined([flat(x1), flat(x2)], 0))
    return result


@in_its_name
def intersect1d(x1: Any, x2: Any) -> Tensor:
    """The distinct elements that both arrays have, sorted."""
    found: Tensor = FUNCTIONS["unique"](asarray(x1))
    result: Tensor = found[FUNCTIONS["isin"](found, asarray(x2))]
    return result


@in_its_name
def setdiff1d(x1: Any, x2: Any) -> Tensor:
    """The distinct elements of the first array that the second has not, sorted."""
    found: Tensor = FUNCTIONS["unique"](asarray(x1))
    result: Tensor = found[FUNCTIONS["isin"](found, asarray(x2), invert=True)]
    return result


# --- parts ------------------------------------------------------------------------------------------


@in_its_name
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> Tensors:
    """The parts of an array, cut along an axis: so many, as equal as they can be, or at the given points."""
    x = asarray(x)
    n = x.shape[normal_axis(axis, x.ndim)]
    if not np.ndim(indices_or_sections):
        parts = integer(indices_or_sections)
        if parts < 1:
            raise ParamError(f"array_split cuts into one part or more, not {parts}")
        short, longer = divmod(n, parts)
        lengths = [short + 1] * longer + [short] * (parts - longer)
        indices_or_sections = np.cumsum(lengths)[:-1].tolist()
    cut: Tensors = FUNCTIONS["split"](x, indices_or_sections, axis=axis)
    return cut


@in_its_name
def vsplit(x: Any, indices_or_sections: Any) -> Tensors:
    """The parts of a matrix or more, cut along the first axis."""
    x = asarray(x)
    if x.ndim < 2:
        raise ShapeError(f"vsplit needs two axes or more; got shape {x.shape}")
    cut: Tensors = FUNCTIONS["split"](x, indices_or_sections, axis=0)
    return cut


@in_its_name
def hsplit(x: Any, indices_or_sections: Any) -> Tensors:
    """The parts of an array, cut along the second axis; of a vector along its only one."""
    x = asarray(x)
    if not x.ndim:
        raise ShapeError("hsplit needs an axis; this is a single number")
    cut: Tensors = FUNCTIONS["split"](x, indices_or_sections, axis=min(1, x.ndim - 1))
    return cut


@in_its_name
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonals of matrices in two axes, as the last axis."""
    x = asarray(x)
    if x.ndim < 2:
        raise ShapeError(f"diagonal needs two axes or more; got shape {x.shape}")
    first, second = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    if first == second:
        raise AxisError(f"diagonal needs two different axes, not {axis1} and {axis2}")
    result: Tensor = FUNCTIONS["matrix_diagonal"](
        FUNCTIONS["moveaxis"](x, (first, second), (-2, -1)), offset=offset
    )
    return result


# --- numbers ----------------------------------------------------------------------------------------


@in_its_name
def angle(x: Any, deg: bool = False) -> Tensor:
    """The angle of complex numbers, in radians or degrees."""
    x = asarray(x)
    if x.dtype.kind not in "fc":
        x = x.astype("float64")
    imaginary = FUNCTIONS["imag"](x) if x.dtype.kind == "c" else FUNCTIONS["zeros_like"](x)
    radians: Tensor = FUNCTIONS["atan2"](imaginary, FUNCTIONS["real"](x) if x.dtype.kind == "c" else x)
    return radians * (180 / np.pi) if deg else radians


@in_its_name
def sinc(x: Any) -> Tensor:
    """sin(pi x) / (pi x), and 1 at zero."""
    x = asarray(x)
    if x.dtype.kind not in "fc":
        x = x.astype("float64")
    y = x * np.pi
    safe = FUNCTIONS["where"](x == 0, 1, y)
    result: Tensor = FUNCTIONS["where"](x == 0, 1, FUNCTIONS["sin"](safe) / safe)
    return result


@in_its_name
def logspace(start: float, stop: float, num: int = 50, endpoint: bool = True, base: float = 10.0) -> Tensor:
    """So many powers of the base, whose exponents are evenly spaced from start to stop."""
    result: Tensor = FUNCTIONS["pow"](
        float(base), FUNCTIONS["linspace"](start=start, stop=stop, num=num, endpoint=endpoint)
    )
    return result


@in_its_name
def geomspace(start: float, stop: float, num: int = 50, endpoint: bool = True) -> Tensor:
    """So many numbers from start to stop, each the same multiple of the one before."""
    if not (start > 0 and stop > 0):
        raise ParamError(f"geomspace goes between numbers greater than 0, not from {start!r} to {stop!r}")
    return logspace(float(np.log10(start)), float(np.log10(stop)), num, endpoint)
