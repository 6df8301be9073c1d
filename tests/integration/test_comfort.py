"""Eager mode, the developer's own ops, awaiting and drawing through a real server."""

from __future__ import annotations

from typing import Any

import pytest
from serving import Server

import ravop as R


@R.op
def inverse_and_more(a: R.Tensor) -> R.Tensor:
    """A sum with an inverse in it."""
    return R.inv(a) + 1


def test_eager_ops_are_computed_one_by_one_and_raise_at_their_line(
    g: R.Graph, contributor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contributor()
    monkeypatch.setattr(R.globals, "eager_mode", True)
    x = R.t([[1.0, 2.0], [2.0, 4.0]])
    y = x + 1
    assert y._value is not None and y._value.tolist() == [[2, 3], [3, 5]]
    with pytest.raises(R.ComputeError, match=r"\(inv\) of graph .*Singular"):
        R.inv(x)
    assert R.unique(x).shape == (3,)


def test_own_ops_are_known_by_name_after_a_restart_too(g: R.Graph, server: Server, contributor: Any) -> None:
    bad = inverse_and_more(R.t([[1.0, 2.0], [2.0, 4.0]]))
    found = g.get_ops_by_name("inverse")
    assert [op["operator"] for op in found] == ["inv", "add"]
    assert {op["within"]["name"] for op in found} == {"inverse_and_more"}
    server.restart()
    again = R.Graph(id=g.id)
    assert again.get_ops_by_name("inverse") == found
    contributor()
    with pytest.raises(R.ComputeError, match=r"\(inv\) in inverse_and_more\(\.\.\.\) of graph"):
        again.tensor(bad.id)()
