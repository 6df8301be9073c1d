"""What the documentation shows first, run by the commands that it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from system.processes import ROOT, Script, Server, until

EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.lasting


TEN_THOUSAND = """
    import numpy as np
    import ravop as R

    graph = R.Graph(name="ten thousand")
    total = R.t(np.zeros(3))
    rows = [R.t([i, i + 1.0, i * 2.0]) for i in range(100)]
    values = [rows[i % 100] * (i + 1) + i for i in range(4_900)]
    for value in values[:100]:
        total = total + value
    got = np.array(R.fetch(values))
    expected = np.array([np.array([k, k + 1.0, k * 2.0]) * (i + 1) + i
                         for i in range(4_900) for k in [i % 100]])
    assert (got == expected).all()
    assert (total() == expected[:100].sum(axis=0)).all()
    print(graph.get_op_stats()["computed_ops"])
"""


def test_the_quickstart_prints_its_line(script: Callable[..., Script]) -> None:
    assert script(EXAMPLES / "quickstart" / "quickstart.py").output() == "c: [ 6 24 10]\n"


def test_ten_thousand_ops_have_the_right_values(script: Callable[..., Script]) -> None:
    assert script(TEN_THOUSAND).output() == "10001\n"


def test_the_ops_of_a_large_graph_are_all_listed(script: Callable[..., Script]) -> None:
    out = script("""
        import ravop as R
        graph = R.Graph(name="large")
        for i in range(5_001):
            R.t([i]).sum()
        print(len(graph.ops), graph.get_op_stats()["total_ops"])
    """).output()
    assert out == "10002 10002\n"


def test_a_script_that_just_exits_has_submitted_its_ops(
    script: Callable[..., Script], server: Server
) -> None:
    left = script("""
        import ravop as R
        graph = R.Graph(name="left behind")
        (R.arange(1000) ** 2).sum().persist_op("squares")
        print(graph.id)
    """)
    number = int(left.output())
    view = until(
        lambda: (g := server.graph(number)) and g["state"] == "computed" and g, "the graph is computed"
    )
    assert view["name"] == "left behind"
    assert view["computed_ops"] == view["total_ops"]
    later = script("import ravop as R; print(R.fetch_persisting_op('squares'))")
    assert later.output() == f"{sum(i * i for i in range(1000))}\n"


def test_a_graph_is_read_again_by_its_number(script: Callable[..., Script]) -> None:
    # Given a script that leaves before its value is there
    first = script("""
        import ravop as R
        graph = R.Graph(name="patience")
        value = R.t([1.0, 2.0, 4.0]).mul(2)
        graph.name_op(value, "doubled")
        print(graph.id)
    """)
    number = first.output().strip()
    # When another one re-attaches and asks for the op by its name
    second = script(f"""
        import ravop as R
        graph = R.Graph(id={number})
        (op,) = graph.get_ops_by_name("doubled")
        print(graph.name, graph.tensor(op["op"])())
    """)
    # Then it has the value
    assert second.output() == "patience [2. 4. 8.]\n"


def test_several_developers_at_once_get_each_their_own_values(
    script: Callable[..., Script], server: Server
) -> None:
    source = """
        import sys
        import ravop as R
        me = int(sys.argv[1])
        with R.Graph(name=f"developer {me}"):
            xs = [R.t([me, i]) for i in range(200)]
            ys = [x * me + 1 for x in xs]
            assert [y.tolist() for y in R.fetch(ys)] == [[me * me + 1, i * me + 1] for i in range(200)]
            total = ys[0]
            for y in ys[1:]:
                total = total + y
            print(me, total().tolist())
    """
    developers = [script(source, str(me)) for me in range(1, 5)]
    for me, developer in enumerate(developers, start=1):
        expected = [200 * (me * me + 1), sum(i * me + 1 for i in range(200))]
        assert developer.output() == f"{me} {expected}\n"
    graphs = [g for g in server.view("graphs")["graphs"] if (g["name"] or "").startswith("developer")]
    assert sorted(g["name"] for g in graphs) == [f"developer {me}" for me in range(1, 5)]
    assert {g["state"] for g in graphs} == {"computed"}


def test_rdfs_linear_regression_finds_what_numpy_finds(script: Callable[..., Script], tmp_path: Path) -> None:
    # Given RDF's walkthrough, run as it stands, that leaves its data and its answer
    out = script(f"""
        import runpy
        import numpy as np
        names = runpy.run_path({str(EXAMPLES / "linear_regression" / "rdf_style.py")!r}, run_name="__main__")
        np.savez("found.npz", x=names["x"], y=names["y"], theta=names["theta"]())
    """).output()
    steps = [int(line.split()[-1]) for line in out.splitlines() if line.startswith("Iteration : ")]
    assert steps == list(range(len(steps))) and steps
    # When NumPy takes the same steps on the same data
    with np.load(tmp_path / "found.npz") as found:
        x, y, answer = found["x"], found["y"], found["theta"]
    assert x.shape == (97, 2)
    theta = np.zeros((2, 1))
    for _ in steps:
        theta = theta - 0.01 / len(x) * (x.T @ (x @ theta - y))
    # Then both found the same
    np.testing.assert_allclose(answer, theta, rtol=0, atol=1e-9)
    said = re.search(r"^Theta found by gradient descent: intercept=\[(.*)\], slope=\[(.*)\]$", out, re.M)
    assert said is not None, out
    np.testing.assert_allclose([float(text) for text in said.groups()], theta[:, 0], rtol=0, atol=1e-4)
    assert "Graph computed successfully!" in out
