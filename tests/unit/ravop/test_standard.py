"""What the array API has beside the op table, against NumPy; and handles that are assigned to."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import ravop as R

X = np.arange(12.0).reshape(3, 4)


def same(got: Any, want: Any) -> None:
    """Equal in value, shape and dtype; tuples part by part."""
    if isinstance(want, tuple | list):
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            same(one, other)
        return
    want = np.asarray(want)
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    np.testing.assert_allclose(got(), want, rtol=1e-12, atol=1e-12)


def test_the_namespace_is_its_own() -> None:
    x = R.asarray(X)
    assert x.__array_namespace__() is R
    assert x.__array_namespace__(api_version="2024.12") is R
    with pytest.raises(ValueError, match="follows"):
        x.__array_namespace__(api_version="1999.01")
    assert x.to_device(x.device) is x
    with pytest.raises(ValueError, match="cuda"):
        R.zeros(3, device="cuda")


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("empty", ((2, 3),), {}), ("zeros", (3,), {"dtype": R.int32, "device": "rdf"}),
        ("full", ((2,), 7), {"device": None}), ("linspace", (0, 1), {"num": 5}), ("eye", (3,), {"k": 1}),
        ("arange", (2, 9, 2), {}),
    ],
)  # fmt: skip
def test_creation_takes_a_device(name: str, args: Any, options: dict[str, Any]) -> None:
    there = {key: value for key, value in options.items() if key != "device"}
    want = np.zeros(*args) if name == "empty" else getattr(np, name)(*args, **there)
    same(getattr(R, name)(*args, **options), want)


def test_functions_composed_of_ops_are_numpys() -> None:
    x = R.asarray(X)
    same(R.meshgrid([1, 2, 3], [4, 5]), np.meshgrid([1, 2, 3], [4, 5]))
    same(R.meshgrid([1, 2], [4], [6, 7], indexing="ij"), np.meshgrid([1, 2], [4], [6, 7], indexing="ij"))
    same(R.broadcast_arrays(x, X[0]), np.broadcast_arrays(X, X[0]))
    assert R.broadcast_shapes((3, 1), (4,)) == (3, 4)
    same(R.unstack(x, axis=1), np.unstack(X, axis=1))
    running = R.cumulative_sum(x, axis=1, include_initial=True)
    same(running, np.cumulative_sum(X, axis=1, include_initial=True))
    same(R.cumulative_prod(x[0]), np.cumulative_prod(X[0]))
    same(R.diff(x, axis=0, n=2), np.diff(X, axis=0, n=2))
    same(R.diff(x, prepend=x[:, :1]), np.diff(X, prepend=X[:, :1]))
    same(R.diff(x > 3), np.diff(X > 3))
    same(R.permute_dims(x, (1, 0)), X.T)
    same(R.repeat(x, R.asarray([1, 0, 2]), axis=0), np.repeat(X, [1, 0, 2], axis=0))
    same(R.std(x, correction=1), np.std(X, correction=1))
    same(R.searchsorted([3.0, 1.0], 2.0, sorter=[1, 0]), np.searchsorted([3.0, 1.0], 2.0, sorter=[1, 0]))
    same(R.nonzero(x[0]), np.nonzero(X[0]))
    same(R.unique_all([3, 1, 3]), np.unique_all(np.array([3, 1, 3])))
    same(R.sort(x, axis=0, descending=True), X[::-1])
    same(R.argsort([2, 1, 2], descending=True), [0, 2, 1])


def test_linear_algebra_and_fourier_transforms_have_their_modules() -> None:
    a = X[:, :3] + np.diag([9.0, 8.0, 7.0])
    t = R.asarray(a)
    assert R.linalg.slogdet(t).logabsdet.shape == ()
    same(R.linalg.slogdet(t), np.linalg.slogdet(a))
    u, s, vh = R.linalg.svd(t)
    np.testing.assert_allclose((u * s @ vh)(), a, atol=1e-10)
    values, vectors = R.linalg.eig(t)
    np.testing.assert_allclose((t @ vectors)(), (vectors * values)(), atol=1e-9)
    stack, limits = np.stack([a, a.T]), R.asarray([1e-6, 0.5])
    same(R.linalg.pinv(R.asarray(stack), rtol=limits), np.linalg.pinv(stack, rtol=np.array([1e-6, 0.5])))
    want = np.linalg.matrix_rank(stack, rtol=np.array([1e-6, 0.5]))
    same(R.linalg.matrix_rank(R.asarray(stack), rtol=limits), want)
    same(R.linalg.trace(t), np.linalg.trace(a))
    same(R.linalg.matrix_norm(t), np.linalg.matrix_norm(a))
    same(R.linalg.vector_norm(t, axis=0, ord=R.inf), np.linalg.vector_norm(a, axis=0, ord=np.inf))
    with pytest.raises(R.ShapeError, match="vectors"):
        R.linalg.outer(t, t)
    same(R.fft.fftfreq(5, d=0.5), np.fft.fftfreq(5, 0.5))
    same(R.fft.rfftfreq(6), np.fft.rfftfreq(6))
    same(R.fft.fftshift(t), np.fft.fftshift(a))
    same(R.fft.ifftshift(t, axes=1), np.fft.ifftshift(a, axes=1))
    same(R.fft.irfft(R.fft.rfft(t), n=3), a)


def test_an_assignment_renames_one_handle_and_leaves_others() -> None:
    x = R.asarray(X)
    other, row = R.asarray(x, copy=True), x[0]
    x[0] = -1
    x[x > 9] = 0.5
    want = X.copy()
    want[0] = -1
    want[want > 9] = 0.5
    same(x, want)
    same(other, X)
    same(row, X[0])
    with pytest.raises(R.ShapeError):
        x[0] = [1, 2, 3]


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"])
def test_operators_in_place_keep_the_handle(name: str) -> None:
    apply = getattr(operator, name)
    x = before = R.asarray(X)
    x = apply(x, 2)
    assert x is before
    same(x, apply(X.copy(), 2))
    narrow = R.asarray([1, 2], dtype=R.int8)
    with pytest.raises(R.DTypeError, match="astype"):
        narrow += R.asarray([0.5, 1.5])
    with pytest.raises(R.ShapeError):
        narrow += R.asarray([[1], [2]], dtype=R.int8)


def test_dtypes_are_asked_without_computing() -> None:
    x = R.asarray([1], dtype=R.float32)
    assert R.isdtype(x.dtype, ("integral", "real floating")) and not R.isdtype(R.bool, "numeric")
    assert R.result_type(x, 1.0) == R.float32 and R.result_type(R.int8, R.uint8) == R.int16
    assert R.can_cast(R.int32, R.int64) and not R.can_cast(R.float64, R.float32)
    assert R.finfo(x).bits == 32 and type(R.finfo(x).eps) is float and R.iinfo(R.uint8).max == 255
    info = R.__array_namespace_info__()
    assert info.dtypes(kind="unsigned integer").keys() == {"uint8", "uint16", "uint32", "uint64"}
    assert info.dtypes()[x.dtype.name] == x.dtype and hash(info.dtypes()["float32"]) == hash(x.dtype)
    assert info.default_dtypes()["integral"] == R.int64 and info.devices() == (x.device,)
    with pytest.raises(ValueError, match="kind"):
        R.isdtype(R.int8, "integers")
    with pytest.raises(R.DTypeError, match="finfo"):
        R.iinfo(R.float32)
    with pytest.raises(ValueError, match="alone"):
        R.result_type(1, 2.0)


def test_constants_are_numbers_that_rdf_calls() -> None:
    assert R.pi == np.pi and R.pi()() == np.pi
    assert (R.ones(2, dtype=R.float32) * R.pi).dtype == R.float32, "as weak as any Python number"
    assert R.asarray([1.0])[R.newaxis].shape == (1, 1)


def test_arrays_come_by_dlpack_and_go() -> None:
    same(R.from_dlpack(X), X)
    np.testing.assert_array_equal(np.from_dlpack(R.asarray(X)), X)
    with pytest.raises(BufferError, match="copied"):
        R.from_dlpack(X, copy=False)
    with pytest.raises(ValueError, match="copied"):
        R.asarray([1.0], copy=False)


def test_a_part_of_a_value_that_is_here_is_here() -> None:
    x = R.asarray(X)
    assert float(x[1, 2]) == 6.0 and x[0, ::2]().tolist() == [0.0, 2.0]
    assert x.graph.waits == 0
    assert x[x > 3]().size == 8
    assert x.graph.waits == 1
