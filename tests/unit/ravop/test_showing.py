"""Names that there are not, and what tensors and graphs show of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ravop as R

X = np.array([[3.0, 1.0], [4.0, 1.5]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: R.foo, 'R has no "foo"; did you mean "floor"?'),
        (lambda x: R.matmull, 'R has no "matmull"; did you mean "matmul"?'),
        (lambda x: R.rfft, 'R has no "rfft"; there is R.fft.rfft'),
        (lambda x: R.lexsort, 'R has no "lexsort", and NumPy.s is not .*did you mean "sort"'),
        (lambda x: R.linalg.solvee, 'R.linalg has no "solvee"; did you mean "solve"?'),
        (lambda x: R.linalg.einsum, 'R.linalg has no "einsum"; there is R.einsum'),
        (lambda x: R.fft.ffft, 'R.fft has no "ffft"; did you mean'),
        (lambda x: R.stats.zscore, 'R.stats has no "zscore"; did you mean "z_score"?'),
        (lambda x: x.sume(), 'a Tensor has no "sume"; did you mean "sum"?'),
        (lambda x: np.diagflat(x), "numpy.diagflat is not in the vocabulary of tensors; .*did you mean"),
        (lambda x: np.frexp(x), "numpy.frexp is not in the vocabulary of tensors; .*did you mean"),
        (lambda x: R.sigmoid, 'R has no "sigmoid"$'),
        (lambda x: x.operands, 'a Tensor has no "operands"$'),
        (lambda x: R.normal, 'R has no "normal"; there is R.random_normal'),
        (lambda x: R.foreach(x, "sqr"), 'foreach: no op is called "sqr"; did you mean "sqrt"'),
    ],
)  # fmt: skip
def test_an_unknown_name_is_an_error_with_the_nearest(call: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(R.UnknownOp, match=words):
        call(R.t(X))


def test_what_only_programs_ask_for_is_refused_without_looking() -> None:
    for whose in (R, R.linalg, R.t(X)):
        with pytest.raises(AttributeError, match="has no '_ipython_display_'") as caught:
            whose._ipython_display_  # noqa: B018
        assert not isinstance(caught.value, R.UnknownOp)
    assert not hasattr(R, "foo") and not hasattr(R.t(X), "iloc")


def test_a_ufunc_called_as_no_op_can_be_says_what_it_does_not_take() -> None:
    with pytest.raises(R.DTypeError, match=r"numpy\.subtract\.reduce is not in the vocabulary of tensors"):
        np.subtract.reduce(R.t(X))
    with pytest.raises(R.DTypeError, match=r"numpy\.add of tensors takes no where"):
        np.add(R.t(X), 1, where=X > 2)
    with pytest.raises(R.DTypeError, match="gives a tensor, and out is an array"):
        np.add(R.t(X), 1, out=X.copy())


def test_completion_offers_what_is_public() -> None:
    assert dir(R) == sorted(R.__all__)
    assert dir(R.linalg) == sorted(R.linalg.__all__)
    assert {"sum", "reshape", "shape", "T", "persist_op"} <= set(dir(R.t(X)))


def test_a_tensor_shows_shape_dtype_and_state() -> None:
    x = R.t(X) * 2
    assert repr(x) == "Tensor(float64[2, 2], op 1 of graph (not sent), not fetched)"
    x()
    assert repr(x) == "Tensor(float64[2, 2], op 1 of graph 1:\n[[6. 2.]\n [8. 3.]])"
    assert repr(R.t(7)) == "Scalar(int64[], op 2 of graph 1: 7)"
    assert "known once computed" in R.unique(x)._repr_html_()
    large = R.t(np.arange(10_000.0))
    large()
    assert len(repr(large)) < 200 and "..." in repr(large)


@R.op
def doubled(x: R.Tensor) -> R.Tensor:
    return x * 2


def test_in_a_notebook_they_are_tables_and_names_are_text() -> None:
    g = R.Graph(name="<script>alert(1)</script> & more")
    x = doubled(R.t(X))
    html = x._repr_html_()
    assert all(f"<td>{word}</td>" in html for word in ("(2, 2)", "float64", "not fetched", "doubled(...)"))
    x()
    shown = x._repr_html_() + g._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in shown
    assert "<td>fetched</td>" in shown and "<pre>[[6. 2.]\n [8. 3.]]</pre>" in shown


def test_a_graph_shows_name_state_and_progress_and_sends_nothing_for_it() -> None:
    g = R.Graph(name="fit")
    x = R.t(X)
    assert repr(g) == '<graph (not sent) "fit", building, 1 ops>'
    y = x + 1
    y()
    z = y / 0  # a third op, which the engine does not know of yet
    assert repr(g) == '<graph 1 "fit", open, 66.7 %, 2 of 3 ops computed>'
    assert str(g) == 'graph 1 "fit"' and z._value is None
    R.inv(R.t(np.zeros((2, 2))))
    with pytest.raises(R.ComputeError):
        g.end()
    assert repr(g) == '<graph 1 "fit", failed, 80.0 %, 4 of 5 ops computed, 1 failed>'


def test_a_graph_of_a_server_that_is_away_is_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    g = R.Graph()
    (R.t(1) + 1)()

    def away(number: int) -> Any:
        raise R.ServerUnreachable("nobody there")

    monkeypatch.setattr(g._engine, "graph", away)
    assert repr(g) == "<graph 1, state not known (ServerUnreachable), 2 ops>"
