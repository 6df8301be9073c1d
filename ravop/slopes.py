"""Covariances, differences and slopes, composed of ops of the table, under NumPy's names and params."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravop.composed import joined, padded
from ravop.factory import FUNCTIONS
from ravop.naming import in_its_name
from ravop.standard import asarray, diff
from ravop.tensor import Tensor
from ravspec.errors import ParamError, ShapeError
from ravspec.shapes import normal_axis

__all__ = ["corrcoef", "cov", "digitize", "ediff1d", "gradient", "trapezoid"]


@in_its_name
def cov(x: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Tensor:
    """The covariances of variables, a row each (rowvar=False: a column), divided by n - 1 or n - ddof."""
    parts = [asarray(v) for v in ((x,) if y is None else (x, y))]
    for part in parts:
        if part.ndim > 2:
            raise ShapeError(f"cov needs variables in rows; got shape {part.shape}")
    rows = joined([v.T if v.ndim == 2 and not rowvar else padded(v, 2, 2) for v in parts], 0)
    less = ddof if ddof is not None else 0 if bias else 1
    n = rows.shape[1]
    if n <= less:
        raise ParamError(f"cov: {n} observations less {less} leave nothing to divide by")
    centred = rows - rows.mean(axis=1, keepdims=True)
    right = FUNCTIONS["conj"](centred) if centred.dtype.kind == "c" else centred
    result: Tensor = FUNCTIONS["squeeze"]((centred @ right.T) / (n - less))
    return result


@in_its_name
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Tensor:
    """The correlations of variables, a row each (rowvar=False: a column), from -1 to 1."""
    c = cov(x, y, rowvar)
    if not c.ndim:
        return c / c
    spread = FUNCTIONS["sqrt"](FUNCTIONS["real"](FUNCTIONS["diag"](c)))
    result: Tensor = c / spread[:, None] / spread[None, :]
    return result if result.dtype.kind == "c" else FUNCTIONS["clip"](result, -1, 1)


@in_its_name
def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Tensor:
    """The differences of neighbours in the flattened array, between what is to be joined on."""
    steps = diff(FUNCTIONS["flatten"](x))
    ends = [None if v is None else FUNCTIONS["flatten"](v) for v in (to_begin, to_end)]
    parts = [v for v in (ends[0], steps, ends[1]) if v is not None]
    return joined(parts, 0) if len(parts) > 1 else steps


@in_its_name
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral along an axis of straight lines between values, at places x or dx apart."""
    y = FUNCTIONS["moveaxis"](asarray(y), axis, -1)
    steps: Any = dx
    if x is not None:
        x = asarray(x)
        steps = diff(x) if x.ndim == 1 else diff(FUNCTIONS["moveaxis"](x, axis, -1))
    result: Tensor = (steps * (y[..., 1:] + y[..., :-1]) / 2.0).sum(axis=-1)
    return result


@in_its_name
def digitize(x: Any, bins: Any, right: bool = False) -> Tensor:
    """Which bin each element falls in: 0 before the first edge. Edges of a tensor must rise."""
    falling = not isinstance(bins, Tensor) and len(bins) > 1 and bins[0] > bins[-1]
    side = "left" if right else "right"
    if not falling:
        result: Tensor = FUNCTIONS["searchsorted"](bins, x, side=side)
        return result
    result = len(bins) - FUNCTIONS["searchsorted"](bins[::-1], x, side=side)
    return result


@in_its_name
def gradient(x: Any, *spacing: Any, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any:
    """The slope along each axis, or those named, by the neighbours on both sides; at the ends by one.

    spacing: between elements, for all axes or one for each; or the places along an axis, a vector.
    edge_order: 2 takes two neighbours at the ends, too.
    """
    if edge_order not in (1, 2):
        raise ParamError(f"gradient: edge_order is 1 or 2, not {edge_order!r}")
    x = asarray(x)
    x = x if x.dtype.kind in "fc" else x.astype("float64")
    wanted = range(x.ndim) if axis is None else np.atleast_1d(np.asarray(axis)).tolist()
    axes = [normal_axis(i, x.ndim) for i in wanted]
    steps = spacing if len(spacing) > 1 else (*(spacing or (1.0,)),) * len(axes)
    if len(steps) != len(axes):
        raise ParamError(f"gradient along {len(axes)} axes takes a spacing for each, not {len(steps)}")
    slopes = [slope(x, step, i, edge_order) for step, i in zip(steps, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def slope(x: Tensor, step: Any, axis: int, edge_order: int) -> Tensor:
    """The gradient along one axis."""
    n = x.shape[axis]
    if n < edge_order + 1:
        least = "two" if edge_order == 1 else "three"
        raise ShapeError(f"gradient needs {least} elements or more along an axis; got shape {x.shape}")
    y = FUNCTIONS["moveaxis"](x, axis, -1)
    if np.ndim(step):
        d = diff(asarray(step))
        if d.shape != (n - 1,):
            raise ShapeError(f"gradient: {n} elements along an axis, but places of shape {np.shape(step)}")
        before, after, first, last = d[:-1], d[1:], (d[0], d[1:2]), (d[-1], d[-2:-1])
        middle = (
            -after / (before * (before + after)) * y[..., :-2]
            + (after - before) / (before * after) * y[..., 1:-1]
            + before / (after * (before + after)) * y[..., 2:]
        )
    else:
        middle, first, last = (y[..., 2:] - y[..., :-2]) / (2.0 * step), (step, step), (step, step)
    back = y[..., ::-1]
    ends = end(y, *first, edge_order), -end(back, *last, edge_order)
    result: Tensor = FUNCTIONS["moveaxis"](joined([ends[0], middle, ends[1]], -1), -1, axis)
    return result


def end(y: Tensor, near: Any, far: Any, edge_order: int) -> Tensor:
    """The slope at the first element, by one neighbour, or by two at these distances one from the other."""
    first: Tensor = (y[..., 1:2] - y[..., :1]) / near
    if edge_order == 1:
        return first
    second: Tensor = (y[..., 2:3] - y[..., 1:2]) / far
    slope: Tensor = first + (first - second) * (near / (near + far))
    return slope
