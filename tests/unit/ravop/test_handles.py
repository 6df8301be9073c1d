"""Handles as Python has them in hand: copied, pickled, rounded, as lists; and what is assigned to none."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import ravop as R

M = np.array([[1.0, 2.0], [3.0, 4.0]])


def test_what_has_a_name_is_assigned_to_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = R.t(M)
        x[0, 1] = 5
        row = x[0]
        row[1] = 7
        held = [x], {"key": x}
        held[0][0][0] = 1
        held[1]["key"][1] = 2
        x[0] += 1
        x += 1
    assert x().tolist() == [[3, 3], [3, 3]] and row().tolist() == [1, 7]


def first(x: Any) -> Any:
    return x[0]


LOST = {
    "a part in brackets": "x[0][1] = 5",
    "the transpose": "x.T[0] = 1",
    "another shape": "x.reshape(-1)[0] = 1",
    "what a function made": "first(x)[1] = 1",
}


@pytest.mark.parametrize("statement", LOST.values(), ids=LOST)
def test_an_assignment_that_is_lost_is_warned_of_at_its_line(statement: str) -> None:
    x = R.t(M)
    with pytest.warns(RuntimeWarning, match=r"For x\[0\]\[1\] = 5 write x\[0, 1\] = 5") as caught:
        exec(compile(statement, "their script", "exec"), {"x": x, "first": first})
    assert caught[0].filename == "their script"
    assert x().tolist() == M.tolist()


def test_a_copy_is_another_handle_on_the_same_value() -> None:
    x = R.t(M)
    copies = x.copy(), copy.copy(x), copy.deepcopy(x), copy.deepcopy([x])[0]
    x[0, 0] = 9
    for other in copies:
        assert other().tolist() == M.tolist() and other.graph is x.graph
    assert isinstance(copy.copy(R.t(3)), R.Scalar)
    assert x().tolist() == [[9, 2], [3, 4]]


def test_a_pickle_says_where_the_value_is() -> None:
    x = R.t(M)
    parts = divmod(x * 2, 3)
    other, quotient, remainder = pickle.loads(pickle.dumps((x + 1, *parts)))
    assert other().tolist() == (M + 1).tolist()
    assert quotient().tolist() == (M * 2 // 3).tolist() and remainder().tolist() == (M * 2 % 3).tolist()
    assert len(pickle.dumps(R.zeros((1000, 1000)))) < 200


def test_numbers_and_lists_of_python() -> None:
    x = R.t(M)
    assert x.tolist() == M.tolist() and R.t(2).tolist() == 2
    assert x.item(1, 0) == 3 and isinstance(R.t(3.5).item(), float)
    with pytest.raises(R.DTypeError, match=r"only a tensor of one element .* shape \(2, 2\)"):
        x.item()
    assert round(R.t(3.7)) == 4 and round(x * 0.126, 2)().tolist() == np.round(M * 0.126, 2).tolist()
    assert (x.itemsize, x.nbytes) == (8, 32)
    quotient, remainder = divmod(7, R.t(3))
    assert (int(quotient), int(remainder)) == (2, 1)
