"""Elementwise functions of one operand: exponentials, trigonometry, rounding, complex parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.errors import DTypeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.elementwise import MATHS, binary, unary
from ravspec.ops.op import Op, Sample, as_array
from ravspec.ops.params import Param
from ravspec.shapes import Typed, of_first, same_shape


def maths(name: str, ufunc: np.ufunc, doc: str, aliases: str = "", **more: Any) -> Op:
    """A transcendental function, by the name that NumPy has for it too."""
    return unary(name, ufunc, f"np.{name}(x)", doc, aliases, **{"kinds": "fic", **MATHS, **more})


def round_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind == "b":
        raise DTypeError("round of bool gives float16, which RDF does not have: use astype first")
    return dtype


def round_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4, low=-300, high=300)
    return [
        ((x,), {}),
        ((x,), {"decimals": 2}),
        ((x.astype("f4"),), {"decimals": -1}),
        ((samples.integers(rng, 5, low=-99, high=99),), {"decimals": -1}),
        ((np.array([0.5, 1.5, 2.5, -0.5]),), {}),
        ((x[0] + 1j * x[1],), {"decimals": 1}),
        ((x[:0],), {}),
    ]


def real(x: Any) -> Any:
    return np.real(as_array(x))


def imag(x: Any) -> Any:
    return np.imag(as_array(x))


def part_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """That of a complex number's parts; what is not complex stays."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def part(name: str, kernel: Any, doc: str) -> Op:
    """A row of one part of complex numbers."""
    return Op(
        name=name,
        kernel=kernel,
        rule=Typed(same_shape, of_first(part_dtype)),
        numpy=f"x.{name}",
        doc=doc,
        samples=samples.unary("fic"),
    )


UNIT = {"low": -1.0, "high": 1.0}

ROWS = (
    maths("exp", np.exp, "e to the power of the operand.", "exponential"),
    maths("exp2", np.exp2, "2 to the power of the operand."),
    maths("expm1", np.expm1, "exp(x) - 1, precise near 0."),
    maths("log", np.log, "The natural logarithm.", "natlog natural_log", low=0.1, high=9.0),
    maths("log1p", np.log1p, "log(1 + x), precise near 0.", low=-0.9, high=9.0),
    maths("log2", np.log2, "The logarithm to base 2.", low=0.1, high=9.0),
    maths("log10", np.log10, "The logarithm to base 10.", low=0.1, high=9.0),
    maths("cbrt", np.cbrt, "The cube root.", "cube_root", kinds="fi"),
    maths("sin", np.sin, "The sine of an angle in radians."),
    maths("cos", np.cos, "The cosine of an angle in radians."),
    maths("tan", np.tan, "The tangent of an angle in radians.", low=-1.4, high=1.4),
    maths("asin", np.arcsin, "The angle of which the operand is the sine.", "arcsin", **UNIT),
    maths("acos", np.arccos, "The angle of which the operand is the cosine.", "arccos", **UNIT),
    maths("atan", np.arctan, "The angle of which the operand is the tangent.", "arctan"),
    binary("atan2", np.arctan2, "np.atan2(x1, x2)", "The angle of the point (x2, x1).", "arctan2",
           kinds="fm", **MATHS),
    maths("sinh", np.sinh, "The hyperbolic sine."),
    maths("cosh", np.cosh, "The hyperbolic cosine."),
    maths("tanh", np.tanh, "The hyperbolic tangent."),
    maths("asinh", np.arcsinh, "The inverse of sinh.", "arcsinh"),
    maths("acosh", np.arccosh, "The inverse of cosh.", "arccosh", low=1.0, high=9.0),
    maths("atanh", np.arctanh, "The inverse of tanh.", "arctanh", low=-0.9, high=0.9),
    binary("logaddexp", np.logaddexp, "np.logaddexp(x1, x2)", "log(exp(x1) + exp(x2)), without overflow.",
           kinds="fm", **MATHS),
    binary("nextafter", np.nextafter, "np.nextafter(x1, x2)",
           "The next number that the dtype has, from x1 towards x2.", kinds="f"),
    unary("signbit", np.signbit, "np.signbit(x)", "Where the sign is negative, that of -0.0 too.", kinds="f"),
    unary("degrees", np.degrees, "np.rad2deg(x)", "An angle in degrees, from radians.", "rad2deg", **MATHS),
    unary("radians", np.radians, "np.deg2rad(x)", "An angle in radians, from degrees.", "deg2rad", **MATHS),
    unary("floor", np.floor, "np.floor(x)", "The next integer below.", kinds="fisb"),
    unary("ceil", np.ceil, "np.ceil(x)", "The next integer above.", kinds="fisb"),
    unary("trunc", np.trunc, "np.trunc(x)", "The integer part.", kinds="fisb"),
    unary("sign", np.sign, "np.sign(x)", "-1, 0 or 1: whether below, at or above zero.", kinds="fis"),
    unary("isfinite", np.isfinite, "np.isfinite(x)", "Where the operand is a finite number.", kinds="fisbc"),
    unary("isinf", np.isinf, "np.isinf(x)", "Where the operand is infinite.", kinds="fisbc"),
    unary("isnan", np.isnan, "np.isnan(x)", "Where the operand is NaN.", kinds="fisbc"),
    unary("conj", np.conjugate, "np.conj(x)", "The complex conjugate.", "conjugate", kinds="fic"),
    part("real", real, "The real part."),
    part("imag", imag, "The imaginary part: 0 for real operands."),
    Op(
        name="round",
        kernel=np.round,
        rule=Typed(same_shape, of_first(round_dtype)),
        params={"decimals": Param(kinds.integer, 0)},
        aliases=("round_", "around"),
        numpy="np.round(x, decimals)",
        doc="Rounded to so many decimals; halves to the even neighbour.",
        samples=round_samples,
    ),
)  # fmt: skip
