"""Distributions: what numbers they take, and that a seed is all that their draws depend on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ravspec.errors import OpError, ParamError, ShapeError
from ravspec.ops import OPS
from ravspec.shapes import ArrayType

F5 = ArrayType((5,), np.dtype("f8"))


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        (
            "random_exponential",
            {"scale": -1},
            'random_exponential: param "scale" must be 0 or greater, not -1',
        ),
        ("random_normal", {"scale": -0.5}, "0 or greater, not -0.5"),
        ("random_beta", {"a": 0, "b": 1}, 'param "a" must be greater than 0, not 0'),
        ("random_poisson", {"lam": 1e19}, "from 0 to 9e18, not 1e[+]19"),
        ("random_binomial", {"n": 3, "p": 1.5}, 'param "p" must be from 0 to 1, not 1.5'),
        ("random_binomial", {"n": -3, "p": 0.5}, "must not be negative"),
        ("random_binomial", {"n": 2**63, "p": 0.5}, "from 0 to"),
        ("random_geometric", {"p": 0}, "greater than 0 and at most 1, not 0"),
        ("random_chisquare", {}, 'needs the param "df"'),
        ("random_triangular", {"left": 2, "mode": 1, "right": 3}, "rise; got 2, 1 and 3"),
        ("random_triangular", {"left": 1, "mode": 1, "right": 1}, "rise; got 1, 1 and 1"),
        ("random_hypergeometric", {"ngood": 3, "nbad": 3, "nsample": 9}, "cannot draw 9 of 3 and 3"),
        ("random_hypergeometric", {"ngood": 1e9, "nbad": 3, "nsample": 9}, "must be an integer, not"),
        ("random_hypergeometric", {"ngood": 10**9, "nbad": 3, "nsample": 9}, "less than a billion"),
        ("random_logseries", {"p": 1}, "less than 1, not 1"),
        ("random_zipf", {"a": 1}, "greater than 1, not 1"),
        ("random_negative_binomial", {"n": 1e18, "p": 0.5}, "too many trials fail"),
        ("random_gamma", {"shape": float("nan")}, "finite number, not nan"),
        ("random_uniform", {"low": 2, "high": 1}, "from low up to high, .* got 2.0 and 1.0"),
        ("random_uniform", {"low": -1e308, "high": 1e308}, "less than 1.8e308 apart"),
        ("random_uniform", {"low": 0, "high": 10**400}, "must be a finite number, not 1000"),
        ("random_integers", {"low": 3, "high": 3}, "without, high in 64 bits; got 3 and 3"),
        ("random_integers", {"low": 0, "high": 2**70}, "in 64 bits"),
    ],
)
def test_numbers_of_which_there_is_no_distribution_are_refused(
    name: str, params: dict[str, Any], words: str
) -> None:
    row = OPS[name]
    with pytest.raises(ParamError, match=words):
        row.infer((), row.canonical_params(params))


@pytest.mark.parametrize(
    ("types", "params", "words"),
    [
        ((F5,), {"size": 6, "replace": False}, "cannot draw 6 of 5 elements without putting them back"),
        ((ArrayType((0, 2), np.dtype("f8")),), {}, "cannot draw 1 of 0 elements"),
        ((F5, F5._replace(shape=(4,))), {}, r"p of shape [(]4,[)] for 5 elements"),
        ((F5, F5._replace(dtype=np.dtype("c16"))), {}, "probabilities are real numbers, not complex128"),
        ((F5,), {"axis": 1}, "axis 1 is out of bounds"),
    ],
)
def test_more_than_there_is_cannot_be_drawn(types: Any, params: dict[str, Any], words: str) -> None:
    row = OPS["random_choice"]
    with pytest.raises(OpError, match=words):
        row.infer(types, row.canonical_params(params))


def test_what_is_not_put_back_does_not_come_again() -> None:
    kernel = OPS["random_choice"].kernel
    x = np.arange(50)
    drawn = kernel(x, size=(50,), replace=False, axis=0, seed=3)
    assert sorted(drawn) == x.tolist() and drawn.tolist() != x.tolist()
    again = kernel(x, size=(50,), replace=True, axis=0, seed=3)
    assert len(set(again.tolist())) < 50


def test_an_empty_choice_of_nothing_is_empty() -> None:
    row = OPS["random_choice"]
    empty = ArrayType((0, 2), np.dtype("f8"))
    (out,) = row.infer([empty], row.canonical_params({"size": 0, "seed": 1}))
    assert out.shape == (0, 2)
    with pytest.raises(ShapeError):
        row.infer([empty], row.canonical_params({"size": 1, "seed": 1}))
