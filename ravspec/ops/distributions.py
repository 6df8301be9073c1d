"""Random numbers of many distributions, as NumPy's Generator draws them from the op's seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.errors import ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample, as_array, as_int64, per_output
from ravspec.ops.params import Param
from ravspec.ops.random import SCALE, SEED, SIZE, ZERO, draws, generator, size_shape
from ravspec.shapes import (
    FLOAT64,
    INT64,
    Params,
    Shape,
    Typed,
    Types,
    always,
    normal_axis,
    same_dtype,
    shape_of,
)

#: the largest mean of which NumPy's poisson is sure to fit into int64, rounded down
MOST = 9.0e18


def above_zero(value: Any) -> int | float:
    """A number greater than zero."""
    number = kinds.number(value)
    if number <= 0:
        raise ParamError(f"must be greater than 0, not {value!r}")
    return number


def chance(value: Any) -> int | float:
    """A probability that is not zero."""
    number = kinds.number(value)
    if not 0 < number <= 1:
        raise ParamError(f"must be greater than 0 and at most 1, not {value!r}")
    return number


def trials(value: Any) -> int:
    """How often, as far as 64 bits can say it."""
    number = kinds.count(value)
    if number >= 2**63:
        raise ParamError(f"must be from 0 to 2**63 - 1, not {value!r}")
    return number


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
    method: str, numbers: dict[str, Param], doc: str, sample: dict[str, Any], *, whole: bool = False
) -> Op:
    """A row of one distribution. whole: it draws integers, alike on every platform."""
    return Op(
        name=f"random_{method}",
        operands="",
        kernel=drawn(method, whole),
        rule=Typed(size_shape, always(INT64 if whole else FLOAT64)),
        params={**numbers, "size": SIZE, "seed": SEED},
        numpy=f"np.random.Generator(np.random.PCG64(seed)).{method}({', '.join(numbers)}, size)",
        doc=doc,
        samples=draws(**sample),
        numeric=Numeric.EXACT if whole else Numeric.TOLERANCE,
        flops=per_output(40),
    )


def choice(x: Any, size: Any, replace: bool, axis: int, seed: int) -> Any:
    """By positions drawn in 64 bits, which are the same in WebAssembly."""
    x, rng = as_array(x), generator(seed)
    n, shape = x.shape[axis], size or ()
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
    return shape[:axis] + size + shape[axis + 1 :]


def choice_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 5, 3)
    return [
        ((x,), {"seed": 3}),
        ((np.arange(6),), {"size": (2, 2), "replace": False, "seed": 4}),
        ((x.astype("f4"),), {"axis": -1, "size": 7, "seed": 5}),
        ((x[:0],), {"size": 0, "seed": 6}),
        ((x > 0,), {"size": 5, "replace": "False", "seed": 7}),
    ]


PICK = (
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
    Op(
        name="random_choice",
        kernel=choice,
        rule=Typed(choice_shape, same_dtype),
        params={
            "size": SIZE, "replace": Param(kinds.flag, True), "axis": Param(kinds.integer, 0), "seed": SEED,
        },
        numpy=PICK,
        doc="Slices along an axis drawn at random, all as likely; with replace, the same may come again.",
        samples=choice_samples,
        flops=per_output(10),
    ),
)  # fmt: skip
