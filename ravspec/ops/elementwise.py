"""Elementwise arithmetic, comparison and logic."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.errors import ParamError
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, per_output
from ravspec.shapes import Params, Typed, Types, broadcasted, elementwise, promote, promoted, ufunc_dtypes


def binary(
    name: str, ufunc: np.ufunc, numpy: str, doc: str, aliases: str = "", kinds: str = "fmi", **more: Any
) -> Op:
    """A row of a ufunc with two operands. kinds, low, high: of its samples."""
    span = {key: more.pop(key) for key in ("low", "high") if key in more}
    return Op(
        name=name,
        operands="x1 x2",
        kernel=ufunc,
        rule=elementwise(ufunc),
        numpy=numpy,
        doc=doc,
        aliases=tuple(aliases.split()),
        samples=samples.binary(kinds, **span),
        **more,
    )


def unary(
    name: str, ufunc: np.ufunc, numpy: str, doc: str, aliases: str = "", kinds: str = "fi", **more: Any
) -> Op:
    """A row of a ufunc with one operand. kinds, low, high: of its samples."""
    span = {key: more.pop(key) for key in ("low", "high") if key in more}
    return Op(
        name=name,
        kernel=ufunc,
        rule=elementwise(ufunc),
        numpy=numpy,
        doc=doc,
        aliases=tuple(aliases.split()),
        samples=samples.unary(kinds, **span),
        **more,
    )


#: transcendental functions: other CPUs differ in the last places, and an element costs some 20 flops
MATHS: dict[str, Any] = {"numeric": Numeric.ULP, "flops": per_output(20)}
#: divisions and roots are exact, but slower than a sum
SLOW: dict[str, Any] = {"flops": per_output(4)}
#: a samples' span without zero
AWAY: dict[str, Any] = {"low": 0.5, "high": 3.0}


def cube(x: Any) -> Any:
    return np.multiply(np.multiply(x, x), x)


def cube_dtype(types: Types, params: Params) -> np.dtype[Any]:
    return ufunc_dtypes(np.multiply, [types[0], types[0]])[0]


def bind_where(
    a: Any, b: Any = None, c: Any = None, /, *, condition: Any = None
) -> tuple[Any, dict[str, Any]]:
    """where(condition, x1, x2), or RDF's where(x1, x2, condition=...)."""
    if condition is None:
        if b is None or c is None:
            raise ParamError(
                "where takes (condition, x1, x2), or (x1, x2, condition=...); "
                "nonzero(condition) gives the positions"
            )
        return (a, b, c), {}
    if b is None or c is not None:
        raise ParamError("where with condition= takes two more operands: where(x1, x2, condition=...)")
    return (condition, a, b), {}


def where_dtype(types: Types, params: Params) -> np.dtype[Any]:
    """That of the two choices."""
    return promote(types[1:])


def where_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    return [
        ((x > 0, x, -x), {}),
        ((x > 0, x.astype("f4"), 0), {}),
        ((x[:, :1] > 0, samples.integers(rng, 4, dtype="i4"), 2.5), {}),
        ((np.array(True), x[0], np.zeros((2, 1), "c8")), {}),
        ((x[:0] > 0, x[:0], 1.0), {}),
    ]


def bind_clip(
    x: Any, /, min: Any = None, max: Any = None, *, lower_limit: Any = None, upper_limit: Any = None
) -> tuple[Any, dict[str, Any]]:
    """clip(x, min, max), or RDF's clip(x, lower_limit=..., upper_limit=...); None sets no limit."""
    low = min if lower_limit is None else lower_limit
    high = max if upper_limit is None else upper_limit
    low = x if low is None else low  # an operand limits itself to what it is, from below
    return (x, low) if high is None else (x, low, high), {}


def clip(x: Any, low: Any, high: Any = None) -> Any:
    return np.clip(x, low, high)


def clip_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    return [
        ((x, -1, 1.5), {}),
        ((x.astype("f4"), -1.0, np.float32(1)), {}),
        ((x, samples.reals(rng, 4, low=-2, high=0), 1), {}),
        ((samples.integers(rng, 5, dtype="u1"), -1, 300), {}),
        ((samples.integers(rng, 5, dtype="i4"), np.array([0, 1, 2, 3, 4]), np.array([3])), {}),
        (bind_clip(x[0], max=0)[0], {}),
        (bind_clip(x[0], min=0)[0], {}),
        (bind_clip(samples.integers(rng, 3, dtype="u1"), min=np.array([[4], [200]], "u1"))[0], {}),
        ((x[:0], 0, 1), {}),
    ]


