"""Eager mode: each op is computed as it is built, and one that fails raises at its line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ravop as R


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    R.globals.eager_mode = True
    yield
    R.globals.eager_mode = False


def test_values_are_there_at_once_of_several_outputs_too() -> None:
    x = R.t([1.0, 4.0])
    y = R.sqrt(x) + 1
    assert y._value is not None and y._value.tolist() == [2, 3]
    quotient, rest = R.divmod(R.t([7, 8]), 3)
    assert quotient._value is not None and rest._value is not None
    assert R.unique(R.t([2, 2, 1])).shape == (2,)
    assert y.graph.waits == 4


def test_an_op_that_fails_raises_at_its_line() -> None:
    singular = R.t([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(R.ComputeError, match="Singular matrix"):
        R.inv(singular)
    R.globals.eager_mode = False
    R.inv(singular)  # an error when it is asked for


def test_only_settings_that_there_are_take_true_or_false() -> None:
    with pytest.raises(R.ConfigError, match='has no "eager"; did you mean "eager_mode"'):
        R.globals.eager = True  # type: ignore[attr-defined]
    with pytest.raises(R.ConfigError, match="eager_mode is True or False, not 1"):
        R.globals.eager_mode = 1  # type: ignore[assignment]
    assert repr(R.globals) == "R.globals: eager_mode=True"
