"""Discrete Fourier transforms, along one axis or several."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ravspec.errors import DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, as_array
from ravspec.ops.params import Param
from ravspec.shapes import (
    DType,
    Params,
    Shape,
    Typed,
    Types,
    normal_axes,
    normal_axis,
    shape_of,
    strong,
)

NORM = Param(kinds.choice("backward", "ortho", "forward"), "backward")
ONE = {"n": Param(kinds.optional(kinds.count), None), "axis": Param(kinds.integer, -1), "norm": NORM}
MANY = {
    "s": Param(kinds.optional(kinds.shape), None),
    "axes": Param(kinds.optional(kinds.integers), None),
    "norm": NORM,
}


def full_length(n: int) -> int:
    """As many frequencies as samples."""
    return n


def half_length(n: int) -> int:
    """The frequencies of real samples: the others are their conjugates."""
    return n // 2 + 1


def samples_of(n: int) -> int:
    """The samples that n frequencies of real ones belong to, where nothing else is said."""
    return 2 * (n - 1)


def transform_dtype(name: str, takes: str, gives: str) -> Callable[[Types, Params], DType]:
    """Of complex or real (`takes`: the kinds), to complex or real ("c" or "f"), as precise as the operand."""

    def dtype(types: Types, params: Params) -> DType:
        given = strong(types[0])
        if given.kind not in takes:
            raise DTypeError(f"{name} takes real numbers, not {given}")
        single = given in (np.float32, np.complex64)
        return np.dtype({"c": "c8" if single else "c16", "f": "f4" if single else "f8"}[gives])

    return dtype


def one_axis(name: str, length: Callable[[int], int], asked: Callable[[int], int]) -> Any:
    """The shape after a transform along one axis. length: of the output by default; asked: of params["n"]."""

    def shape(types: Types, params: Params) -> Shape:
        given = shape_of(types[0])
        axis = normal_axis(params["axis"], len(given))
        n = params["n"]
        if (n if n is not None else given[axis]) < 1:
            raise ParamError(f"{name} of {n if n is not None else given[axis]} samples: give at least one")
        size = length(given[axis]) if n is None else asked(n)
        if size < 1:
            raise ParamError(f"{name} of an axis of {given[axis]} gives no sample; say how many by n")
        return (*given[:axis], size, *given[axis + 1 :])

    return shape


def axes_of(shape: Shape, params: Params, name: str) -> tuple[tuple[int, ...], list[int]]:
    """The axes of a transform and how many samples each has."""
    s, axes = params["s"], params["axes"]
    if axes is None:
        count = len(shape) if s is None else len(s)
        if count > len(shape):
            raise ShapeError(f"{name}: s names {count} axes of an array of {len(shape)}")
        axes = tuple(range(len(shape) - count, len(shape)))
    axes = normal_axes(axes, len(shape))
    lengths = [shape[a] for a in axes] if s is None else list(s)
    if len(lengths) != len(axes):
        raise ParamError(f"{name}: s has {len(lengths)} lengths for {len(axes)} axes")
    return axes, lengths


def many_axes(name: str, last: Callable[[int], int], *, back: bool = False) -> Any:
    """The shape after a transform along several axes; `last`: of the last of them."""

    def shape(types: Types, params: Params) -> Shape:
        given = shape_of(types[0])
        axes, lengths = axes_of(given, params, name)
        if not axes:
            raise ShapeError(f"{name} needs an axis; the array has shape {given}")
        if min(lengths) < 1:
            raise ParamError(f"{name} of {min(lengths)} samples along an axis: give at least one")
        sizes = list(given)
        for axis, length in zip(axes, lengths, strict=True):
            sizes[axis] = length
        if not (back and params["s"] is not None):
            sizes[axes[-1]] = last(lengths[-1])
        if sizes[axes[-1]] < 1:
            raise ParamError(f"{name} of {lengths[-1]} frequencies gives no sample; say how many by s")
        return tuple(sizes)

    return shape


def flops(ins: Types, outs: Types, params: Params) -> float:
    """5 n log2 n, which runs at a fifth of the speed of a matrix product."""
    size = float(max(1, ins[0].size, outs[0].size))
    return 25.0 * size * max(1.0, math.log2(size))


def never_empty(x: Any, axes: Sequence[int]) -> Any:
    """With a zero along axes of no samples, which n or s lengthen by zeros: NumPy 2.4 has been seen to read
    past the end there."""
    lengths = list(x.shape)
    for axis in axes:
        lengths[axis] = max(1, lengths[axis])
    return x if tuple(lengths) == x.shape else np.zeros(lengths, x.dtype)


def kernel_of(transform: Callable[..., Any]) -> Callable[..., Any]:
    """A transform of NumPy's, in the precision of the operand."""

    def kernel(x: Any, **params: Any) -> Any:
        x = as_array(x)
        if "axes" in params and params["s"] is not None and params["axes"] is None:
            params["axes"] = tuple(range(-len(params["s"]), 0))
        x = never_empty(x, [params["axis"]] if "axis" in params else params["axes"] or ())
        return transform(x.astype(np.float64) if x.dtype.kind in "biu" else x, **params)

    return kernel


