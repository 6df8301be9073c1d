"""Scripts for RDF in our own words: its walkthroughs, and the examples of its documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from system.processes import ROOT, Script

pytestmark = pytest.mark.lasting

#: computed by contributors, or by the script itself
WHERE = pytest.mark.parametrize("where", [{}, {"RAVSOCK_URL": "local:"}], ids=["server", "local"])


QUICKSTART = """
    import ravop as R

    algorithm = R.Graph(name="test", algorithm="tests", approach="distributed")
    a = R.t([1, 2, 3])
    b = R.t([5, 22, 7])
    c = a + b
    print("c: ", c())
    print(algorithm.end())
"""

DISTRIBUTED = """
    import ravop as R

    graph = R.Graph(name="tens", approach="distributed")
    a, b = R.t([10, 20, 30]), R.t([50, 220, 70])
    c = a + b
    d = c.sum()
    e = c + d + a
    c.wait_till_computed()
    print(c.get_shape(), c.get_dtype(), c.get_status())
    print(R.argmax(e)(), R.max(e)())
    print(graph.progress, graph.get_op_stats()["failed_ops"])
"""

REQUESTER = """
    import ravop as R

    R.initialize(ravenverse_token="any", username="a requester of 2023")
    print(R.flush())
    R.Graph(name="requester", algorithm="sum", approach="distributed")
    total = R.add(R.t([1, 2, 3]), R.t([4, 5, 6]))
    total.persist_op(name="a requester's total")
    R.activate()
    print(R.execute(participants=1))
    R.track_progress()
    print(R.fetch_persisting_op(op_name="a requester's total").tolist())
    (mine,) = R.get_my_graphs()
    assert mine["name"] == "requester", mine
"""


@WHERE
def test_the_quickstart_of_2022(script: Callable[..., Script], where: dict[str, str]) -> None:
    assert script(QUICKSTART, **where).output() == "c:  [ 6 24 10]\nGraph computed successfully!\n"


@WHERE
def test_the_distributed_walkthrough(script: Callable[..., Script], where: dict[str, str]) -> None:
    out = script(DISTRIBUTED, **where).output()
    assert out == "(3,) int64 computed\n1 660\n100.0 0\n"


@WHERE
def test_a_requester_of_2023(script: Callable[..., Script], where: dict[str, str]) -> None:
    lines = script(REQUESTER, **where).output().splitlines()
    assert lines[:6] == [
        "Requester flushed",
        "Ops Persisted Successfully!",
        "Graph Compiled Successfully. Ready to Execute!",
        "Graph Execute Initiated",
        "Graph Computed Successfully!",
        "[5, 7, 9]",
    ]
    assert [line.split()[:2] for line in lines[6:8]] == [["Id", "Name"], [lines[7].split()[0], "requester"]]


@WHERE
def test_the_examples_of_the_documents(script: Callable[..., Script], where: dict[str, str]) -> None:
    out = script(ROOT / "tests" / "acceptance" / "documented.py", **where).output()
    assert out == "49 as documented or corrected\n"
