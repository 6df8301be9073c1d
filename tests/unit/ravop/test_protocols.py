"""NumPy's functions and ufuncs on tensors, and libraries that take any array API namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ravop as R

X = np.arange(1.0, 13.0).reshape(3, 4)

CALLS: list[Callable[[Any], Any]] = [
    lambda x: np.mean(x, axis=0), lambda x: np.std(x, axis=1), lambda x: np.argmax(x), lambda x: np.sort(x),
    lambda x: np.add(x, 1), lambda x: np.float64(2) * x, lambda x: X + x, lambda x: X @ x.T,
    lambda x: np.concatenate([x, x], 1), lambda x: np.stack([x, X], axis=1), lambda x: np.where(x > 3, x, 0),
    lambda x: np.clip(x, 2, 5), lambda x: np.reshape(x, (2, 6)), lambda x: np.transpose(x, (1, 0)),
    lambda x: np.transpose(x), lambda x: np.linalg.norm(x), lambda x: np.linalg.svd(x)[1],
    lambda x: np.fft.fft(x, norm=None), lambda x: np.percentile(x, 30, axis=0), lambda x: np.zeros_like(x),
    lambda x: np.add.reduce(x), lambda x: np.multiply.reduce(x, axis=1), lambda x: np.add.accumulate(x),
    lambda x: np.maximum.reduce(x, axis=None), lambda x: np.meshgrid(x[0], x[1])[0], lambda x: np.diff(x),
    lambda x: np.broadcast_arrays(x, X[0])[1], lambda x: np.cumsum(x, 0),
    lambda x: np.take(x, [0, 2], axis=1), lambda x: np.where(x > 3)[1], lambda x: np.where(x[0])[0],
    lambda x: (x * 2j).imag, lambda x: x.real, lambda x: x[0].nonzero()[0], lambda x: np.split(x, 1)[0],
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_numpys_functions_build_ops(call: Callable[[Any], Any]) -> None:
    x = R.asarray(X)
    got, want = call(x), call(X)
    assert isinstance(got, R.Tensor)
    assert x.graph.waits == 0, "nothing was computed"
    assert (got.shape, got.dtype) == (np.shape(want), np.asarray(want).dtype)
    np.testing.assert_allclose(got(), want, rtol=1e-12)


def test_unique_comes_with_its_extras() -> None:
    values = np.array([3, 1, 3, 2])
    got = np.unique(R.asarray(values), return_inverse=True, return_counts=True)
    want = np.unique(values, return_inverse=True, return_counts=True)
    assert [part().tolist() for part in got] == [part.tolist() for part in want]
    assert np.unique(R.asarray([1.0, np.nan, np.nan]))().size == 2
    assert np.unique(R.asarray([1.0, np.nan, np.nan]), equal_nan=False)().size == 3
    with pytest.raises(R.UnknownOp, match="along an axis"):
        np.unique(R.asarray(X), axis=0)


def test_parts_and_positions_are_tuples_where_there_is_one() -> None:
    x = R.asarray(X[0])
    for parts in (R.split(x, 1), x.split(1), R.nonzero(x), x.nonzero(), np.where(x)):
        assert isinstance(parts, tuple) and [part.shape for part in parts if part() is not None] == [(4,)]


def test_dtypes_are_asked_of_numpy_with_its_words() -> None:
    x = R.asarray(X)
    assert np.result_type(x, np.float32, 1j) == np.complex128
    assert np.can_cast(x, np.float32, casting="same_kind") and not np.can_cast(x, np.float32)
    assert x.graph.waits == 0


def test_what_only_looks_does_not_compute() -> None:
    x = R.asarray(X) + 1
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)) == ((3, 4), 2, 12, 4)
    assert np.isrealobj(x) and not np.iscomplexobj(x)
    assert x.graph.waits == 0


def test_what_the_vocabulary_lacks_is_named_with_the_nearest() -> None:
    x = R.asarray(X)
    with pytest.raises(R.UnknownOp, match=r"numpy\.apply_along_axis .*call the tensor.*take_along_axis"):
        np.apply_along_axis(np.sum, 0, x)
    with pytest.raises(TypeError):
        np.add(x, 1, where=X > 3)
    with pytest.raises(TypeError):
        np.add.at(x, 0, 1)


def test_out_may_be_a_tensor_and_no_array() -> None:
    x = R.asarray(X)
    assert np.add(x, 1, out=x) is x
    np.testing.assert_array_equal(x(), X + 1)
    a = X.copy()
    with pytest.raises(TypeError):
        a += x


def test_einops_takes_tensors() -> None:
    einops = pytest.importorskip("einops", reason="einops is not installed; it is in the dev extra")
    import ravop.einops  # noqa: F401 - makes itself known

    x = R.asarray(X)
    np.testing.assert_array_equal(
        einops.rearrange(x, "a (b c) -> c a b", c=2)(), einops.rearrange(X, "a (b c) -> c a b", c=2)
    )
    np.testing.assert_array_equal(einops.reduce(x, "a b -> b", "max")(), X.max(0))
    np.testing.assert_array_equal(einops.repeat(x, "a b -> a b r", r=2)(), np.repeat(X[..., None], 2, 2))
    np.testing.assert_allclose(einops.einsum(x, x, "a b, c b -> a c")(), X @ X.T)
    assert einops.parse_shape(x, "a b") == {"a": 3, "b": 4}


def test_opt_einsum_takes_tensors() -> None:
    opt_einsum = pytest.importorskip(
        "opt_einsum", reason="opt_einsum is not installed; it is in the dev extra"
    )
    x = R.asarray(X)
    got = opt_einsum.contract("ab,cb,cd->ad", x, x, x)
    assert isinstance(got, R.Tensor)
    np.testing.assert_allclose(got(), X @ X.T @ X)


def test_array_api_extra_takes_tensors() -> None:
    xpx = pytest.importorskip(
        "array_api_extra", reason="array-api-extra is not installed; it is in the dev extra"
    )
    x = R.asarray(X)
    np.testing.assert_allclose(xpx.cov(x)(), np.cov(X))
    np.testing.assert_array_equal(xpx.kron(x, x)(), np.kron(X, X))
    np.testing.assert_array_equal(xpx.pad(x, 1)(), np.pad(X, 1))
    np.testing.assert_array_equal(xpx.one_hot(R.asarray([0, 2]), 3)(), [[1, 0, 0], [0, 0, 1]])
    doubled = xpx.apply_where(x > 3, x, lambda v: v * 2, fill_value=0.0)
    np.testing.assert_array_equal(doubled(), np.where(X > 3, 2 * X, 0))
    np.testing.assert_array_equal(xpx.at(x, x > 3).set(0.0, copy=True)(), np.where(X > 3, 0, X))
    np.testing.assert_array_equal(x(), X)


def test_xarray_wraps_tensors() -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is not installed; it is in the dev extra")
    x = R.asarray(X)
    table = xarray.DataArray(x, dims=("a", "b"))
    assert "Tensor" in repr(table) and x.graph.waits == 0
    for got, want in (
        ((table + 1).isel(a=0), X[0] + 1), (table.where(table > 3, 0.0), np.where(X > 3, X, 0)),
        (xarray.concat([table, table], "a"), np.concatenate([X, X])), (table.transpose("b", "a"), X.T),
        (table.mean("a"), X.mean(0)),
    ):  # fmt: skip
        assert isinstance(got.data, R.Tensor)
        np.testing.assert_allclose(got.data(), want)
