"""Eigenvalues and singular values of matrices, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravspec.ops import params as kinds
from ravspec.ops.linalg import checked, linear, matrices, matrix_samples, phases, square
from ravspec.ops.op import Op, as_array, as_int64
from ravspec.ops.params import Param
from ravspec.ops.samples import several
from ravspec.shapes import (
    INT64,
    DType,
    Params,
    Shape,
    Typed,
    TypedOutputs,
    Types,
    always,
    float_dtype,
    of_first,
    real_dtype,
    strong,
)


def complex_dtype(dtype: DType) -> DType:
    """The complex dtype with parts as precise as the operand."""
    return np.dtype("c8") if dtype in (np.float32, np.complex64) else np.dtype("c16")


def rising(values: Any) -> Any:
    """The order of eigenvalues, which LAPACK leaves open: by real part, where those agree by imaginary part.

    Real parts that differ by rounding only agree, as those of a skew-symmetric matrix, which are all zero.
    """
    grain = 1e-3 if values.dtype == np.complex64 else 1e-6
    size = grain * np.abs(values).max(-1, initial=0.0, keepdims=True)
    real = np.round(values.real / np.where(size > 0, size, 1))
    return np.lexsort((values.imag, real), -1)


def eig(x: Any) -> tuple[Any, ...]:
    """Complex also where all eigenvalues are real, so that the dtype does not depend on the values."""
    x = as_array(x)
    values, vectors = np.linalg.eig(x)
    dtype = complex_dtype(x.dtype)
    values = checked(values.astype(dtype), "Eigenvalues did not converge", x)
    order = rising(values)
    vectors = np.take_along_axis(vectors, order[..., np.newaxis, :], -1)
    return np.take_along_axis(values, order, -1), (vectors * phases(vectors)).astype(dtype)


def eigvals(x: Any) -> Any:
    x = as_array(x)
    values = np.linalg.eigvals(x).astype(complex_dtype(x.dtype))
    values = checked(values, "Eigenvalues did not converge", x)
    return np.take_along_axis(values, rising(values), -1)


def eigvalsh(x: Any, UPLO: Any) -> Any:
    return checked(np.linalg.eigvalsh(x, UPLO), "Eigenvalues did not converge", x)


def svdvals(x: Any) -> Any:
    return checked(np.linalg.svdvals(x), "SVD did not converge", x)


def slogdet(x: Any) -> tuple[Any, ...]:
    return tuple(np.linalg.slogdet(x))


def matrix_rank(x: Any, rtol: float | None) -> Any:
    x = as_array(x)
    return as_int64(np.linalg.matrix_rank(x, rtol=rtol) if x.size else np.zeros(x.shape[:-2]))


def of_square(name: str) -> Callable[[Types, Params], Shape]:
    """A vector for each matrix."""
    return lambda types, params: square(types[0], name)[:-1]


def svdvals_shape(types: Types, params: Params) -> Shape:
    *lead, m, n = matrices(types[0], "svdvals")
    return (*lead, min(m, n))


def rank_shape(types: Types, params: Params) -> Shape:
    return matrices(types[0], "matrix_rank")[:-2]


def eig_shapes(types: Types, params: Params) -> list[Shape]:
    shape = square(types[0], "eig")
    return [shape[:-1], shape]


def eig_dtypes(types: Types, params: Params) -> list[DType]:
    return [complex_dtype(strong(types[0]))] * 2


def slogdet_shapes(types: Types, params: Params) -> list[Shape]:
    return [square(types[0], "slogdet")[:-2]] * 2


def slogdet_dtypes(types: Types, params: Params) -> list[DType]:
    dtype = float_dtype(strong(types[0]))
    return [dtype, real_dtype(dtype)]


REAL = of_first(real_dtype)
SQUARES = ((4, 4), (2, 3, 3), (0, 0), (1, 1))
OBLONG = ((4, 3), (3, 4), (2, 3, 2), (3, 3), (0, 2))
#: with eigenvalues apart from one another, so that their order is no matter of rounding
TRIANGLES = "f8 f4 c16 i8"


def triangular(rng: np.random.Generator) -> list[Any]:
    calls: list[Any] = []
    for dtype in TRIANGLES.split():
        x = np.diag([1.0, 4.0, 9.0, 16.0]) + np.triu(rng.integers(-2, 3, (4, 4)), 1)
        calls.append(((x.astype(dtype),), {}))
    return [*calls, ((np.stack([x, x.T]),), {}), ((np.zeros((0, 0)),), {})]


ROWS: tuple[Op, ...] = (
    linear(
        "eig", eig, TypedOutputs(eig_shapes, eig_dtypes),
        "Eigenvalues and eigenvectors of a square matrix, complex, rising by real part, then by imaginary "
        "part: two outputs. The first large element of each vector is positive.", 25,
        numpy="np.linalg.eig(x * (1 + 0j))",
        samples=triangular,
    ),
    linear(
        "eigvals", eigvals, Typed(of_square("eigvals"), of_first(complex_dtype)),
        "The eigenvalues of a square matrix, complex, rising by real part, then by imaginary part.", 10,
        numpy="np.linalg.eigvals(x * (1 + 0j))",
        samples=triangular,
    ),
    linear(
        "eigvalsh", eigvalsh, Typed(of_square("eigvalsh"), REAL),
        "The eigenvalues, rising, of a symmetric or Hermitian matrix.", 4,
        params={"UPLO": Param(kinds.choice("L", "U"), "L")},
        numpy="np.linalg.eigvalsh(x, UPLO)",
        samples=matrix_samples(*SQUARES, definite=True),
    ),
    linear(
        "svdvals", svdvals, Typed(svdvals_shape, REAL), "The singular values, falling.", 6,
        samples=matrix_samples(*OBLONG),
    ),
    linear(
        "slogdet", slogdet, TypedOutputs(slogdet_shapes, slogdet_dtypes),
        "The determinant's sign and the logarithm of its magnitude: two outputs.", 0.7,
        samples=matrix_samples(*SQUARES),
    ),
    linear(
        "matrix_rank", matrix_rank, Typed(rank_shape, always(INT64)),
        "How many singular values are larger than rtol times the largest.", 6,
        params={"rtol": Param(kinds.optional(kinds.number), None)},
        numpy="np.linalg.matrix_rank(x, rtol=rtol) if x.size else np.zeros(x.shape[:-2], int)",
        samples=several(matrix_samples(*OBLONG), matrix_samples((4, 2), rtol=1e-3)),
    ),
)  # fmt: skip
