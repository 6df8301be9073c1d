"""The array API's linear algebra, `R.linalg`: the op table's rows under the standard's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ravop.factory import FUNCTIONS
from ravop.missing import attributes_of
from ravop.naming import in_its_name
from ravop.standard import asarray
from ravop.tensor import Tensor
from ravspec.errors import ShapeError

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq", "matmul",
    "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "norm", "outer", "pinv", "qr",
    "slogdet", "solve", "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip

if not TYPE_CHECKING:  # else the checker would take every name for granted
    __getattr__, __dir__ = attributes_of(__name__)


class EigResult(NamedTuple):
    """Eigenvalues and eigenvectors, a column each."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class EighResult(NamedTuple):
    """Rising eigenvalues and eigenvectors, a column each."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """An orthogonal Q and an upper triangular R."""

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """The sign and the logarithm of the magnitude of a determinant."""

    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    """U, the singular values S, falling, and Vh, with x = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


cholesky, det, inv, lstsq, solve = (FUNCTIONS[name] for name in ("cholesky", "det", "inv", "lstsq", "solve"))
matmul, matrix_power, matrix_transpose = (
    FUNCTIONS[name] for name in ("matmul", "matrix_power", "matrix_transpose")
)
eigvals, eigvalsh, svdvals = (FUNCTIONS[name] for name in ("eigvals", "eigvalsh", "svdvals"))
norm, tensordot, vecdot, cross = (FUNCTIONS[name] for name in ("norm", "tensordot", "vecdot", "cross"))
diagonal = FUNCTIONS["matrix_diagonal"]


@in_its_name
def eig(x: Tensor, /) -> EigResult:
    """Eigenvalues and eigenvectors of square matrices, shape (..., n, n); complex, in no particular order."""
    return EigResult(*FUNCTIONS["eig"](x))


@in_its_name
def eigh(x: Tensor, /) -> EighResult:
    """Rising eigenvalues and eigenvectors of symmetric or Hermitian matrices, shape (..., n, n)."""
    return EighResult(*FUNCTIONS["eigh"](x))


@in_its_name
def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Orthogonal Q and upper triangular R with x = Q R; mode "complete" has a square Q."""
    return QRResult(*FUNCTIONS["qr"](x, mode=mode))


@in_its_name
def slogdet(x: Tensor, /) -> SlogdetResult:
    """The sign and the logarithm of the magnitude of determinants."""
    return SlogdetResult(*FUNCTIONS["slogdet"](x))


@in_its_name
def svd(x: Tensor, /, *, full_matrices: bool = True) -> SVDResult:
    """The singular value decomposition of matrices, shape (..., m, n)."""
    return SVDResult(*FUNCTIONS["svd"](x, full_matrices=full_matrices))


@in_its_name
def pinv(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """The Moore-Penrose inverse; singular values up to rtol times the largest count as zero.

    rtol: a number, or a tensor of one for each matrix; max(m, n) times the dtype's epsilon by default.
    """
    x = asarray(x)
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps) if x.dtype.kind in "fc" else 1e-15
    if isinstance(rtol, Tensor) and rtol.ndim:
        return _pinv_of_each(x, rtol)
    result: Tensor = FUNCTIONS["pinv"](x, rcond=float(rtol))
    return result


def _pinv_of_each(x: Tensor, rtol: Tensor) -> Tensor:
    """The same by the singular values, with a limit for each matrix."""
    u, s, vh = svd(x, full_matrices=False)
    kept = s > s[..., :1] * rtol[..., None]
    inverse: Tensor = FUNCTIONS["where"](kept, 1 / FUNCTIONS["where"](kept, s, 1), 0)
    result: Tensor = vh.conj().mT @ (inverse[..., None] * u.conj().mT)
    return result


@in_its_name
def matrix_rank(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """How many singular values are larger than rtol times the largest. rtol: a number, or one a matrix."""
    if isinstance(rtol, Tensor) and rtol.ndim:
        values: Tensor = svdvals(x)
        counted: Tensor = (values > values[..., :1] * rtol[..., None]).sum(axis=-1)
        return counted
    result: Tensor = FUNCTIONS["matrix_rank"](x, rtol=rtol if rtol is None else float(rtol))
    return result


@in_its_name
def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """The norm of each matrix of a stack: Frobenius ("fro"), nuclear ("nuc"), 1, 2, infinite, or negated."""
    x = asarray(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_norm needs a matrix; got shape {x.shape}")
    result: Tensor = norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)
    return result


@in_its_name
def vector_norm(x: Tensor, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """The norm of all elements, or of those along axes, as one vector."""
    result: Tensor = FUNCTIONS["vector_norm"](x, ord=ord, axis=axis, keepdims=keepdims)
    return result


@in_its_name
def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The outer product of two vectors."""
    x1, x2 = asarray(x1), asarray(x2)
    for x in (x1, x2):
        if x.ndim != 1:
            raise ShapeError(f"linalg.outer takes vectors; got shape {x.shape}")
    result: Tensor = FUNCTIONS["outer"](x1, x2)
    return result


@in_its_name
def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sums of the diagonals of matrices, shape (..., m, n)."""
    result: Tensor = diagonal(x, offset=offset).sum(axis=-1, dtype=dtype)
    return result
