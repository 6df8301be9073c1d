"""Sequences passed over each other, values between known ones, and least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.errors import DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.linalg import solve_dtype
from ravspec.ops.op import Numeric, Op, Sample, of_arrays, per_output
from ravspec.ops.params import Param
from ravspec.shapes import (
    FLOAT64,
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    promoted_strong,
    real_dtype,
    shape_of,
    strong,
)


def vectors(name: str, *shapes: Shape) -> None:
    """What is not a vector of one element or more is a ShapeError."""
    for shape in shapes:
        if len(shape) != 1 or not shape[0]:
            raise ShapeError(f"{name} needs vectors of one element or more; got shape {shape}")


def sliding_shape(name: str) -> Callable[[Types, Params], Shape]:
    """The length of a convolution or correlation, by its mode."""

    def shape(types: Types, params: Params) -> Shape:
        a, b = shape_of(types[0]), shape_of(types[1])
        vectors(name, a, b)
        short, long = sorted((a[0], b[0]))
        return ({"full": long + short - 1, "same": long, "valid": long - short + 1}[params["mode"]],)

    return shape


def sliding_flops(ins: Types, outs: Types, params: Params) -> float:
    """A product and a sum for each pair of elements."""
    return 2.0 * max(1, ins[0].size) * max(1, ins[1].size)


def sliding_samples(rng: np.random.Generator) -> list[Sample]:
    x, y = samples.reals(rng, 7), samples.reals(rng, 3)
    numbers = samples.integers(rng, 4)
    return [
        ((x, y), {}), ((y, x), {"mode": "same"}), ((x, y), {"mode": "valid"}), ((x, y), {"mode": "full"}),
        ((x.astype("f4"), y.astype("f4")), {}), ((numbers, numbers[:2].astype("i4")), {"mode": "full"}),
        ((x > 0, y > 0), {"mode": "full"}), ((x + 1j, y - 2j * y), {"mode": "same"}),
    ]  # fmt: skip


def sliding(name: str, function: Callable[..., Any], mode: str, doc: str) -> Op:
    """A row of a vector that is passed over another."""
    return Op(
        name=name,
        operands="x1 x2",
        kernel=of_arrays(function),
        rule=Typed(sliding_shape(name), promoted_strong),
        params={"mode": Param(kinds.choice("full", "same", "valid"), mode)},
        numpy=f"np.{name}(x1, x2, mode)",
        doc=doc,
        samples=sliding_samples,
        numeric=Numeric.TOLERANCE,
        flops=sliding_flops,
    )


def interp_shape(types: Types, params: Params) -> Shape:
    known, values = shape_of(types[1]), shape_of(types[2])
    vectors("interp", known, values)
    if known != values:
        raise ShapeError(f"interp: {known[0]} places xp, but {values[0]} values fp")
    return shape_of(types[0])


def interp_dtype(types: Types, params: Params) -> DType:
    for t in types[:2]:
        if strong(t).kind == "c":
            raise DTypeError(f"complex numbers have no order: interp needs real x and xp, not {t}")
    return np.dtype(np.complex128) if strong(types[2]).kind == "c" else FLOAT64


def positive(value: Any) -> int | float:
    """A number greater than zero."""
    length = kinds.number(value)
    if length <= 0:
        raise ParamError(f"must be greater than 0, not {value!r}")
    return length


def interp(x: Any, xp: Any, fp: Any, left: Any, right: Any, period: Any) -> Any:
    """As NumPy does it, but places that fall together in a period stay in their order everywhere."""
    if period is not None:
        x, xp = np.asarray(x, np.float64) % period, np.asarray(xp, np.float64) % period
        order = np.argsort(xp, kind="stable")
        xp, fp, left, right = xp[order], fp[order], None, None
        xp = np.concatenate((xp[-1:] - period, xp, xp[:1] + period))
        fp = np.concatenate((fp[-1:], fp, fp[:1]))
    return np.interp(x, xp, fp, left, right)


def interp_samples(rng: np.random.Generator) -> list[Sample]:
    xp, fp = np.sort(samples.reals(rng, 5)), samples.reals(rng, 5)
    x = samples.reals(rng, 2, 4, low=-4, high=4)
    return [
        ((x, xp, fp), {}), ((x.astype("f4"), xp.astype("f4"), fp), {"left": -1, "right": 0.5}),
        ((0.5, xp, fp), {}), ((np.arange(3), np.arange(5), np.arange(5) ** 2), {}), ((x[:0], xp, fp), {}),
        ((x[0], xp, fp + 1j), {}), ((np.array([np.nan, 9.0]), xp, fp), {"right": 7}),
        ((x, fp, xp), {"period": 2.5, "left": 8}), ((x[0], np.arange(5), fp + 1j), {"period": 3}),
    ]  # fmt: skip


def lstsq_checked(types: Types) -> tuple[Shape, Shape]:
    a, b = shape_of(types[0]), shape_of(types[1])
    if len(a) != 2 or len(b) not in (1, 2) or a[0] != b[0]:
        raise ShapeError(f"lstsq needs a matrix and as many rows on the right; got shapes {a} and {b}")
    return a, b


def lstsq_shapes(types: Types, params: Params) -> list[Shape | None]:
    """Residuals there are only of full rank, which is known once computed."""
    (m, n), b = lstsq_checked(types)
    return [(n, *b[1:]), None, (), (min(m, n),)]


def lstsq_dtypes(types: Types, params: Params) -> list[DType]:
    dtype = solve_dtype(types, params)
    return [dtype, real_dtype(dtype), np.dtype(np.int32), real_dtype(dtype)]


def lstsq(a: Any, b: Any, rcond: float | None) -> tuple[Any, ...]:
    if not (np.isfinite(a).all() and np.isfinite(b).all()):  # of which libraries make different things
        raise np.linalg.LinAlgError("lstsq of numbers that are not finite")
    x, residuals, rank, s = np.linalg.lstsq(a, b, rcond)
    return x, residuals, np.int32(rank), s


def lstsq_flops(ins: Types, outs: Types, params: Params) -> float:
    n = ins[0].shape[-1] if ins[0].shape else 1
    return 12.0 * max(1, ins[0].size) * max(1, n)


def lstsq_samples(rng: np.random.Generator) -> list[Sample]:
    a, b = samples.reals(rng, 6, 3), samples.reals(rng, 6, 2)
    return [
        ((a, b), {}), ((a, b[:, 0]), {"rcond": 1e-9}), ((a.T, b[:3]), {}),
        ((a.astype("f4"), b.astype("f4")), {}), ((samples.integers(rng, 5, 2), np.arange(5)), {}),
        ((np.ones((4, 2)), np.arange(4.0)), {}), ((a[:0], b[:0]), {}),
    ]  # fmt: skip


ROWS = (
    sliding("convolve", np.convolve, "full", "The convolution of two vectors."),
    sliding("correlate", np.correlate, "valid",
            "The correlation of two vectors: x2, conjugated, passed over x1."),
    Op(
        name="interp",
        operands="x xp fp",
        kernel=of_arrays(interp),
        rule=Typed(interp_shape, interp_dtype),
        params={
            **{key: Param(kinds.optional(kinds.number), None) for key in ("left", "right")},
            "period": Param(kinds.optional(positive), None),
        },
        numpy="np.interp(x, xp, fp, left, right, period)",
        doc="Straight lines between the values fp at the rising xp; outside, the ends, or left and right. "
        "With a period, x and xp are places in it, in any order.",
        samples=interp_samples,
        numeric=Numeric.TOLERANCE,
        flops=per_output(10),
    ),
    Op(
        name="lstsq",
        operands="a b",
        kernel=of_arrays(lstsq),
        rule=TypedOutputs(lstsq_shapes, lstsq_dtypes),
        params={"rcond": Param(kinds.optional(kinds.between(0, 1, "from 0 to 1")), None)},
        numpy="np.linalg.lstsq(a, b, rcond)",
        doc="The shortest x with a x closest to b, squared residuals, the rank of a, its singular values.",
        samples=lstsq_samples,
        numeric=Numeric.TOLERANCE,
        flops=lstsq_flops,
        unknown_shape=True,
    ),
)  # fmt: skip
