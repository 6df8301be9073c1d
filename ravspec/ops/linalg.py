"""Linear algebra of matrices, and of stacks of them along leading axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.errors import ParamError, ShapeError
from ravspec.ops import params as kinds
from ravspec.ops import samples
from ravspec.ops.op import Flops, Numeric, Op, Sample, as_array
from ravspec.ops.params import Param
from ravspec.ops.samples import several
from ravspec.shapes import (
    ArrayType,
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    broadcast,
    float_dtype,
    normal_axes,
    normal_axis,
    of_first,
    promote,
    real_dtype,
    shape_of,
    strong,
    sum_dtype,
)


def matrices(t: ArrayType, name: str) -> Shape:
    """The shape of a stack of matrices."""
    shape = shape_of(t)
    if len(shape) < 2:
        raise ShapeError(f"{name} needs a matrix; got shape {shape}")
    return shape


def square(t: ArrayType, name: str) -> Shape:
    """The shape of a stack of square matrices."""
    shape = matrices(t, name)
    if shape[-1] != shape[-2]:
        raise ShapeError(f"{name} needs a square matrix; got shape {shape}")
    return shape


def checked(result: Any, message: str, *operands: Any) -> Any:
    """NumPy's error where WebAssembly's NumPy, which has no floating-point flags, gives NaN instead."""
    if not np.isfinite(result).all() and all(np.isfinite(x).all() for x in operands):
        raise np.linalg.LinAlgError(message)
    return result


def cubic(weight: float) -> Flops:
    """weight x n^3 for each matrix of n columns, and n^2 m of oblong ones."""

    def flops(ins: Types, outs: Types, params: Params) -> float:
        shape = ins[0].shape or (1,)
        return weight * max(1, ins[0].size) * max(1, min(shape[-2:]))

    return flops


def solve_shape(types: Types, params: Params) -> Shape:
    """NumPy 2: a 1-d second operand is one vector, anything else a stack of matrices."""
    a, b = square(types[0], "solve"), shape_of(types[1])
    rows = b[0] if len(b) == 1 else b[-2] if b else -1
    if rows != a[-1]:
        raise ShapeError(f"solve of shapes {a} and {b}: {a[-1]} equations, but {rows} right-hand rows")
    return a[:-2] + b if len(b) == 1 else broadcast([a[:-2], b[:-2]]) + b[-2:]


def solve_dtype(types: Types, params: Params) -> DType:
    """Integers and bools count as float64, whatever is beside them, as in NumPy."""
    return promote([t._replace(dtype=float_dtype(strong(t))) for t in types])


def solve(a: Any, b: Any) -> Any:
    return checked(np.linalg.solve(a, b), "Singular matrix", a, b)


def solve_flops(ins: Types, outs: Types, params: Params) -> float:
    n = ins[0].shape[-1] if ins[0].shape else 1
    return 0.7 * max(1, ins[0].size) * max(1, n) + 2.0 * max(1, outs[0].size) * max(1, n)


def inv(x: Any) -> Any:
    return checked(np.linalg.inv(x), "Singular matrix", x)


def cholesky(x: Any, upper: bool) -> Any:
    return checked(np.linalg.cholesky(x, upper=upper), "Matrix is not positive definite", x)


def phases(vectors: Any) -> Any:
    """What to multiply columns by so that the first large element of each is positive; shape (..., 1, n).

    Libraries leave signs of eigenvectors and singular vectors open, and they differ from one contributor to
    the next. The odd threshold keeps elements of equal size, which rounding would order, from deciding.
    """
    if not vectors.size:
        return np.ones((*vectors.shape[:-2], 1, vectors.shape[-1]), vectors.dtype)
    size = np.abs(vectors)
    first = (size > 0.37 * size.max(-2, keepdims=True)).argmax(-2)
    lead = np.take_along_axis(vectors, first[..., np.newaxis, :], -2)
    return np.conj(lead) / np.abs(lead)


def eigh(x: Any, UPLO: Any) -> tuple[Any, ...]:
    values, vectors = np.linalg.eigh(x, UPLO)
    return values, checked(vectors * phases(vectors), "Eigenvalues did not converge", x)


def qr(x: Any, mode: Any) -> tuple[Any, ...]:
    return tuple(np.linalg.qr(x, mode))


def svd(x: Any, full_matrices: bool) -> tuple[Any, ...]:
    u, s, vh = np.linalg.svd(x, full_matrices)
    k, v = s.shape[-1], vh.swapaxes(-1, -2)
    of_u = phases(u)
    of_v = np.concatenate([np.conj(of_u[..., :k]), phases(v[..., k:])], -1)
    return u * of_u, checked(s, "SVD did not converge", x), vh * of_v.swapaxes(-1, -2)


def pinv(x: Any, rcond: float) -> Any:
    x = as_array(x)
    x = x.astype(np.float64) if x.dtype.kind in "biu" else x  # NumPy leaves empty ones as they are
    return checked(np.linalg.pinv(x, rcond), "SVD did not converge", x)


def matrix_power(x: Any, n: int) -> Any:
    result = np.linalg.matrix_power(x, n)
    return checked(result, "Singular matrix", x) if n < 0 else result


def qr_shapes(types: Types, params: Params) -> list[Shape]:
    *lead, m, n = matrices(types[0], "qr")
    k = m if params["mode"] == "complete" else min(m, n)
    return [(*lead, m, k), (*lead, k, n)]


def svd_shapes(types: Types, params: Params) -> list[Shape]:
    *lead, m, n = matrices(types[0], "svd")
    k = min(m, n)
    u, vh = (m, n) if params["full_matrices"] else (k, k)
    return [(*lead, m, u), (*lead, k), (*lead, vh, n)]


def qr_dtypes(types: Types, params: Params) -> list[DType]:
    return [float_dtype(strong(types[0]))] * 2


def eigh_shapes(types: Types, params: Params) -> list[Shape]:
    shape = square(types[0], "eigh")
    return [shape[:-1], shape]


def eigh_dtypes(types: Types, params: Params) -> list[DType]:
    dtype = float_dtype(strong(types[0]))
    return [real_dtype(dtype), dtype]


def svd_dtypes(types: Types, params: Params) -> list[DType]:
    dtype = float_dtype(strong(types[0]))
    return [dtype, real_dtype(dtype), dtype]


def power_dtype(types: Types, params: Params) -> DType:
    """Only an inverse needs a floating dtype."""
    return float_dtype(strong(types[0])) if params["n"] < 0 else strong(types[0])


def order(value: Any) -> Any:
    """The order of a norm: None, a number (infinities as "inf" and "-inf"), "fro" or "nuc"."""
    if value is None or value in ("fro", "nuc", "inf", "-inf"):
        return value
    return str(float(value)) if value in (np.inf, -np.inf) else kinds.number(value)


MATRIX_ORDERS = (None, "fro", "nuc", "inf", "-inf", 1, -1, 2, -2)


def norm_shape(types: Types, params: Params) -> Shape:
    """Of vectors along one axis or matrices in two; of all elements without axis and order."""
    shape, axis, order = shape_of(types[0]), params["axis"], params["ord"]
    if axis is None:
        if order is not None and len(shape) not in (1, 2):
            raise ShapeError(f"norm of an array of {len(shape)} dimensions needs an axis, or no ord")
        gone = normal_axes(None, len(shape))
        of_matrix = len(shape) == 2
    else:
        gone = normal_axes(axis, len(shape))
        of_matrix = len(gone) == 2
        if len(gone) not in (1, 2):
            raise ShapeError(f"norm is of vectors or matrices: one axis or two, not {axis}")
    if (of_matrix and order not in MATRIX_ORDERS) or (not of_matrix and order in ("fro", "nuc")):
        raise ParamError(f"norm has no order {order!r} of {'matrices' if of_matrix else 'vectors'}")
    if params["keepdims"]:
        return tuple([1 if i in gone else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in gone])


def norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    return np.linalg.norm(x, float(ord) if ord in ("inf", "-inf") else ord, axis, keepdims)


def trace_shape(types: Types, params: Params) -> Shape:
    shape = shape_of(types[0])
    gone = normal_axis(params["axis1"], len(shape)), normal_axis(params["axis2"], len(shape))
    if gone[0] == gone[1]:
        raise ShapeError("trace needs two different axes")
    return tuple([n for i, n in enumerate(shape) if i not in gone])


def trace(x: Any, **params: Any) -> Any:
    x = as_array(x)
    return np.trace(x, dtype=sum_dtype(x.dtype), **params)


def matrix_samples(
    *shapes: Shape, definite: bool = False, dtypes: str = "f8 f4 c16 i8", **params: Any
) -> samples.Samples:
    """Well-conditioned matrices: of each shape, and of each dtype in the first."""

    def made(rng: np.random.Generator) -> list[Sample]:
        calls: list[Sample] = []
        for shape, dtype in [*((s, "f8") for s in shapes), *((shapes[0], d) for d in dtypes.split()[1:])]:
            x = samples.values(rng, dtype, *shape, low=-1, high=1)
            if definite:
                x = x + np.conj(x).swapaxes(-1, -2)
            x = x + 9 * np.eye(shape[-2], shape[-1])
            calls.append(((x.astype(dtype),), dict(params)))
        return calls

    return made


def solve_samples(rng: np.random.Generator) -> list[Sample]:
    a = samples.reals(rng, 4, 4) + 8 * np.eye(4)
    return [
        ((a, samples.reals(rng, 4)), {}),
        ((a, samples.reals(rng, 4, 2)), {}),
        ((np.stack([a, a.T]), samples.reals(rng, 2, 4, 3)), {}),
        ((a.astype("f4"), samples.reals(rng, 4).astype("f4")), {}),
        ((np.array([[2, 1], [1, 3]]), np.array([1, 2])), {}),
        ((a.astype("f4"), np.array([True, False, True, True])), {}),
        ((np.zeros((0, 0)), np.zeros((0, 2))), {}),
    ]


def norm_samples(rng: np.random.Generator) -> list[Sample]:
    x = samples.reals(rng, 3, 4)
    orders: list[dict[str, Any]] = [
        {}, {"ord": 1}, {"ord": np.inf}, {"ord": "nuc"}, {"ord": -2}, {"axis": 1}, {"ord": 3, "axis": 0},
        {"ord": "fro", "axis": (0, 1), "keepdims": True}, {"ord": 0, "axis": -1},
    ]  # fmt: skip
    calls: list[Sample] = [((x,), dict(params)) for params in orders]
    return [*calls, ((x[0].astype("f4"),), {"ord": -np.inf}), ((x[:0],), {}), ((x.reshape(2, 2, 3),), {}),
            ((np.arange(4),), {}), ((x + 1j,), {"ord": 1})]  # fmt: skip


def linear(name: str, kernel: Callable[..., Any], rule: Any, doc: str, flops: float, **more: Any) -> Op:
    """A row of one matrix."""
    return Op(
        name=name,
        kernel=kernel,
        rule=rule,
        doc=doc,
        flops=cubic(flops),
        **{"numeric": Numeric.TOLERANCE, "numpy": f"np.linalg.{name}(x)", **more},
    )


def det_shape(types: Types, params: Params) -> Shape:
    return square(types[0], "det")[:-2]


def same_square(name: str) -> Callable[[Types, Params], Shape]:
    return lambda types, params: square(types[0], name)


def transposed_shape(types: Types, params: Params) -> Shape:
    *lead, m, n = matrices(types[0], "pinv")
    return (*lead, n, m)


FLOATING = of_first(float_dtype)
SQUARES = ((4, 4), (2, 3, 3), (0, 0), (1, 1))
OBLONG = ((4, 3), (3, 4), (2, 3, 2), (3, 3), (0, 2))

ROWS = (
    Op(
        name="solve",
        operands="a b",
        kernel=solve,
        rule=Typed(solve_shape, solve_dtype),
        numpy="np.linalg.solve(a, b)",
        doc="The solution x of a x = b. A singular matrix fails the op where it is computed.",
        samples=solve_samples,
        numeric=Numeric.TOLERANCE,
        flops=solve_flops,
    ),
    linear(
        "inv", inv, Typed(same_square("inv"), FLOATING),
        "The inverse. A singular matrix fails the op where it is computed.", 2,
        samples=matrix_samples(*SQUARES),
    ),
    linear(
        "det", np.linalg.det, Typed(det_shape, FLOATING), "The determinant.", 0.7,
        samples=matrix_samples(*SQUARES),
    ),
    linear(
        "cholesky", cholesky, Typed(same_square("cholesky"), FLOATING),
        "The factor L of x = L L*, or U of x = U* U. What is not positive definite fails the op.", 0.4,
        params={"upper": Param(kinds.flag, False)},
        numpy="np.linalg.cholesky(x, upper=upper)",
        samples=several(
            matrix_samples(*SQUARES, definite=True), matrix_samples((3, 3), definite=True, upper=True)
        ),
    ),
    linear(
        "eigh", eigh, TypedOutputs(eigh_shapes, eigh_dtypes),
        "Eigenvalues, rising, and eigenvectors of a symmetric or Hermitian matrix: two outputs. The first "
        "large element of each vector is positive.", 9,
        params={"UPLO": Param(kinds.choice("L", "U"), "L")},
        numpy="np.linalg.eigh(x, UPLO)",
        samples=several(
            matrix_samples(*SQUARES, definite=True), matrix_samples((3, 3), definite=True, UPLO="U")
        ),
    ),
    linear(
        "qr", qr, TypedOutputs(qr_shapes, qr_dtypes),
        "Orthogonal q and upper triangular r with x = q r: two outputs.", 3,
        params={"mode": Param(kinds.choice("reduced", "complete"), "reduced")},
        numpy="np.linalg.qr(x, mode)",
        samples=several(matrix_samples(*OBLONG), matrix_samples((4, 2), mode="complete")),
    ),
    linear(
        "svd", svd, TypedOutputs(svd_shapes, svd_dtypes),
        "u, the singular values s, falling, and vh, with x = u diag(s) vh: three outputs. The first large "
        "element of each column of u is positive.", 20,
        params={"full_matrices": Param(kinds.flag, True)},
        numpy="np.linalg.svd(x, full_matrices)",
        samples=several(matrix_samples(*OBLONG), matrix_samples((4, 2), full_matrices=False)),
    ),
    linear(
        "pinv", pinv, Typed(transposed_shape, FLOATING), "The Moore-Penrose inverse.", 25,
        params={"rcond": Param(kinds.number, 1e-15)},
        param_aliases={"rtol": "rcond"},
        numpy="np.linalg.pinv(x, rcond)",
        samples=several(matrix_samples(*OBLONG), matrix_samples((4, 2), rtol=1e-3)),
    ),
    linear(
        "matrix_power", matrix_power, Typed(same_square("matrix_power"), power_dtype),
        "A square matrix times itself n times; its inverse where n is negative.", 8,
        params={"n": Param(kinds.integer)},
        numpy="np.linalg.matrix_power(x, n)",
        samples=several(*(matrix_samples((3, 3), (2, 2, 2), (0, 0), n=n) for n in (0, 1, 3, -2))),
    ),
    linear(
        "norm", norm, Typed(norm_shape, of_first(real_dtype)),
        "The norm of vectors or matrices: Euclidean or Frobenius, or of another order.", 2,
        params={
            "ord": Param(order, None), "axis": Param(kinds.axis, None), "keepdims": Param(kinds.flag, False),
        },
        numpy="np.linalg.norm(x, float(ord) if ord in ('inf', '-inf') else ord, axis, keepdims)",
        samples=norm_samples,
    ),
    Op(
        name="trace",
        kernel=trace,
        rule=Typed(trace_shape, of_first(sum_dtype)),
        params={
            "offset": Param(kinds.integer, 0),
            "axis1": Param(kinds.integer, 0), "axis2": Param(kinds.integer, 1),
        },
        numpy="np.trace(x, offset, axis1, axis2)",
        doc="The sum along a diagonal.",
        samples=several(
            matrix_samples((3, 4), (4, 4), (2, 3, 3), (0, 2), dtypes="f8 f4 i4 u1"),
            matrix_samples((2, 3, 4), offset=-1, axis1=-1, axis2=0),
        ),
    ),
)  # fmt: skip
