"""Products of matrices by our own kernel, as this build of NumPy has no BLAS: 10 to 20 times faster.

The rows matmul, dot and tensordot get kernels that hand large float matrices over and leave everything else
to NumPy. Where WebAssembly has no SIMD there is no kernel, and einsum, which is 5 times faster than
matmul here, takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ravspec.ops import OPS
from ravspec.ops.op import as_array
from ravspec.ops.products import contracted

#: multiply-adds from which a call of the kernel pays: matrices of 64
WORTHWHILE = 64**3

Product = Callable[[Any, Any], Any]


def address(array: Any) -> int:
    """Where an array's bytes begin."""
    return int(array.__array_interface__["data"][0])


def by_kernel(multiply: Any, room_bytes: int) -> Product:
    """The product of two float64 matrices by the kernel, a JavaScript function of addresses and lengths."""
    room = np.empty(room_bytes, np.uint8)

    def product(a: Any, b: Any) -> Any:
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
        out = np.empty((a.shape[0], b.shape[1]))
        multiply(address(a), address(b), address(out), *a.shape, b.shape[1], address(room))
        return out

    return product


def by_einsum(a: Any, b: Any) -> Any:
    """The same where there is no kernel."""
    return np.einsum("ij,jk->ik", a, b)


def widened(product: Product) -> Product:
    """Single precision is computed in double: faster than NumPy here, and closer."""

    def either(a: Any, b: Any) -> Any:
        dtype = np.result_type(a, b)
        out = product(a.astype(np.float64, copy=False), b.astype(np.float64, copy=False))
        return out.astype(dtype, copy=False)

    return either


def is_large(a: Any, b: Any) -> bool:
    """Float matrices that are worth handing over?"""
    return (
        isinstance(a, np.ndarray)
        and isinstance(b, np.ndarray)
        and a.ndim == b.ndim == 2
        and {a.dtype.name, b.dtype.name} <= {"float64", "float32"}
        and a.shape[1] == b.shape[0]
        and a.shape[0] * a.shape[1] * b.shape[1] >= WORTHWHILE
    )


def stacked(product: Product) -> Product:
    """matmul: matrices of stacks are taken one by one."""

    def matmul(x1: Any, x2: Any) -> Any:
        if is_large(x1, x2):
            return product(x1, x2)
        if not (np.ndim(x1) > 2 or np.ndim(x2) > 2) or min(np.ndim(x1), np.ndim(x2)) < 2:
            return np.matmul(x1, x2)
        lead = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        if not math.prod(lead) or not is_large(x1[(0,) * (x1.ndim - 2)], x2[(0,) * (x2.ndim - 2)]):
            return np.matmul(x1, x2)
        left = np.broadcast_to(x1, lead + x1.shape[-2:]).reshape(-1, *x1.shape[-2:])
        right = np.broadcast_to(x2, lead + x2.shape[-2:]).reshape(-1, *x2.shape[-2:])
        out = np.stack([product(a, b) for a, b in zip(left, right, strict=True)])
        return out.reshape(lead + out.shape[1:])

    return matmul


def dotted(product: Product) -> Product:
    """dot: of two matrices it is matmul."""

    def dot(x1: Any, x2: Any) -> Any:
        x1, x2 = as_array(x1), as_array(x2)
        return product(x1, x2) if is_large(x1, x2) else np.dot(x1, x2)

    return dot


def contracting(product: Product) -> Callable[..., Any]:
    """tensordot: the axes that are summed over moved together, it is a product of matrices."""

    def tensordot(x1: Any, x2: Any, axes: Any) -> Any:
        x1, x2 = as_array(x1), as_array(x2)
        left, right = contracted(axes, x1.ndim, x2.ndim)
        keep = [i for i in range(x1.ndim) if i not in left], [j for j in range(x2.ndim) if j not in right]
        inner = math.prod(x1.shape[i] for i in left)
        a = x1.transpose(*keep[0], *left).reshape(-1, inner) if inner else x1
        b = x2.transpose(*right, *keep[1]).reshape(inner, -1) if inner else x2
        if not is_large(a, b):
            return np.tensordot(x1, x2, axes)
        shape = [x1.shape[i] for i in keep[0]] + [x2.shape[j] for j in keep[1]]
        return product(a, b).reshape(shape)

    return tensordot


def put_to_work(multiply: Any, room_bytes: int) -> None:
    """Give the rows of products their kernels; `multiply` None: einsum."""
    product = widened(by_einsum if multiply is None else by_kernel(multiply, room_bytes))
    faster = {"matmul": stacked(product), "dot": dotted(product), "tensordot": contracting(product)}
    for name, function in faster.items():
        OPS[name] = replace(OPS[name], kernel=function)
