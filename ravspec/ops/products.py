"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ravspec.errors import ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import ONE_EACH, Numeric, Op, Sample, of_arrays, per_output
from ravspec.ops.params import Param
from ravspec.shapes import (
    Params,
    Shape,
    Typed,
    Types,
    broadcast,
    by_ufunc,
    normal_axis,
    promoted_strong,
    shape_of,
)


def meet(a: Shape, b: Shape, left: int, right: int, name: str) -> None:
    """The two lengths that a product sums over must be one."""
    if left != right:
        raise ShapeError(f"{name} of shapes {a} and {b}: a length of {left} meets one of {right}")


def matmul_shape(types: Types, params: Params) -> Shape:
    """NumPy's matmul: 1-d operands as row and column, leading axes broadcast."""
    a, b = shape_of(types[0]), shape_of(types[1])
    if not a or not b:
        raise ShapeError("matmul needs operands of one dimension or more; for numbers use multiply")
    meet(a, b, a[-1], b[-2] if len(b) > 1 else b[0], "matmul")
    return broadcast([a[:-2], b[:-2]]) + a[-2:-1] + (b[-1:] if len(b) > 1 else ())


def dot_shape(types: Types, params: Params) -> Shape:
    """NumPy's dot: the last axis of a against the last but one of b; a number multiplies."""
    a, b = shape_of(types[0]), shape_of(types[1])
    if not a or not b:
        return a or b
    meet(a, b, a[-1], b[-2] if len(b) > 1 else b[0], "dot")
    return a[:-1] + (b[:-2] + b[-1:] if len(b) > 1 else ())


def vecdot_shape(types: Types, params: Params) -> Shape:
    a, b = shape_of(types[0]), shape_of(types[1])
    i, j = normal_axis(params["axis"], len(a)), normal_axis(params["axis"], len(b))
    meet(a, b, a[i], b[j], "vecdot")
    return broadcast([a[:i] + a[i + 1 :], b[:j] + b[j + 1 :]])


def outer_shape(types: Types, params: Params) -> Shape:
    return (math.prod(shape_of(types[0])), math.prod(shape_of(types[1])))


def contraction(value: Any) -> int | tuple[tuple[int, ...], tuple[int, ...]]:
    """How many axes, or which of either operand."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ParamError(f"must be a number of axes, or the axes of both operands, not {value!r}")
        return (kinds.sizes(value[0]), kinds.sizes(value[1]))
    return kinds.count(value)


def contracted(axes: Any, a: int, b: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of either operand that tensordot sums over, counted from the front."""
    if isinstance(axes, int):
        if axes > min(a, b):
            raise ShapeError(f"tensordot over {axes} axes of operands of {a} and {b} dimensions")
        return tuple(range(a - axes, a)), tuple(range(axes))
    left = tuple(normal_axis(axis, a) for axis in axes[0])
    right = tuple(normal_axis(axis, b) for axis in axes[1])
    if len(left) != len(right) or len(set(left)) < len(left) or len(set(right)) < len(right):
        raise ShapeError(f"tensordot needs as many axes of either operand, each once; got {axes}")
    return left, right


def tensordot_shape(types: Types, params: Params) -> Shape:
    a, b = shape_of(types[0]), shape_of(types[1])
    left, right = contracted(params["axes"], len(a), len(b))
    for i, j in zip(left, right, strict=True):
        meet(a, b, a[i], b[j], "tensordot")
    return tuple([n for i, n in enumerate(a) if i not in left]) + tuple(
        [n for j, n in enumerate(b) if j not in right]
    )


def inner_flops(ins: Types, outs: Types, params: Params) -> float:
    """Two for each output element and each element of the last axis of x1: 2 m n k."""
    inner = ins[0].shape[-1] if ins[0].shape else 1
    return 2.0 * max(1, outs[0].size) * max(1, inner)


def tensordot_flops(ins: Types, outs: Types, params: Params) -> float:
    """The same, where the lengths summed over are what the operands have beyond the output."""
    a, b, out = (max(1, t.size) for t in (*ins, outs[0]))
    return 2.0 * out * max(1.0, math.sqrt(a * b / out))


