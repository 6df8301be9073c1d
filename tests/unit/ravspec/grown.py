"""Calls of the op table at a size where SIMD units and BLAS kernels matter; samples are too small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ravspec.errors import OpError
from ravspec.ops import OPS, Op
from ravspec.shapes import Elementwise, Types
from ravspec.values import value_type

#: not a multiple of any vector's width, so that the remainders of loops are there too
LONG = 4001

Call = tuple[Op, tuple[Any, ...], dict[str, Any]]
Grown = Callable[[np.random.Generator], list[tuple[tuple[Any, ...], dict[str, Any]]]]


def calls() -> Iterator[Call]:
    """Every row that has an operand to grow."""
    rng = np.random.default_rng(31)
    for row in OPS.values():
        if isinstance(row.rule, Elementwise):
            yield from lengthened(row, rng)
            yield from ties(row, rng)
        elif row.name in GROWN:
            for operands, given in GROWN[row.name](rng):
                yield row, operands, row.canonical_params(given)
        elif row.operand_names in (("x",), ("x", "q")):
            yield from reduced(row, rng)
            yield from ties(row, rng)


def lengthened(row: Op, rng: np.random.Generator) -> Iterator[Call]:
    """An elementwise row on long vectors, in the ranges of its samples."""
    for operands, given in row.samples(np.random.default_rng(20)):
        arrays = [x for x in operands if isinstance(x, np.ndarray) and x.size]
        if len(arrays) == len(operands) and all(x.ndim == 1 for x in arrays):
            yield row, tuple(longer(x, rng) for x in arrays), row.canonical_params(given)


def is_small(outs: Types) -> bool:
    """Not a matrix from a vector."""
    return sum(t.size for t in outs if t.shape is not None) <= 100 * LONG


def ties(row: Op, rng: np.random.Generator) -> Iterator[Call]:
    """Rows of one operand or two where zeros of both signs meet, and where NaN does."""
    for among in ([0.0, -0.0, 1.0, -1.0], [0.0, -0.0, np.nan], [0.0, -0.0]):
        for size in (5, LONG):
            x, y = rng.choice(among, (2, size))
            q = row.operand_names[1:] == ("q",)
            operands = (x,) if len(row.operand_names) == 1 else (x, np.array(0.5) if q else y)
            try:
                params = row.canonical_params({})
                outs = row.infer([value_type(v) for v in operands], params)
            except OpError:
                continue
            if is_small(outs):
                yield row, operands, params


def longer(x: Any, rng: np.random.Generator) -> Any:
    """A vector of values like these: of floats others between the same limits, of the rest the same ones."""
    if x.dtype.kind == "f":
        return rng.uniform(x.min(), x.max(), LONG).astype(x.dtype)
    if x.dtype.kind == "c":
        return (longer(x.real, rng) + 1j * longer(x.imag, rng)).astype(x.dtype)
    return rng.choice(x, LONG)


def reduced(row: Op, rng: np.random.Generator) -> Iterator[Call]:
    """A row of one operand and an axis on a vector and on a matrix that is no square."""
    for dtype in ("f8", "f4", "i4"):
        vector, matrix = (rng.uniform(0.5, 2, shape).astype(dtype) for shape in ((LONG,), (257, 193)))
        for x, given in ((vector, {}), (matrix, {"axis": 0}), (matrix, {"axis": 1}), (matrix.T, {"axis": 1})):
            try:
                params = row.canonical_params(given)
                outs = row.infer([value_type(x)], params)
            except OpError:
                continue
            if is_small(outs):
                yield row, (x,), params


def f8(rng: np.random.Generator, *shape: int) -> Any:
    return rng.uniform(-3, 3, shape)


def spd(rng: np.random.Generator, n: int) -> Any:
    """A symmetric matrix, positive definite as its diagonal outweighs the rest."""
    x = rng.uniform(-1, 1, (n, n))
    return x + x.T + 2 * n * np.eye(n)


def apart(rng: np.random.Generator) -> Any:
    """A matrix whose eigenvalues are apart, so that vectors are determined."""
    return np.diag(np.arange(1.0, 41)) + rng.uniform(-0.1, 0.1, (40, 40))


def skew(rng: np.random.Generator) -> Any:
    """All eigenvalues are imaginary: their real parts are zero but for rounding."""
    x = rng.uniform(-1, 1, (20, 20))
    return x - x.T


def of_matrix(**given: Any) -> Grown:
    """A square matrix that has an inverse, of either precision."""
    return lambda rng: [((spd(rng, 129),), given), ((spd(rng, 65).astype("f4"),), given)]


def of_stacks(**given: Any) -> Grown:
    """Matrices that are not square."""
    return lambda rng: [((f8(rng, 90, 61),), given), ((f8(rng, 3, 40, 61),), given)]


def of_two(*shapes: tuple[int, ...], **given: Any) -> Grown:
    """Arrays of these shapes, of either precision."""
    return lambda rng: [
        (tuple(f8(rng, *shape).astype(dtype) for shape in shapes), given) for dtype in ("f8", "f4")
    ]


def drawn(**given: Any) -> Grown:
    """Many draws."""
    return lambda rng: [((), {**given, "size": LONG, "seed": 5})]


GROWN: dict[str, Grown] = {
    "arange": lambda rng: [((), {"start": 0.1, "stop": 40, "step": 0.01})],
    "linspace": lambda rng: [((), {"start": -1, "stop": 7.3, "num": LONG})],
    "cube": of_two((LONG,)),
    "clip": of_two((LONG,), (), (LONG,)),
    "round": of_two((LONG,), decimals=2),
    "percentile": lambda rng: [((f8(rng, LONG), 37.5), {"axis": 0})],
    "matmul": of_two((257, 193), (193, 129)),
    "dot": of_two((LONG,), (LONG,)),
    "vecdot": of_two((57, 193), (57, 193)),
    "outer": of_two((257,), (193,)),
    "tensordot": of_two((30, 20, 10), (20, 10, 30)),
    "einsum": of_two((40, 50), (50, 60), subscripts="ij,jk->ik"),
    "solve": lambda rng: [((spd(rng, 129), f8(rng, 129, 7)), {})],
    "inv": of_matrix(),
    "det": lambda rng: [((spd(rng, 40) / 80,), {})],
    "slogdet": of_matrix(),
    "cholesky": of_matrix(),
    "eigh": of_matrix(),
    "eigvalsh": of_matrix(),
    "eig": lambda rng: [((apart(rng),), {}), ((skew(rng),), {})],
    "eigvals": lambda rng: [((spd(rng, 129),), {}), ((apart(rng),), {}), ((skew(rng),), {})],
    "qr": of_stacks(),
    "svd": of_stacks(full_matrices=False),
    "svdvals": of_stacks(),
    "pinv": of_stacks(),
    "matrix_rank": of_stacks(),
    "matrix_power": lambda rng: [((spd(rng, 65) / 130,), {"n": 3})],
    "trace": of_matrix(),
    "cross": of_two((LONG, 3), (LONG, 3)),
    "convolve": of_two((501,), (77,)),
    "correlate": of_two((501,), (77,)),
    "interp": lambda rng: [
        ((f8(rng, LONG), np.sort(f8(rng, 500)), f8(rng, 500)), {}),
        ((f8(rng, LONG), np.round(f8(rng, 500), 1), f8(rng, 500)), {"period": 0.7}),
    ],
    "lstsq": of_two((90, 11), (90, 3)),
    "fftn": of_two((30, 49)),
    "ifftn": of_two((30, 49)),
    "rfftn": of_two((30, 49)),
    "bincount": lambda rng: [((rng.integers(0, 9, LONG), f8(rng, LONG)), {})],
    "histogram": lambda rng: [
        ((f8(rng, LONG),), {"bins": 13, "density": True}),
        ((np.round(f8(rng, LONG), 1), f8(rng, LONG)), {"bins": 13}),
        ((np.round(f8(rng, LONG), 1), f8(rng, LONG)), {"bins": (-2, 0.1, 0.5, 3), "density": True}),
    ],
    "random_choice": lambda rng: [
        ((f8(rng, 500), np.full(500, 1 / 500)), {"size": LONG, "seed": 5}),
        ((f8(rng, 500), np.full(500, 1 / 500)), {"size": 400, "replace": False, "seed": 5}),
    ],
    "index_add": lambda rng: [((f8(rng, 50), f8(rng, LONG), rng.integers(0, 50, LONG)), {"key": ("array",)})],
    "unique": lambda rng: [((np.round(f8(rng, LONG), 1),), {})],
    **{
        name: drawn(**given)
        for name, given in {
            "random_normal": {}, "random_uniform": {"low": -1.0, "high": 3.0}, "random_exponential": {},
            "random_laplace": {}, "random_lognormal": {}, "random_gamma": {"shape": 2.5},
            "random_beta": {"a": 0.5, "b": 2.5}, "random_chisquare": {"df": 3.0},
            "random_weibull": {"a": 1.5},
            "random_poisson": {"lam": 4.5}, "random_binomial": {"n": 40, "p": 0.3},
            "random_geometric": {"p": 0.2}, "random_logistic": {}, "random_gumbel": {}, "random_rayleigh": {},
            "random_pareto": {"a": 2.5}, "random_power": {"a": 0.5},
            "random_triangular": {"left": -1, "mode": 0.1, "right": 3}, "random_vonmises": {"kappa": 2.5},
            "random_wald": {"mean": 1.5, "scale": 2.5}, "random_standard_t": {"df": 3.5},
            "random_standard_cauchy": {}, "random_f": {"dfnum": 3, "dfden": 4.5},
            "random_negative_binomial": {"n": 4.5, "p": 0.3}, "random_logseries": {"p": 0.7},
            "random_hypergeometric": {"ngood": 30, "nbad": 40, "nsample": 20}, "random_zipf": {"a": 2.5},
        }.items()
    },
}  # fmt: skip