ROWS = (
    binary("add", np.add, "x1 + x2", "The sum.", "addition", kinds="fmibc"),
    binary("subtract", np.subtract, "x1 - x2", "The first less the second.", "sub subtraction", kinds="fmic"),
    binary("multiply", np.multiply, "x1 * x2", "The product, element by element.",
           "mul multiplication", kinds="fmibc"),
    binary("divide", np.divide, "x1 / x2", "The true quotient.", "div division true_divide",
           kinds="fmic", **AWAY, **SLOW),
    binary("floor_divide", np.floor_divide, "x1 // x2", "The quotient, rounded down.", **AWAY, **SLOW),
    binary("remainder", np.remainder, "x1 % x2", "What floor_divide leaves, with the divisor's sign.",
           "mod", **AWAY, **SLOW),
    binary("fmod", np.fmod, "np.fmod(x1, x2)", "The remainder with the dividend's sign.", **AWAY, **SLOW),
    binary("divmod", np.divmod, "divmod(x1, x2)", "floor_divide and remainder: two outputs.", **AWAY, **SLOW),
    binary("pow", np.power, "x1**x2", "The first to the power of the second.", "power",
           kinds="fmic", low=0.3, **MATHS),
    binary("maximum", np.maximum, "np.maximum(x1, x2)", "The larger of two; NaN wins.", kinds="fmibc"),
    binary("minimum", np.minimum, "np.minimum(x1, x2)", "The smaller of two; NaN wins.", kinds="fmibc"),
    binary("hypot", np.hypot, "np.hypot(x1, x2)", "The hypotenuse: sqrt(x1**2 + x2**2).", kinds="f", **MATHS),
    binary("copysign", np.copysign, "np.copysign(x1, x2)", "The magnitude of x1 with x2's sign.", kinds="f"),
    unary("negative", np.negative, "-x", "The operand with its sign changed.", "neg negation", kinds="fisc"),
    unary("positive", np.positive, "+x", "The operand as it is.", "pos", kinds="fisc"),
    unary("abs", np.absolute, "abs(x)", "The magnitude.", "absolute", kinds="fisbc"),
    unary("reciprocal", np.reciprocal, "np.reciprocal(x)", "1 / x, cut to an integer for those.",
          kinds="fic", **AWAY, **SLOW),
    unary("square", np.square, "np.square(x)", "The square.", kinds="fisc"),
    unary("sqrt", np.sqrt, "np.sqrt(x)", "The square root.", "square_root",
          kinds="fic", low=0.0, high=9.0, **SLOW),
    Op(
        name="cube",
        kernel=cube,
        rule=Typed(broadcasted, cube_dtype),
        numpy="x * x * x",
        doc="The third power.",
        samples=samples.unary("fisbc"),
        flops=per_output(2),
    ),
    binary("bitwise_and", np.bitwise_and, "x1 & x2", "The bits that both have.", kinds="ib"),
    binary("bitwise_or", np.bitwise_or, "x1 | x2", "The bits that either has.", kinds="ib"),
    binary("bitwise_xor", np.bitwise_xor, "x1 ^ x2", "The bits that one of them has.", kinds="ib"),
    unary("bitwise_invert", np.invert, "~x", "Every bit turned over; of bools, not.",
          "invert bitwise_not", kinds="isb"),
    binary("bitwise_left_shift", np.left_shift, "x1 << x2", "x1 with its bits moved up.",
           "left_shift", kinds="i", low=0),
    binary("bitwise_right_shift", np.right_shift, "x1 >> x2", "x1 with its bits moved down.",
           "right_shift", kinds="i", low=0),
    binary("equal", np.equal, "x1 == x2", "Where the two are equal.", kinds="fmibc"),
    binary("not_equal", np.not_equal, "x1 != x2", "Where the two differ.", kinds="fmibc"),
    binary("less", np.less, "x1 < x2", "Where the first is smaller.", kinds="fmib"),
    binary("less_equal", np.less_equal, "x1 <= x2", "Where the first is not larger.", kinds="fmib"),
    binary("greater", np.greater, "x1 > x2", "Where the first is larger.", kinds="fmib"),
    binary("greater_equal", np.greater_equal, "x1 >= x2", "Where the first is not smaller.", kinds="fmib"),
    binary("logical_and", np.logical_and, "np.logical_and(x1, x2)", "Where both are true.", kinds="fmibc"),
    binary("logical_or", np.logical_or, "np.logical_or(x1, x2)", "Where either is true.", kinds="fmibc"),
    binary("logical_xor", np.logical_xor, "np.logical_xor(x1, x2)", "Where just one is true.", kinds="fmibc"),
    unary("logical_not", np.logical_not, "x == 0", "Where the operand is false (zero).", kinds="fisbc"),
    Op(
        name="where",
        operands="condition x1 x2",
        kernel=np.where,
        rule=Typed(broadcasted, where_dtype),
        bind=bind_where,
        numpy="np.where(condition, x1, x2)",
        doc="Elements of x1 where the condition holds, of x2 elsewhere.",
        samples=where_samples,
    ),
    Op(
        name="clip",
        operands="x min max?",
        kernel=clip,
        rule=Typed(broadcasted, promoted),
        bind=bind_clip,
        numpy="np.clip(x, min, max)",
        doc="The operand held between two limits, numbers or arrays.",
        samples=clip_samples,
        flops=per_output(2),
    ),
)  # fmt: skip