def product_samples(pairs: list[tuple[Shape, Shape]], **params: Any) -> samples.Samples:
    """Operands of each pair of shapes, and a few of other dtypes for the last of them."""

    def made(rng: np.random.Generator) -> list[Sample]:
        dtypes = [("f4", "f4"), ("i8", "i4"), ("?", "?"), ("c16", "f8")]
        calls = [(a, "f8", b, "f8") for a, b in pairs] + [(pairs[0][0], s, pairs[0][1], t) for s, t in dtypes]
        return [
            ((samples.values(rng, s, *a), samples.values(rng, t, *b)), dict(params)) for a, s, b, t in calls
        ]

    return made


def tensordot_samples(rng: np.random.Generator) -> list[Sample]:
    x, y = samples.reals(rng, 2, 3, 4), samples.reals(rng, 4, 3, 5)
    return [
        ((x, y), {"axes": 1}),
        ((x, y), {"axes": [[2, 1], [0, 1]]}),
        ((x, y), {"axes": (-1, 0)}),
        ((x[0], x[1]), {}),
        ((x[0, 0], y[0, 0]), {"axes": 0}),
        ((samples.integers(rng, 2, 3), samples.integers(rng, 3, dtype="i4")), {"axes": 1}),
        ((x[:, :0], y[:, :0]), {"axes": ((1, 2), (1, 0))}),
    ]


def product(name: str, kernel: Any, shape: Any, dtype: Any, doc: str, **more: Any) -> Op:
    """A row of a product of two operands."""
    return Op(
        name=name,
        operands="x1 x2",
        kernel=kernel,
        rule=Typed(shape, dtype),
        doc=doc,
        **{"numeric": Numeric.TOLERANCE, "flops": inner_flops, "numpy": f"np.{name}(x1, x2)", **more},
    )


#: operands that both matmul and dot take
PAIRS: list[tuple[Shape, Shape]] = [
    ((3, 4), (4, 2)), ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
]  # fmt: skip

ROWS = (
    product(
        "matmul", np.matmul, matmul_shape, by_ufunc(np.matmul), "The matrix product.",
        aliases=("matrix_multiplication",),
        samples=product_samples([*PAIRS, ((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (5, 4, 2))]),
    ),
    product(
        "dot", of_arrays(np.dot), dot_shape, promoted_strong,
        "The product over the last axis of x1 and the last but one of x2; of vectors, the inner product.",
        samples=product_samples([*PAIRS, ((), (3,)), ((2, 3, 4), (5, 4, 2))]),
    ),
    product(
        "vecdot", np.vecdot, vecdot_shape, by_ufunc(np.vecdot),
        "The inner products of vectors along an axis; the first is conjugated.",
        params={"axis": Param(kinds.integer, -1)},
        numpy="np.sum(np.conj(x1) * x2, axis, dtype=np.result_type(x1, x2))",
        samples=product_samples([((3, 4), (3, 4)), ((2, 3, 4), (4,)), ((5,), (5,)), ((2, 0), (0,))]),
        flops=per_output(2),
    ),
    product(
        "outer", of_arrays(np.outer), outer_shape, promoted_strong,
        "Every element of x1 times every element of x2: a matrix.",
        numpy="np.multiply.outer(np.ravel(x1), np.ravel(x2))",
        samples=product_samples([((3,), (4,)), ((2, 2), (3,)), ((), (2,)), ((0,), (2,))]),
        numeric=Numeric.EXACT, flops=ONE_EACH,
    ),
    product(
        "tensordot", of_arrays(np.tensordot), tensordot_shape, promoted_strong,
        "The sum of products over axes: so many last of x1 and first of x2, or the named ones.",
        params={"axes": Param(contraction, 2)},
        numpy="np.tensordot(x1, x2, axes)",
        samples=tensordot_samples, flops=tensordot_flops,
    ),
)  # fmt: skip
