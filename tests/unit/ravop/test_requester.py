"""Graphs run as scripts of RDF's last generation ran them, on the local engine."""

from __future__ import annotations

import pytest

import ravop as R
from ravop import graph as graphs


def test_a_graph_is_activated_executed_and_followed(capsys: pytest.CaptureFixture[str]) -> None:
    R.Graph(name="sums", algorithm="sum", approach="distributed")
    total = R.t([1, 2, 3]) + R.t([4, 5, 6])
    total.persist_op(name="sums of 2023")
    R.activate()
    with pytest.raises(R.GraphError, match="has ended"):
        total + 1
    assert R.execute(participants=2) == "Graph Execute Initiated"
    R.track_progress()
    assert R.fetch_persisting_op(op_name="sums of 2023").tolist() == [5, 7, 9]
    assert [row["name"] for row in R.get_my_graphs()].count("sums") == 1
    said = capsys.readouterr().out
    assert "Ops Persisted Successfully!\nGraph Compiled Successfully. Ready to Execute!\n" in said
    assert "Graph Computed Successfully!\n" in said
    assert said.split("Graph Computed Successfully!\n")[1].split()[:5] == [
        "Id", "Name", "Approach", "Algorithm", "Status",
    ]  # fmt: skip


def test_a_script_of_2023_flushes_before_it_begins() -> None:
    old = R.Graph(name="old")
    x = R.t([1]) + 1
    assert x().tolist() == [2]
    assert R.flush() == "Requester flushed"
    with pytest.raises(R.GraphError, match="has ended"):
        x + 1
    with pytest.raises(R.GraphError, match="there is no graph"):
        R.Graph(id=old.id)
    assert R.get_my_graphs() == []
    assert (R.t([2]) * 2).graph is not old


def test_steps_out_of_order_say_which_is_missing() -> None:
    graphs._current.set(None)
    with pytest.raises(R.GraphError, match="make one"):
        R.activate()
    R.Graph(name="empty")
    with pytest.raises(R.GraphError, match="no ops"):
        R.activate()
    R.t([1])
    for step in (R.execute, R.track_progress):
        with pytest.raises(R.GraphError, match="not activated"):
            step()
    with pytest.raises(R.ParamError, match="participants"):
        R.execute(participants=0)


def test_what_failed_is_told_by_the_progress() -> None:
    R.Graph(name="fails")
    R.inv(R.t([[1.0, 2.0], [2.0, 4.0]]))
    R.activate()
    R.execute()
    with pytest.raises(R.ComputeError, match="Singular"):
        R.track_progress()
