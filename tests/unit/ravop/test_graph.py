"""Graphs: errors at the developer's line, the current graph, ends, names, threads."""

from __future__ import annotations

import threading
import traceback
from typing import Any

import numpy as np
import pytest

import ravop as R


@pytest.mark.parametrize(
    ("build", "kind", "says"),
    [
        (lambda: R.t([1, 2]) + R.t([1, 2, 3]), R.ShapeError, "do not broadcast"),
        (lambda: R.t(np.ones((2, 3))) @ R.t(np.ones((2, 3))), R.ShapeError, "meets"),
        (lambda: R.sum(R.t([1, 2]), axis=1), R.ShapeError, "axis 1 is out of bounds"),
        (lambda: R.t([1.0]) & R.t([1.0]), R.DTypeError, "not defined"),
        (lambda: R.t([1, 2])[5], R.BadIndex, "index 5 is out of bounds"),
        (lambda: R.t([1, 2])["a"], R.BadIndex, "is not an index"),
        (lambda: R.reshape(R.t([1, 2, 3]), (2, 2)), R.ShapeError, "reshape|size"),
        (lambda: R.inv(R.t(np.ones((2, 3)))), R.ShapeError, "square"),
        (lambda: R.concat([R.t([1]), R.t([[1]])]), R.ShapeError, "lengths equal"),
        (lambda: R.zeros((2,), dtype="object"), R.DTypeError, "cannot travel"),
        (lambda: R.zeros((2,), dtype="nosuch"), R.ParamError, "dtype"),
    ],
)
def test_a_bad_op_raises_where_it_is_built_and_adds_nothing(build, kind, says) -> None:
    g = R.Graph()
    with pytest.raises(kind, match=says) as caught:
        build()
    frames = traceback.extract_tb(caught.tb)
    assert frames[1].filename == __file__  # the developer's own line is the first under the test
    assert isinstance(caught.value, R.RavError)
    bad_ops = [op for op in g.ops if op["operator"] != "data"]
    assert not bad_ops


def test_the_line_that_built_an_op_is_kept() -> None:
    g = R.Graph()
    x = R.t([1.0])
    y = R.exp(x * 2)
    z = y @ y  # two ops on the line above, one here
    lines = [op["line"] for op in g.ops]
    assert lines[1] == lines[2] == lines[0] + 1
    assert lines[3] == lines[1] + 1
    assert {op["file"] for op in g.ops} == {__file__}
    assert z.graph is g


def test_a_failure_names_op_reason_and_line() -> None:
    R.Graph(name="fails")
    bad = R.solve(R.t(np.zeros((2, 2))), R.t([1.0, 2.0]))
    with pytest.raises(R.ComputeError) as caught:
        (bad + 1)()
    text = str(caught.value)
    assert "(solve)" in text and "Singular matrix" in text and f'File "{__file__}"' in text
    assert '"fails"' in text


def test_the_last_graph_made_is_the_current_one_and_a_block_ends_its_own() -> None:
    outer = R.Graph(name="outer")
    with R.Graph(name="inner") as inner:
        assert R.t(1).graph is inner
    assert inner.status == "computed"
    assert R.t(1).graph is outer
    with pytest.raises(R.GraphError, match=r'"inner".*has ended'):
        inner.tensor(0) + 1


def test_without_a_graph_there_is_a_default_one() -> None:
    assert R.t(1).graph is R.t(2).graph


def test_mixing_graphs_names_both() -> None:
    R.Graph(name="one")
    x = R.t(1)
    R.Graph(name="two")
    with pytest.raises(R.GraphError, match="one") as caught:
        R.t(2) + x
    assert "two" in str(caught.value)


def test_names_stats_progress_and_persisted_values() -> None:
    g = R.Graph(name="n", algorithm="sums")
    x = R.t([1.0, 2.0], name="input")
    total = R.sum(x, name="total")
    total.persist_op("kept")
    assert g.get_op_stats()["pending_ops"] == 1
    assert [op["op"] for op in g.get_ops_by_name("tot")] == [total.id]
    assert g.progress == 50.0
    assert g.end() == "Graph computed successfully!"
    assert g.progress == 100.0
    assert R.fetch_persisting_op("kept") == 3.0
    again = R.Graph(id=g.id)
    assert (again.name, again.algorithm, len(again.ops)) == ("n", "sums", 2)


def test_graphs_of_another_approach_are_refused_by_name() -> None:
    with pytest.raises(R.ParamError, match="magic"):
        R.Graph(approach="magic")


def test_a_thousand_ops_go_ahead_in_batches_and_the_values_are_right() -> None:
    R.Graph()
    x = R.t(0.0)
    for _ in range(5000):
        x = x + 1.0
    assert float(x()) == 5000


def test_several_threads_may_build_in_one_graph() -> None:
    g = R.Graph()
    x = R.t(np.arange(3.0))
    out: dict[int, list] = {}

    def build(k: int) -> None:
        out[k] = R.fetch([x * float(k) + float(i) for i in range(700)])

    threads = [threading.Thread(target=build, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        for i, value in enumerate(out[k]):
            np.testing.assert_array_equal(value, np.arange(3.0) * k + i)
    assert g.get_op_stats()["total_ops"] == 1 + 4 * 700 * 2


def test_without_a_server_the_error_says_what_to_do() -> None:
    R.initialize(url="http://127.0.0.1:9")
    g = R.Graph()
    with pytest.raises(R.ServerUnreachable, match=r"run_ravsock.py"):
        (R.t(1) + 1)()
    g._ended = True  # so that the exit does not try again
    with pytest.raises(R.ConfigError, match="http://"):
        R.initialize(url="ftp://x")


class Unread(list[Any]):
    """A list that may be looked into, and must not be gone through."""

    def __iter__(self) -> Any:
        raise AssertionError("all forms of the graph were gone through for a few ops")


def test_a_question_costs_the_forms_of_its_own_ops_not_all_of_the_graphs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = R.Graph()
    first = [R.zeros((1, n)) + 1 for n in range(300)]
    R.fetch(first)
    monkeypatch.setattr(graph._record, "_forms", Unread(graph._record._forms))
    y = first[7] * 2
    q, r = divmod(y, 3)
    assert y().tolist() == [[2.0] * 7] and R.fetch(q, r)[1].tolist() == [[2.0] * 7]
