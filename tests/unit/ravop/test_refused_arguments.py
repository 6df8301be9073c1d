"""Functions made of several ops: whatever they are given wrongly is an error in their own name, at once."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import ravop as R
from ravop import composed, further, naming, slopes
from ravspec.errors import OpError, ParamError

BESIDE = [
    "average", "cnn_add_at", "cnn_index", "cnn_index_2", "create_op", "find_indices", "foreach",
    "join_to_list",
    "one_hot_encoding", "random", "ravint", "shape", "size", "slice", "broadcast_arrays", "broadcast_shapes",
    "cumulative_prod", "cumulative_sum", "diff", "empty", "empty_like", "meshgrid", "permute_dims", "unstack",
]  # fmt: skip
NAMES = [
    *composed.__all__, *slopes.__all__, *further.__all__, *BESIDE,
    *(f"{space}.{name}" for space in ("stats", "linalg", "fft") for name in getattr(R, space).__all__),
]  # fmt: skip

#: no operands, and no params either: objects, words, a ragged list, arrays of those, nothing, a dict
WRONG = [object(), "words", [[1, 2], [3]], np.array([object()]), np.array(["a"]), None, {"a": 1}]
#: which are right nevertheless: a list of arrays may be ragged, and None stands for the axes reversed
RIGHT = {("hstack", 2), ("permute_dims", 5)}


#: functions that no matrix fits
FITTING: dict[str, Any] = {"tril_indices": 3, "triu_indices": 3, "vander": [1.0, 2.0]}


def function(name: str) -> Any:
    space, _, last = name.rpartition(".")
    return getattr(getattr(R, space) if space else R, last)


def needed(name: str) -> int:
    """How many arguments a function needs."""
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = inspect.signature(function(name)).parameters.values()
    return max(1, sum(p.default is p.empty and p.kind in kinds for p in parameters))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_array_is_refused_in_the_functions_name(name: str) -> None:
    x, count = R.t([1.0, 2.0, 3.0]), needed(name)
    for number, wrong in enumerate(WRONG):
        for at in range(count):
            args: list[Any] = [x] * count
            args[at] = wrong
            if (name, number) in RIGHT and at == count - 1:
                function(name)(*args)
                continue
            with pytest.raises(OpError, match=rf"(\b|_){name.rpartition('.')[2]}\b"):
                function(name)(*args)


def bad_params() -> list[Any]:
    calls = []
    for name in NAMES:
        parameters = list(inspect.signature(function(name)).parameters)[needed(name) :]
        for param, wrong in (("axis", 7.5), ("axis", 9), ("k", 7.5), ("n", "x"), ("N", 2.5), ("axes", "x")):
            if param in parameters:
                calls.append(pytest.param(name, param, wrong, id=f"{name}({param}={wrong})"))
    return calls


@pytest.mark.parametrize(("name", "param", "wrong"), bad_params())
def test_a_param_that_does_not_fit_is_refused_in_the_functions_name(
    name: str, param: str, wrong: Any
) -> None:
    x = FITTING.get(name, R.t([[1.0, 2.0], [3.0, 4.0]]))
    with pytest.raises(OpError, match=rf"(\b|_){name.rpartition('.')[2]}\b") as caught:
        function(name)(*[x] * needed(name), **{param: wrong})
    assert str(wrong) in str(caught.value)


def test_the_rule_and_the_value_stand_in_the_error() -> None:
    with pytest.raises(ParamError, match=r"diff cannot take \(Tensor\(.*n='x'\): '<' not supported"):
        R.diff(R.t([1.0, 2.0]), n="x")  # type: ignore[arg-type]
    with pytest.raises(R.ShapeError, match=r"^pearson_correlation is of two vectors .*\(3,\) and \(2,\)"):
        R.stats.pearson_correlation(R.t([1, 2, 3]), R.t([1, 2]))


def test_an_error_of_an_op_keeps_its_kind_and_its_words() -> None:
    @naming.in_its_name
    def mine(x: Any) -> Any:
        return R.sum(x, axis=5)

    with pytest.raises(R.AxisError, match=r"^mine: sum: axis 5 is out of bounds for an array of 1 "):
        mine(R.t([1]))
