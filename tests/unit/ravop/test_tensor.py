"""Tensors: operators, numbers and arrays beside them, what they know without computing, protocols."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import ravop as R

FLOATS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
INTEGERS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]


@pytest.mark.parametrize("op", FLOATS + COMPARISONS, ids=lambda op: op.__name__)
@pytest.mark.parametrize("other", [2, 2.5, np.float32(1.5), np.array([1.0, 2.0, 3.0]), [3.0, 2.0, 1.0], True])
def test_operators_take_numbers_and_arrays_on_either_side(op: Any, other: Any) -> None:
    x = np.array([1.5, 2.5, 3.5])
    plain = np.asarray(other) if isinstance(other, list) else other
    for got, want in ((op(R.t(x), other), op(x, plain)), (op(other, R.t(x)), op(plain, x))):
        np.testing.assert_array_equal(got(), want)
        assert got.dtype == want.dtype


@pytest.mark.parametrize("op", INTEGERS, ids=lambda op: op.__name__)
def test_bitwise_operators(op: Any) -> None:
    x = np.array([5, 6, 7], np.int16)
    assert op(R.t(x), 2)().tolist() == op(x, 2).tolist()
    assert op(2, R.t(x))().tolist() == op(2, x).tolist()


def test_unary_operators_matmul_and_the_inverse() -> None:
    x = np.array([[2.0, 1.0], [1.0, 3.0]])
    t = R.t(x)
    for got, want in ((-t, -x), (+t, x), (abs(-t), x), (t @ t, x @ x), (x @ t, x @ x), (t.T, x.T)):
        np.testing.assert_array_equal(got(), want)
    np.testing.assert_allclose((~t)(), np.linalg.inv(x))
    assert (~R.t([1, 2]))().tolist() == [-2, -3]
    assert (~R.t([True, False]))().tolist() == [False, True]


def test_python_numbers_promote_weakly_and_numpy_numbers_do_not() -> None:
    x = R.t(np.array([1, 2], np.float32))
    assert (x + 1.5).dtype == np.float32
    assert (x + np.float64(1.5)).dtype == np.float64
    assert (R.t(np.array([1], np.uint8)) + 1).dtype == np.uint8
    with pytest.raises(OverflowError, match="add: Python integer 300 is out of bounds for uint8"):
        R.t(np.array([1], np.uint8)) + 300
    assert (R.t(np.array([1], np.uint8)) < 300)().tolist() == [True]


def test_numbers_and_equal_arrays_make_no_ops_of_their_own() -> None:
    g = R.Graph()
    x = R.t([1.0, 2.0])
    for i in range(20):
        x = x * 0.5 + np.array([1.0, 2.0]) + i
    assert g.get_op_stats()["total_ops"] == 1 + 1 + 20 * 3


def test_special_numbers_keep_their_value_and_sign() -> None:
    x = R.t([1.0, 1.0])
    got = R.fetch(x * 0.0, x * -0.0, x * float("nan"), x * float("inf"), x + 1j, x * True, x * 1)
    assert not np.signbit(got[0]).any() and np.signbit(got[1]).all()
    assert np.isnan(got[2]).all() and np.isinf(got[3]).all()
    assert got[4].dtype == np.complex128
    assert got[5].dtype == got[6].dtype == np.float64


def test_what_a_tensor_knows_it_knows_without_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(R.Graph, "fetch", lambda *a: pytest.fail("it computed"))
    x = R.t(np.zeros((2, 3))) + 1
    assert (x.shape, x.dtype, x.ndim, x.size, len(x)) == ((2, 3), np.float64, 2, 6, 2)
    assert "float64[2, 3]" in repr(x) and "not fetched" in repr(x)
    assert f"{x}" == repr(x)
    rows = list(x)
    assert [r.shape for r in rows] == [(3,), (3,)]
    with pytest.raises(TypeError):
        hash(x)
    assert (x == None) is False  # noqa: E711
    assert x != "text"


def test_a_tensor_of_one_number_is_a_number() -> None:
    x = R.t([3, 4])
    assert int(x[0] + 1) == 4 and float(x[1]) == 4.0 and complex(x[0]) == 3 + 0j
    assert [10, 20, 30, 40][x[0]] == 40
    assert bool(x[0] > 2) and not (x[0] > 5)
    assert f"{x[0] / 2:.2f}" == "1.50"
    for wrong in (bool, float, int):
        with pytest.raises(R.DTypeError, match="only a tensor of one element"):
            wrong(x)
    with pytest.raises(TypeError):
        [1, 2][x[0] / 1.0]


def test_numpy_functions_and_arrays_on_the_left_stay_lazy() -> None:
    x = R.t([1.0, 4.0])
    for got in (np.sqrt(x), np.add(np.ones(2), x), np.float64(2) * x, np.ones(2) < x):
        assert isinstance(got, R.Tensor)
    assert np.sqrt(x)().tolist() == [1, 2]
    assert np.asarray(x).tolist() == [1, 4]
    with pytest.raises(TypeError):
        np.add(x, 1, out=np.zeros(2))


def test_values_that_cannot_travel_are_refused_at_once() -> None:
    for value in ("text", [object()], {"a": 1}, None, np.array(["a"])):
        with pytest.raises(R.DTypeError):
            R.t(value)
    with pytest.raises(R.DTypeError, match="one number"):
        R.Scalar([1, 2])


def test_a_value_is_what_it_was_when_it_was_sent() -> None:
    x = np.array([1.0, 2.0])
    t = R.t(x)
    x[0] = 99
    assert t().tolist() == [1, 2]
    t()[0] = 7
    assert (t + 0)().tolist() == [1, 2]


def test_scalars_tensors_and_constants() -> None:
    assert isinstance(R.t(3), R.Scalar) and isinstance(R.t([3]), R.Tensor)
    assert R.t(np.float32(2)).dtype == np.float32
    assert [float(c()) for c in (R.one(), R.minus_one(), R.epsilon())] == [1, -1, 1e-7]
    assert R.pi()() == np.pi and np.isinf(R.inf()())
    assert R.t([1, 2], dtype="float32").dtype == np.float32
    assert R.Tensor([1, 2], name="x").graph.get_ops_by_name("x")[0]["op"] == R.Tensor.id.fget(R.t(1)) - 1
