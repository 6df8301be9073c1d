"""Random numbers of many distributions, as NumPy's Generator draws them from the op's seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ravspec.errors import DTypeError, ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, as_array, as_int64, per_output
from ravspec.ops.params import Param
from ravspec.ops.random import SCALE, SEED, SIZE, ZERO, draws, generator, size_shape
from ravspec.shapes import (
    FLOAT64,
    INT64,
    DType,
    Params,
    Shape,
    ShapeHalf,
    Typed,
    Types,
    always,
    normal_axis,
    same_dtype,
    shape_of,
    strong,
)

#: the largest mean of which NumPy's poisson is sure to fit into int64, rounded down
MOST = 9.0e18


def limited(kind: Callable[[Any], Any], holds: Callable[[Any], bool], words: str) -> Callable[[Any], Any]:
    """The values of a kind for which more holds; `words`: what they must be."""

    def limit(value: Any) -> Any:
        number = kind(value)
        if not holds(number):
            raise ParamError(f"must be {words}, not {value!r}")
        return number

    limit.__annotations__["return"] = kind.__annotations__["return"]
    return limit


above_zero = limited(kinds.number, lambda n: n > 0, "greater than 0")
#: a probability that is not zero, and one that is not one
chance = limited(kinds.number, lambda n: 0 < n <= 1, "greater than 0 and at most 1")
below_one = limited(kinds.number, lambda n: 0 <= n < 1, "0 or greater and less than 1")
#: the exponent of a sum that ends
above_one = limited(kinds.number, lambda n: n > 1, "greater than 1")
#: how often, as far as 64 bits can say it, and how many there are, as far as NumPy counts them
trials = limited(kinds.count, lambda n: n < 2**63, "from 0 to 2**63 - 1")
in_urn = limited(kinds.count, lambda n: n < 10**9, "less than a billion")


def triangle(types: Types, params: Params) -> Shape:
    """The size, of corners in order."""
    left, mode, right = params["left"], params["mode"], params["right"]
    if not left <= mode <= right or left == right:
        raise ParamError(f"random_triangular: left, mode and right rise; got {left}, {mode} and {right}")
    return size_shape(types, params)


def failures(types: Types, params: Params) -> Shape:
    """The size, of numbers that fit into 64 bits."""
    n, p = params["n"], params["p"]
    if n / p / p >= MOST / 100:
        raise ParamError(f"random_negative_binomial: of n {n} and p {p} too many trials fail for 64 bits")
    return size_shape(types, params)


def urn(types: Types, params: Params) -> Shape:
    """The size, of no more drawn than there are."""
    if params["nsample"] > params["ngood"] + params["nbad"]:
        raise ParamError(
            f"random_hypergeometric cannot draw {params['nsample']} of {params['ngood']} and {params['nbad']}"
        )
    return size_shape(types, params)


MEAN = kinds.between(0, MOST, "from 0 to 9e18")
PROBABILITY = kinds.between(0, 1, "from 0 to 1")
POSITIVE = Param(above_zero)


def drawn(method: str, whole: bool) -> Callable[..., Any]:
    """A kernel that calls a method of the generator with the op's numbers, in the row's order."""

    def kernel(size: Any, seed: int, **numbers: Any) -> Any:
        values = getattr(generator(seed), method)(*numbers.values(), size or ())
        return as_int64(values) if whole else values

    return kernel


def distribution(
    method: str,
    numbers: dict[str, Param],
    doc: str,
    sample: dict[str, Any],
    *,
    whole: bool = False,
    shape: ShapeHalf = size_shape,
) -> Op:
    """A row of one distribution. whole: it draws integers, alike on every platform."""
    return Op(
        name=f"random_{method}",
        operands="",
        kernel=drawn(method, whole),
        rule=Typed(shape, always(INT64 if whole else FLOAT64)),
        params={**numbers, "size": SIZE, "seed": SEED},
        numpy=f"np.random.Generator(np.random.PCG64(seed)).{method}({', '.join([*numbers, 'size'])})",
        doc=doc,
        samples=draws(**sample),
        numeric=Numeric.EXACT if whole else Numeric.TOLERANCE,
        flops=per_output(40),
    )


def choice(x: Any, p: Any = None, *, size: Any, replace: bool, axis: int, seed: int) -> Any:
    """By positions drawn in 64 bits, which are the same in WebAssembly."""
    x, rng = as_array(x), generator(seed)
    n, shape = x.shape[axis], size or ()
    if p is not None and n:
        return np.take(x, rng.choice(n, shape, replace, as_array(p).astype(np.float64)), axis)
    if replace:
        return np.take(x, rng.integers(0, n, shape, np.int64), axis)
    return np.take(x, rng.permutation(n)[: int(np.prod(shape))].reshape(shape), axis)


def choice_shape(types: Types, params: Params) -> Shape:
    """The size in place of the axis."""
    shape, size = shape_of(types[0]), params["size"] or ()
    axis = normal_axis(params["axis"], len(shape))
    count = int(np.prod(size, dtype=object))
    if count > (0 if not shape[axis] else count if params["replace"] else shape[axis]):
        how = "" if params["replace"] else " without putting them back"
        raise ShapeError(f"random_choice cannot draw {count} of {shape[axis]} elements{how}")
    if len(types) > 1 and types[1].shape != (shape[axis],):
        raise ShapeError(f"random_choice: p of shape {types[1].shape} for {shape[axis]} elements")
    return shape[:axis] + size + shape[axis + 1 :]


def choice_dtype(types: Types, params: Params) -> DType:
    """That of x; probabilities are real."""
    if len(types) > 1 and strong(types[1]).kind == "c":
        raise DTypeError(f"random_choice: probabilities are real numbers, not {types[1]}")
    return same_dtype(types, params)


def bind_choice(
    x: Any, size: Any = None, replace: Any = True, axis: Any = 0, seed: Any = None, *, p: Any = None
) -> tuple[Sequence[Any], dict[str, Any]]:
    """p is an operand, how likely each slice is, and has to add up to 1."""
    params = {"size": size, "replace": replace, "axis": axis, "seed": seed}
    return (x,) if p is None else (x, p), params


def choice_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 5, 3)
    return [
        ((x,), {"seed": 3}),
        ((np.arange(6),), {"size": (2, 2), "replace": False, "seed": 4}),
        ((x.astype("f4"),), {"axis": -1, "size": 7, "seed": 5}),
        ((x[:0],), {"size": 0, "seed": 6}),
        ((x > 0,), {"size": 5, "replace": "False", "seed": 7}),
        ((x, np.array([0.5, 0.0, 0.25, 0.125, 0.125])), {"size": (2, 4), "seed": 8}),
        ((x, np.array([1, 0, 0], "i4")), {"axis": 1, "seed": 9}),
        ((np.arange(4), np.array([0.25, 0.25, 0.0, 0.5], "f4")), {"size": 3, "replace": False, "seed": 10}),
    ]


PICK = (
    "np.take(x, np.random.Generator(np.random.PCG64(seed)).choice(x.shape[axis], size or (), replace, p), "
    "axis) if p is not None else "
    "np.take(x, np.random.Generator(np.random.PCG64(seed)).integers(0, x.shape[axis], size or ()), axis)"
    " if replace else np.take(x, np.random.Generator(np.random.PCG64(seed)).permutation(x.shape[axis])"
    "[:int(np.prod(size or ()))].reshape(size or ()), axis)"
)

ROWS = (
    distribution("exponential", {"scale": SCALE}, "Waiting times of mean scale.", {"scale": 2.0}),
    distribution("laplace", {"loc": ZERO, "scale": SCALE},
                 "Numbers that fall off exponentially on both sides of loc.", {"loc": 1.0}),
    distribution("lognormal", {"mean": ZERO, "sigma": SCALE},
                 "Numbers whose logarithms are normal, of that mean and deviation.", {"sigma": 0.5}),
    distribution("gamma", {"shape": Param(MEAN), "scale": SCALE},
                 "Numbers of the gamma distribution; their mean is shape times scale.", {"shape": 2.5}),
    distribution("beta", {"a": POSITIVE, "b": POSITIVE},
                 "Numbers between 0 and 1 of the beta distribution.", {"a": 2.0, "b": 0.7}),
    distribution("chisquare", {"df": POSITIVE},
                 "Sums of the squares of df normal numbers.", {"df": 3}),
    distribution("weibull", {"a": Param(MEAN)},
                 "Numbers of the Weibull distribution of shape a.", {"a": 1.5}),
    distribution("poisson", {"lam": Param(MEAN, 1.0)},
                 "How many events there are, of which lam are expected.", {"lam": 12.5}, whole=True),
    distribution("binomial", {"n": Param(trials), "p": Param(PROBABILITY)},
                 "How many of n trials succeed, each with probability p.", {"n": 60, "p": 0.3}, whole=True),
    distribution("geometric", {"p": Param(chance)},
                 "How many trials there are up to the first success.", {"p": 0.2}, whole=True),
    distribution("logistic", {"loc": ZERO, "scale": SCALE},
                 "Numbers of the logistic distribution around loc.", {"loc": 1.0}),
    distribution("gumbel", {"loc": ZERO, "scale": SCALE},
                 "Numbers of Gumbel's distribution of largest values, with its mode at loc.", {"scale": 2.0}),
    distribution("rayleigh", {"scale": SCALE},
                 "Lengths of vectors of two normal numbers of deviation scale.", {"scale": 0.5}),
    distribution("pareto", {"a": POSITIVE},
                 "Numbers of Pareto's distribution of the second kind, of shape a.", {"a": 3.0}),
    distribution("power", {"a": POSITIVE},
                 "Numbers from 0 to 1, as likely as their power a - 1.", {"a": 2.5}),
    distribution("triangular", {"left": Param(kinds.number), "mode": Param(kinds.number),
                                "right": Param(kinds.number)},
                 "Numbers from left to right, the most likely ones at mode.",
                 {"left": -1, "mode": 0.5, "right": 2}, shape=triangle),
    distribution("vonmises", {"mu": ZERO, "kappa": Param(MEAN)},
                 "Angles around mu, the closer to it the larger kappa is.", {"kappa": 2.0}),
    distribution("wald", {"mean": POSITIVE, "scale": Param(above_zero)},
                 "Numbers of the inverse normal distribution.", {"mean": 1.5, "scale": 1.0}),
    distribution("standard_t", {"df": POSITIVE}, "Numbers of Student's distribution.", {"df": 4}),
    distribution("standard_cauchy", {}, "Numbers of Cauchy's distribution.", {}),
    distribution("f", {"dfnum": POSITIVE, "dfden": POSITIVE},
                 "Quotients of two chi-square numbers, each by its degrees of freedom.",
                 {"dfnum": 3, "dfden": 5.5}),
    distribution("negative_binomial", {"n": POSITIVE, "p": Param(chance)},
                 "How many trials fail before n succeed, each with probability p.", {"n": 4, "p": 0.4},
                 whole=True, shape=failures),
    distribution("hypergeometric", {name: Param(in_urn) for name in ("ngood", "nbad", "nsample")},
                 "How many of nsample, drawn from ngood and nbad, are good.",
                 {"ngood": 9, "nbad": 6, "nsample": 5}, whole=True, shape=urn),
    distribution("logseries", {"p": Param(below_one)},
                 "Integers from 1 on of the logarithmic series distribution.", {"p": 0.6}, whole=True),
    distribution("zipf", {"a": Param(above_one)},
                 "Integers from 1 on, as likely as their power -a.", {"a": 2.5}, whole=True),
    Op(
        name="random_choice",
        operands="x p?",
        bind=bind_choice,
        kernel=choice,
        rule=Typed(choice_shape, choice_dtype),
        params={
            "size": SIZE, "replace": Param(kinds.flag, True), "axis": Param(kinds.integer, 0), "seed": SEED,
        },
        numpy=PICK,
        doc="Slices along an axis drawn at random, all as likely or as p says; with replace, the same may "
        "come again.",
        samples=choice_samples,
        flops=per_output(10),
    ),
)  # fmt: skip
