"""NumPy's functions that are composed of ops: called as R's and as NumPy's, with NumPy's values and types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ravop as R

X = np.array([[3.0, 1.0, 4.0, 1.5], [5.0, 9.0, 2.0, 6.0], [5.5, 3.0, 5.0, 8.0]])
V, N = X[0], np.array([[1, -2], [3, 4]])
HOLES = np.array([[np.nan, 1.0, np.inf], [-np.inf, 2.0, np.nan]])

#: a call on any namespace, of what `t` makes of an array
CALLS: list[Callable[[Any, Any], Any]] = [
    lambda xp, t: xp.atleast_1d(t(np.array(2.0))), lambda xp, t: xp.atleast_2d(t(V)),
    lambda xp, t: xp.atleast_3d(t(V)), lambda xp, t: xp.atleast_3d(t(X)),
    lambda xp, t: xp.atleast_2d(t(V), t(X))[0], lambda xp, t: xp.hstack([t(V), t(V)]),
    lambda xp, t: xp.hstack([t(X), t(X)]), lambda xp, t: xp.vstack([t(V), t(X)]),
    lambda xp, t: xp.dstack([t(X), t(X)]), lambda xp, t: xp.dstack([t(V), t(V)]),
    lambda xp, t: xp.column_stack([t(X[:, 0]), t(X)]), lambda xp, t: xp.append(t(X), t(V)),
    lambda xp, t: xp.append(t(X), t(X), axis=1), lambda xp, t: xp.fliplr(t(X)),
    lambda xp, t: xp.flipud(t(X)), lambda xp, t: xp.rot90(t(X)), lambda xp, t: xp.rot90(t(X), 2),
    lambda xp, t: xp.rot90(t(X), -1), lambda xp, t: xp.rot90(t(X), 4),
    lambda xp, t: xp.rot90(t(X), 3, (1, 0)),
    lambda xp, t: xp.inner(t(X), t(V)), lambda xp, t: xp.inner(t(X), t(X[:2])),
    lambda xp, t: xp.inner(t(X), t(np.array(2.0))), lambda xp, t: xp.vdot(t(X + 1j), t(X)),
    lambda xp, t: xp.kron(t(X), t(N)), lambda xp, t: xp.kron(t(V), t(N)), lambda xp, t: xp.kron(t(N), t(N)),
    lambda xp, t: xp.polyval(t(V), t(X)), lambda xp, t: xp.polyval(t(N[0]), t(N)),
    lambda xp, t: xp.vander(t(V)), lambda xp, t: xp.vander(t(N[1]), 4, increasing=True),
    lambda xp, t: xp.vander(t(V.astype("f4")), 1), lambda xp, t: xp.vander(t(V), 0),
    lambda xp, t: xp.isclose(t(X), t(X + 1e-9)), lambda xp, t: xp.isclose(t(HOLES), t(HOLES)),
    lambda xp, t: xp.isclose(t(HOLES), t(HOLES), equal_nan=True),
    lambda xp, t: xp.isclose(t(N), t(N + 1), 0.3),
    lambda xp, t: xp.isclose(t(N > 0), t(N > 1)), lambda xp, t: xp.nan_to_num(t(HOLES)),
    lambda xp, t: xp.nan_to_num(t(HOLES.astype("f4")), nan=7.0, neginf=-1.0),
    lambda xp, t: xp.nan_to_num(t(N)), lambda xp, t: xp.nancumsum(t(HOLES[:, :2]), axis=1),
    lambda xp, t: xp.nancumprod(t(HOLES[:, ::2])), lambda xp, t: xp.nancumsum(t(N)),
    lambda xp, t: xp.cov(t(X)), lambda xp, t: xp.cov(t(V)), lambda xp, t: xp.cov(t(V), t(X[1]), ddof=0),
    lambda xp, t: xp.cov(t(X), rowvar=False, bias=True), lambda xp, t: xp.cov(t(X + 1j * X[::-1])),
    lambda xp, t: xp.corrcoef(t(X)), lambda xp, t: xp.corrcoef(t(V), t(X[1])),
    lambda xp, t: xp.corrcoef(t(V)),
    lambda xp, t: xp.corrcoef(t(X), rowvar=False), lambda xp, t: xp.ediff1d(t(X)),
    lambda xp, t: xp.ediff1d(t(N), to_begin=t(np.array([0])), to_end=t(np.array([7, 8]))),
    lambda xp, t: xp.trapezoid(t(X)), lambda xp, t: xp.trapezoid(t(X), dx=0.5, axis=0),
    lambda xp, t: xp.trapezoid(t(X), x=t(np.array([0.0, 1.0, 4.0, 5.0]))),
    lambda xp, t: xp.trapezoid(t(X), x=t(np.sort(X, 0)), axis=0),
    lambda xp, t: xp.digitize(t(X), [1.0, 3.0, 5.0]), lambda xp, t: xp.digitize(t(X), [5.0, 3.0, 1.0]),
    lambda xp, t: xp.digitize(t(X), [5.0, 3.0, 1.0], right=True),
    lambda xp, t: xp.digitize(t(X), t(np.sort(V))),
    lambda xp, t: xp.gradient(t(V)), lambda xp, t: xp.gradient(t(X), 2.0, axis=1),
    lambda xp, t: xp.gradient(t(X), np.array([0.0, 1.0, 3.0]), np.array([0.0, 0.5, 2.0, 3.0]))[0],
    lambda xp, t: xp.gradient(t(X), np.array([0.0, 1.0, 3.0]), np.array([0.0, 0.5, 2.0, 3.0]))[1],
    lambda xp, t: xp.gradient(t(X), 2.0)[1], lambda xp, t: xp.gradient(t(X), 1.0, 0.5)[0],
    lambda xp, t: xp.gradient(t(X), edge_order=2)[0], lambda xp, t: xp.gradient(t(V), 0.5, edge_order=2),
    lambda xp, t: xp.gradient(t(V), np.array([0.0, 0.5, 2.0, 3.0]), edge_order=2),
    lambda xp, t: xp.gradient(t(X), np.array([0.0, 1.0, 3.0]), axis=0, edge_order=2),
    lambda xp, t: xp.interp(t(X), t(V), t(X[1]), period=3.5),
    lambda xp, t: xp.nanargmax(t(HOLES[:, 1:]), axis=0),
    lambda xp, t: xp.nanargmin(t(HOLES)), lambda xp, t: np.maximum.accumulate(t(X), axis=1),
    lambda xp, t: np.minimum.accumulate(t(X)), lambda xp, t: xp.histogram(t(X), 4, weights=t(X))[0],
    lambda xp, t: xp.histogram(t(X), [0.0, 2.0, 9.0], weights=t(X), density=True)[0],
    lambda xp, t: xp.flatnonzero(t(X > 4)), lambda xp, t: xp.argwhere(t(X > 4)),
    lambda xp, t: xp.union1d(t(N), t(V)), lambda xp, t: xp.intersect1d(t(X), t(X[1])),
    lambda xp, t: xp.setdiff1d(t(X), t(X[1])), lambda xp, t: xp.array_split(t(V), 3)[0],
    lambda xp, t: xp.array_split(t(X), 5, axis=1)[4], lambda xp, t: xp.array_split(t(X), [1], axis=-1)[1],
    lambda xp, t: xp.hsplit(t(X), 2)[1], lambda xp, t: xp.hsplit(t(V), [1, 3])[1],
    lambda xp, t: xp.vsplit(t(X), 3)[2], lambda xp, t: xp.diagonal(t(X), 1),
    lambda xp, t: xp.diagonal(t(X[None] * N[:, :1, None]), -1, 2, 0), lambda xp, t: xp.angle(t(X - 2j)),
    lambda xp, t: xp.angle(t(N), deg=True), lambda xp, t: xp.sinc(t(X - 3)), lambda xp, t: xp.sinc(t(N)),
    lambda xp, t: xp.clip(t(X), 2, None), lambda xp, t: xp.clip(t(X), None, t(V)),
    lambda xp, t: xp.gradient(t(N), axis=0), lambda xp, t: xp.gradient(t(X.astype("f4")), axis=-1),
    lambda xp, t: xp.convolve(t(V), t(X[1]), "same"), lambda xp, t: xp.correlate(t(V), t(X[1][:2])),
    lambda xp, t: xp.interp(t(X), t(np.arange(9.0)), t(np.arange(9.0) ** 2)),
    lambda xp, t: xp.histogram(t(X), 4)[0], lambda xp, t: xp.histogram(t(X), bins=[0.0, 2.0, 4.0, 9.0])[1],
    lambda xp, t: xp.linalg.lstsq(t(X), t(X[:, 0]))[0], lambda xp, t: xp.nanquantile(t(HOLES), 0.5, axis=0),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("number", range(len(CALLS)))
def test_values_shapes_and_dtypes_are_numpys(number: int) -> None:
    call = CALLS[number]
    want = np.asarray(call(np, np.asarray))
    for namespace in (R, np):
        got = call(namespace, R.asarray)
        assert isinstance(got, R.Tensor)
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got(), want, rtol=1e-5 if want.dtype == "f4" else 1e-12, atol=1e-12)


def test_numbers_spaced_by_powers_are_numpys() -> None:
    for got, want in (
        (R.logspace(0, 3, 7), np.logspace(0, 3, 7)),
        (R.logspace(1, 4, 6, endpoint=False, base=2), np.logspace(1, 4, 6, endpoint=False, base=2)),
        (R.geomspace(1, 1000, 4), np.geomspace(1, 1000, 4)),
    ):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got(), want, rtol=1e-12)
    with pytest.raises(R.ParamError, match="geomspace goes between numbers greater than 0, not from 0 to 5"):
        R.geomspace(0, 5)


def test_whether_arrays_are_equal_is_an_op_too() -> None:
    x = R.asarray(HOLES)
    equal = R.array_equal(x, HOLES)
    assert isinstance(equal, R.Tensor) and x.graph.waits == 0
    assert not equal() and R.array_equal(x, x, equal_nan=True)() and not R.array_equal(x, x[0])()
    assert R.allclose(R.asarray(X), X + 1e-9)() and not R.allclose(R.asarray(X), X + 1)()
    assert R.allclose(x, x, equal_nan=True)()


def test_indices_of_triangles() -> None:
    for ours, theirs in ((R.tril_indices, np.tril_indices), (R.triu_indices, np.triu_indices)):
        got, want = ours(3, 1, 4), theirs(3, 1, 4)
        assert [g().tolist() for g in got] == [w.tolist() for w in want]
        assert {g.dtype.name for g in got} == {"int64"}
    np.testing.assert_array_equal(R.asarray(X)[R.tril_indices(3)](), X[np.tril_indices(3)])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: R.cov(np.ones((2, 2, 2))), r"cov needs variables in rows; got shape \(2, 2, 2\)"),
        (lambda: R.cov(np.ones((2, 1))), "1 observations less 1"),
        (lambda: R.vander(X), r"vander needs a vector; got shape \(3, 4\)"),
        (lambda: R.vander(V, -1), "cannot be -1"),
        (lambda: R.polyval(X, V), "polyval needs a vector"),
        (lambda: R.rot90(X, 1, (0, 0)), r"two different axes, not \(0, 0\)"),
        (lambda: R.rot90(X, 1, (0, 2)), "axis 2 is out of bounds"),
        (lambda: R.rot90(X, 1, (0, 1, 1)), "rot90 turns two axes"),
        (lambda: R.gradient(X, 1.0, 1.0, 1.0), "along 2 axes takes a spacing for each, not 3"),
        (lambda: R.gradient(X[:1]), "two elements or more"),
        (lambda: R.gradient(X[:2], edge_order=2), r"three elements or more .* shape \(2, 4\)"),
        (lambda: R.array_split(X, 0), "one part or more, not 0"),
        (lambda: R.hsplit(X, 3), "hsplit: an axis of 4 cannot be split into 3 equal parts"),
        (lambda: R.vsplit(V, 2), r"vsplit needs two axes or more; got shape \(4,\)"),
        (lambda: R.diagonal(X, 0, 1, 1), "two different axes, not 1 and 1"),
        (lambda: R.gradient(X, edge_order=3), "edge_order is 1 or 2, not 3"),
        (lambda: R.interp(V, V, V, period=0), 'interp: param "period" must be greater than 0, not 0'),
        (lambda: R.histogram(V, weights=X), r"weights of shape \(3, 4\) for elements of shape \(4,\)"),
        (lambda: R.histogram(V, weights=V + 1j), "real weights, not complex128"),
        (lambda: R.gradient(V, [1.0, 2.0]), "4 elements along an axis, but places"),
        (lambda: R.nan_to_num(X + 1j), "real and the imag part"),
        (lambda: R.convolve(X, V), r"convolve needs vectors of one element or more; got shape \(3, 4\)"),
        (lambda: R.correlate(V[:0], V), r"correlate needs vectors .* \(0,\)"),
        (lambda: R.convolve(V, V, "half"), 'convolve: param "mode" must be one of full, same, valid'),
        (lambda: R.interp(V, V, X[0, :3]), "interp: 4 places xp, but 3 values fp"),
        (lambda: R.interp(V + 1j, V, V), "interp needs real x and xp, not complex128"),
        (lambda: R.histogram(V, 0), "one bin or more, not 0"),
        (lambda: R.histogram(V, [1, 0]), "edges that do not fall"),
        (lambda: R.histogram(V, 3, range=(2, 1)), "2 is above 1"),
        (lambda: R.histogram(V + 1j), "no histogram of complex128"),
        (lambda: R.isclose(X, X, rtol="x"), "isclose: param \"rtol\" must be a finite number, not 'x'"),
        (lambda: R.lstsq(X, V), r"as many rows on the right; got shapes \(3, 4\) and \(4,\)"),
        (lambda: R.lstsq(X, X, rcond=2), "rcond.* from 0 to 1, not 2"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_refused_where_it_is_written(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(R.OpError, match=words):
        call()


def test_ragged_lists_and_words_are_no_operands() -> None:
    for call in (
        lambda: R.t([1, [2]]),
        lambda: R.add(R.t([1, 2]), [1, [2]]),
        lambda: R.hstack([[[1], [2, 3]], [1]]),
    ):
        with pytest.raises(R.DTypeError, match=r"list is no array of numbers, .*inhomogeneous"):
            call()
    with pytest.raises(R.DTypeError, match="could not convert string"):
        R.asarray(["one"], dtype=R.float64)


def test_least_squares_of_nan_fail_alike_everywhere() -> None:
    with pytest.raises(R.ComputeError, match="lstsq of numbers that are not finite"):
        R.lstsq(R.t([[np.nan, 1.0], [2.0, 3.0]]), R.t([1.0, 2.0]))[0]()