def calls(complex_too: bool, params: Sequence[dict[str, Any]]) -> samples.Samples:
    """Samples of several dtypes, and of the transform's own params."""

    def made(rng: np.random.Generator) -> list[Sample]:
        x = samples.reals(rng, 3, 4)
        several = [x, x.astype("f4"), *([x + 1j, (x - 2j).astype("c8")] if complex_too else [])]
        several.append(samples.integers(rng, 5, dtype="i4"))
        empty: Sample = ((x[:0],), {"axes": (1,)} if "s" in params[0] else {})
        return [*(((v,), {}) for v in several), empty, *(((x,), dict(p)) for p in params)]

    return made


def along_one(name: str, doc: str, takes: str, gives: str, length: Any, asked: Any, inverse: str) -> Op:
    """A row of a transform along one axis."""
    return Op(
        name=name,
        kernel=kernel_of(getattr(np.fft, name)),
        rule=Typed(one_axis(name, length, asked), transform_dtype(name, takes, gives)),
        params=ONE,
        numpy=f"np.fft.{name}(x, n, axis, norm)",
        doc=f"{doc} {inverse}",
        samples=calls("c" in takes, [{"n": 7, "norm": "ortho"}, {"axis": 0, "norm": "forward"}, {"n": 2}]),
        numeric=Numeric.TOLERANCE,
        flops=flops,
    )


def along_many(name: str, doc: str, takes: str, gives: str, last: Any, back: bool = False) -> Op:
    """A row of a transform along several axes."""
    return Op(
        name=name,
        kernel=kernel_of(getattr(np.fft, name)),
        rule=Typed(many_axes(name, last, back=back), transform_dtype(name, takes, gives)),
        params=MANY,
        numpy=f"np.fft.{name}(x, s, axes if axes is not None or s is None else range(-len(s), 0), norm)",
        doc=doc,
        samples=calls(
            "c" in takes,
            [{"s": (2, 5), "axes": (0, 1)}, {"axes": (1,), "norm": "ortho"}, {"s": (3,)},
             {"axes": (-1, 0), "norm": "forward"}],
        ),
        numeric=Numeric.TOLERANCE,
        flops=flops,
    )  # fmt: skip


ANY, REAL = "biufc", "biuf"

ROWS = (
    along_one("fft", "The discrete Fourier transform along an axis.", ANY, "c", full_length, full_length,
              "n: cut or padded with zeros to so many samples."),
    along_one("ifft", "The inverse of fft.", ANY, "c", full_length, full_length, "n as for fft."),
    along_one("rfft", "The discrete Fourier transform of real numbers: half the frequencies.", REAL, "c",
              half_length, half_length, "n as for fft."),
    along_one("irfft", "The inverse of rfft.", ANY, "f", samples_of, full_length,
              "n: so many samples come back, an even number by default."),
    along_one("hfft", "The transform of a signal of Hermitian symmetry, which is real.", ANY, "f",
              samples_of, full_length, "n as for irfft."),
    along_one("ihfft", "The inverse of hfft.", REAL, "c", half_length, half_length, "n as for fft."),
    along_many("fftn", "The discrete Fourier transform along several axes, all by default.", ANY, "c",
               full_length),
    along_many("ifftn", "The inverse of fftn.", ANY, "c", full_length),
    along_many("rfftn", "The transform of real numbers along several axes: half the frequencies of the last.",
               REAL, "c", half_length),
    along_many("irfftn", "The inverse of rfftn; s: so many samples come back.", ANY, "f", samples_of, True),
)  # fmt: skip
