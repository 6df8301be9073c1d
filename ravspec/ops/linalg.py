"""Linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravspec.errors import ShapeError
from ravspec.ops import samples
from ravspec.ops.op import Numeric, Op, Sample
from ravspec.shapes import ArrayType, Params, Types, broadcast, float_dtype, promote, shape_of, ufunc_dtypes


def matmul_rule(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """NumPy's matmul: 1-d operands as row and column, leading axes broadcast."""
    a, b = (shape_of(t) for t in types)
    if not a or not b:
        raise ShapeError("matmul needs operands of one dimension or more; for numbers use multiply")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise ShapeError(f"matmul of shapes {a} and {b}: {a[-1]} columns meet {inner} rows")
    lead = broadcast([a[:-2], b[:-2]])
    out = lead + a[-2:-1] + (b[-1:] if len(b) > 1 else ())
    return (ArrayType(out, ufunc_dtypes(np.matmul, types)[0]),)


def matmul_flops(ins: Types, outs: Types, params: Params) -> float:
    inner = shape_of(ins[0])[-1] if ins[0].shape else 1
    return 2.0 * max(1, outs[0].size) * inner


def matmul_samples(rng: np.random.Generator) -> list[Sample]:
    pairs = [((3, 4), (4, 2)), ((4,), (4,)), ((2, 3, 4), (4, 5)), ((3, 4), (4,)), ((0, 3), (3, 2))]
    made: list[Sample] = [((samples.reals(rng, *a), samples.reals(rng, *b)), {}) for a, b in pairs]
    return [*made, ((samples.integers(rng, 2, 3), samples.integers(rng, 3, 2, dtype="i4")), {})]


def square(x: tuple[int, ...], name: str) -> None:
    """A stack of square matrices, or a ShapeError."""
    if len(x) < 2 or x[-1] != x[-2]:
        raise ShapeError(f"{name} needs square matrices; got shape {x}")


def solve_rule(types: Types, params: Params) -> tuple[ArrayType, ...]:
    """NumPy 2: a 1-d second operand is one vector, anything else a stack of matrices."""
    a, b = (shape_of(t) for t in types)
    square(a, "solve")
    rows = b[0] if len(b) == 1 else b[-2] if b else -1
    if rows != a[-1]:
        raise ShapeError(f"solve of shapes {a} and {b}: {a[-1]} equations, but {rows} right-hand rows")
    out = a[:-2] + b if len(b) == 1 else broadcast([a[:-2], b[:-2]]) + b[-2:]
    return (ArrayType(out, float_dtype(promote(types))),)


def solve(a: Any, b: Any) -> Any:
    return checked(np.linalg.solve(a, b), a, b)


def checked(result: Any, *operands: Any) -> Any:
    """NumPy's error for a singular matrix where WebAssembly's NumPy, which has no FP flags, gives NaN."""
    if not np.isfinite(result).all() and all(np.isfinite(x).all() for x in operands):
        raise np.linalg.LinAlgError("Singular matrix")
    return result


def solve_flops(ins: Types, outs: Types, params: Params) -> float:
    n = shape_of(ins[0])[-1] if ins[0].shape else 1
    return 0.7 * max(1, ins[0].size) * n + 2.0 * max(1, outs[0].size) * n


def solve_samples(rng: np.random.Generator) -> list[Sample]:
    a = samples.reals(rng, 4, 4) + 8 * np.eye(4)
    return [
        ((a, samples.reals(rng, 4)), {}),
        ((a, samples.reals(rng, 4, 2)), {}),
        ((np.stack([a, a.T]), samples.reals(rng, 2, 4, 3)), {}),
    ]


ROWS = (
    Op(
        name="matmul",
        operands="x1 x2",
        kernel=np.matmul,
        rule=matmul_rule,
        numpy="np.matmul(x1, x2)",
        doc="The matrix product.",
        aliases=("matrix_multiplication",),
        samples=matmul_samples,
        numeric=Numeric.TOLERANCE,
        flops=matmul_flops,
    ),
    Op(
        name="solve",
        operands="a b",
        kernel=solve,
        rule=solve_rule,
        numpy="np.linalg.solve(a, b)",
        doc="The solution x of a x = b. A singular matrix fails the op where it is computed.",
        samples=solve_samples,
        numeric=Numeric.TOLERANCE,
        flops=solve_flops,
    ),
)
