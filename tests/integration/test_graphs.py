"""A developer's graph through a real server to scripted contributors and back."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from typing import Any

import numpy as np
import pytest
from contributors import changed, refusing, silent, twice

import ravop as R
from ravop import engine
from ravspec import messages
from ravspec.codec import array_bytes, column
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


def test_the_quickstart_gives_its_value(g: R.Graph, contributor: Any) -> None:
    contributor()
    c = R.t([1, 2, 3]) + R.t([5, 22, 7])
    assert c().tolist() == [6, 24, 10]


def test_several_values_come_with_one_wait(g: R.Graph, contributor: Any) -> None:
    contributor("a"), contributor("b")
    xs = [R.t(float(i)) for i in range(50)]
    values = R.fetch([x * 2 for x in xs])
    assert [float(v) for v in values] == [2.0 * i for i in range(50)]


def test_ops_with_several_outputs_literals_and_indices_travel(g: R.Graph, contributor: Any) -> None:
    contributor()
    x = np.arange(24.0).reshape(4, 6)
    a, b = R.split(R.t(x), 2, axis=1)
    rows = np.array([0, 3])
    got = R.fetch(a - b, 2.5 * a, b[rows, 1:], R.t(x)[x > 20], a[R.t(rows)])
    left, right = np.split(x, 2, axis=1)
    for value, want in zip(
        got, [left - right, 2.5 * left, right[rows, 1:], x[x > 20], left[rows]], strict=True
    ):
        np.testing.assert_array_equal(value, want)
        assert value.dtype == want.dtype


def test_a_large_seeded_array_is_made_where_it_is_needed_and_never_sent(
    g: R.Graph, contributor: Any, config: Any
) -> None:
    contributor("a"), contributor("b")
    x = R.random_uniform(size=(600, 600), seed=7)
    same = np.random.default_rng(7).uniform(size=(600, 600))
    sums = [R.sum(x @ (x + float(i))) for i in range(6)]
    for i, got in enumerate(R.fetch(sums)):
        np.testing.assert_allclose(got, np.sum(same @ (same + float(i))), rtol=1e-12)
    assert max((f.stat().st_size for f in config.data_dir.iterdir()), default=0) < same.nbytes
    np.testing.assert_array_equal(x(), same)  # asked for itself, it comes
    assert g.get_op_stats()["computed_ops"] == g.get_op_stats()["total_ops"]


def test_a_shape_that_only_the_values_tell_is_read_by_computing(g: R.Graph, contributor: Any) -> None:
    contributor()
    u = R.unique(R.t([3, 1, 3, 2]))
    later = u + 1  # built before the shape is known
    assert u.shape == (3,)
    assert (u * later)().tolist() == [2, 6, 12]


def test_arrays_over_the_inline_size_travel_by_themselves(g: R.Graph, contributor: Any, config: Any) -> None:
    contributor()
    x = np.random.default_rng(1).normal(size=(700, 400))
    y = R.t(x) * 2.0
    np.testing.assert_array_equal(y(), x * 2)
    np.testing.assert_array_equal(y.graph.tensor(y.id)(), x * 2)
    assert {p.stat().st_size for p in config.data_dir.iterdir()} == {x.nbytes}


def test_a_numpy_error_fails_the_op_and_its_dependents_and_nothing_else(g: R.Graph, contributor: Any) -> None:
    contributor()
    good = R.t(2.0) + 1
    bad = R.inv(R.t(np.zeros((2, 2))))
    after = bad + 1
    with pytest.raises(R.ComputeError, match=r"\(inv\).*LinAlgError: Singular matrix[\s\S]*test_graphs.py"):
        after()
    assert float(good()) == 3.0
    with pytest.raises(R.ComputeError, match="1 more op depends on it"):
        g.end()
    assert g.status == "failed"
    assert g.get_op_stats()["failed_ops"] == 2


def test_end_computes_what_is_left_and_a_graph_takes_no_ops_after_it(g: R.Graph, contributor: Any) -> None:
    contributor()
    x = R.t(1.0)
    for _ in range(10):
        x = x + 1
    assert g.end() == "Graph computed successfully!"
    assert (g.status, g.progress) == ("computed", 100.0)
    with pytest.raises(R.GraphError, match="has ended"):
        x + 1
    assert float(x()) == 11.0


def test_a_graph_is_read_again_by_its_id_and_a_value_by_its_persisted_name(
    g: R.Graph, contributor: Any
) -> None:
    contributor()
    c = R.t([1.0, 2.0]) + 1
    c.persist_op("kept")
    g.end()
    again = R.Graph(id=g.id)
    assert again.name == "test"
    assert again.tensor(c.id)().tolist() == [2.0, 3.0]
    assert R.fetch_persisting_op("kept").tolist() == [2.0, 3.0]
    assert [op["op"] for op in again.get_ops_by_name("kep")] == [c.id]
    with pytest.raises(R.GraphError, match="re-attached"):
        again.tensor(c.id) + 1
    with pytest.raises(R.GraphError, match="no graph 99"):
        R.Graph(id=99)
    with pytest.raises(R.GraphError, match="no persisted op"):
        R.fetch_persisting_op("never")


def test_a_graph_whose_script_is_gone_is_ended_from_elsewhere(g: R.Graph, contributor: Any) -> None:
    contributor()
    assert (R.t(1.0) + 1)() == 2.0
    again = R.Graph(id=g.id)
    assert again.end() == "Graph computed successfully!"
    assert again.status == "computed"
    with pytest.raises(R.GraphError, match="takes no more ops"):
        (R.t(3.0) + 1)()


def test_persisted_names_are_each_developers_own(server: Any, contributor: Any) -> None:
    contributor()
    for name, value in (("anna", 1.0), ("ben", 2.0)):
        R.initialize(username=name, url=server.url)
        with R.Graph():
            (R.t(value) + 0).persist_op("best")
        assert R.fetch_persisting_op("best") == value
    R.initialize(username="anna", url=server.url)
    assert R.fetch_persisting_op("best") == 1.0


def test_a_forgotten_value_is_computed_again_when_it_is_asked_for(
    g: R.Graph, contributor: Any, server: Any
) -> None:
    contributor()
    a = R.t(3.0) + 1
    b = a * 2
    assert float(b()) == 8.0
    assert not server.call(lambda d: d.scheduler.is_available(g.id, a.id))
    assert float(a()) == 4.0


def test_asking_in_vain_times_out_and_asking_again_finds_the_value(g: R.Graph, contributor: Any) -> None:
    c = R.t(1) + 1
    with pytest.raises(R.Timeout, match="goes on at the server"):
        c(timeout=0.3)
    contributor()
    assert int(c()) == 2


def test_values_of_two_graphs_do_not_mix(server: Any) -> None:
    a = R.Graph(name="first")
    x = R.t(1)
    R.Graph(name="second")
    with pytest.raises(R.GraphError, match=r'"first".*"second"|"second".*"first"'):
        R.t(2) + x
    assert a.name == "first"


def test_the_views_show_graphs_ops_and_contributors(g: R.Graph, contributor: Any, server: Any) -> None:
    contributor("anna")
    c = R.t([1, 2], name="two") + 1
    c()
    view = get(f"{server.url}/v1/graphs/{g.id}")
    assert (view["name"], view["total_ops"], view["computed_ops"]) == ("test", 2, 2)
    ops = get(f"{server.url}/v1/graphs/{g.id}/ops")["ops"]
    assert [op["operator"] for op in ops] == ["data", "add"]
    assert ops[1]["operands"] == [{"op": 0, "output": 0}, {"literal": 1}]
    assert ops[1]["outputs"] == [["int64", [2]]]
    assert ops[1]["file"] == __file__
    assert get(f"{server.url}/v1/graphs/{g.id}/ops?from=1&limit=1")["ops"] == ops[1:]
    (one,) = get(f"{server.url}/v1/contributors")["contributors"]
    assert (one["name"], one["state"], one["computed_ops"]) == ("anna", "present", 1)
    assert get(f"{server.url}/v1/graphs")["graphs"][0]["state"] == "open"


# --- contributors that fail -------------------------------------------------------------------------


def test_a_contributor_that_falls_silent_loses_its_work_to_another(
    g: R.Graph, contributor: Any, server: Any
) -> None:
    mute = contributor("mute", {0: silent}, beats=False)
    c = R.t([1, 2]) + 1
    got: list[Any] = []
    waiter = threading.Thread(target=lambda: got.append(c()))
    waiter.start()
    assert mute.assigned.wait(10)
    contributor("able")
    waiter.join(20)  # the mute one sends no heartbeats, so its lease runs out
    assert got[0].tolist() == [2, 3]
    assert mute.unknown.wait(5)


def test_a_result_that_comes_twice_counts_once(g: R.Graph, contributor: Any, server: Any) -> None:
    contributor("eager", {0: twice})
    assert (R.t([1, 2]) + 1)().tolist() == [2, 3]
    rows = server.call(
        lambda d: d.registry.read(lambda c: c.exec_driver_sql("SELECT state FROM assignment").all())
    )
    assert rows == [("committed",)]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (changed(types=[("float64", [2])]), "should give int64"),
        (changed(types=[("int64", [7])]), r"should give int64\[2\]; int64\[7\]"),
        (changed(types=[("int64", None)]), "without a shape"),
        (changed(types=[("object", [2])]), "not a type"),
        (changed(types=[]), "outputs"),
        (changed(stored={0: "0" * 64}), "stored array"),
        (changed(stored={5: "0" * 64}), "stored array"),
    ],
)
def test_a_result_of_the_wrong_form_is_refused_and_another_attempt_counts(
    g: R.Graph, contributor: Any, fault: Any, message: str
) -> None:
    liar = contributor("liar", {0: fault})
    c = R.t([1, 2]) + 1
    contributor("honest")
    assert c(timeout=20).tolist() == [2, 3]
    if liar.received:
        assert any(re.search(message, text) for text in liar.errors), liar.errors


def test_a_result_for_somebody_elses_assignment_changes_nothing(
    g: R.Graph, contributor: Any, server: Any
) -> None:
    honest = contributor("honest")
    c = R.t([1, 2]) + 1
    assert c().tolist() == [2, 3]
    thief = contributor("thief")
    forged = messages.Result(thief.life, honest.received[0].assignment, 0.1, [("int64", [2])])
    body = [column([c.id], "int32"), column([0], "uint32"), array_bytes(np.array([9, 9]))]
    assert thief.send("result", forged, body) == "taken"
    impostor = messages.replace(forged, life=honest.life)
    assert thief.send("result", impostor, body) == "refused"
    assert "has not said hello" in thief.errors[-1]
    assert g.tensor(c.id)().tolist() == [2, 3]
    server.check()


def test_an_op_that_everybody_refuses_fails_with_the_reason(g: R.Graph, contributor: Any) -> None:
    contributor("weak", dict.fromkeys(range(50), refusing("out of memory")))
    c = R.t(1) + 1
    with pytest.raises(R.ComputeError, match="out of memory"):
        c(timeout=60)


def test_operands_that_are_not_held_after_all_are_sent_again(g: R.Graph, contributor: Any) -> None:
    x = R.t(1.0) + 1
    contributor("forgetful", {1: refusing("not held", (1,))})
    assert float(x()) == 2.0
    assert float((x * 3)()) == 6.0


# --- the server starts again ------------------------------------------------------------------------


def test_a_restarted_server_goes_on_and_the_developer_notices_nothing(
    g: R.Graph, contributor: Any, server: Any
) -> None:
    c = R.unique(R.t([3.0, 1.0, 3.0])) * R.t(2.0)
    got: list[Any] = []
    waiter = threading.Thread(target=lambda: got.append(c()))
    waiter.start()
    while not server.call(lambda d: [q for r in d.registry for q in r.questions]):
        pass
    server.restart()
    contributor("new")
    waiter.join(20)
    assert got[0].tolist() == [2.0, 6.0]
    assert (c + 1)().tolist() == [3.0, 7.0]  # symbols and learned shapes survived


def test_values_survive_a_restart_and_a_lost_file_is_computed_again(
    g: R.Graph, contributor: Any, server: Any, config: Any
) -> None:
    one = contributor()
    y = R.zeros(300_000) + 1
    small = R.t(2.0) * 3
    z = y * 2
    assert z().sum() == 600_000 and float(small()) == 6.0
    one.close()
    server.restart()
    assert float(g.tensor(small.id)()) == 6.0
    assert g.tensor(z.id)().sum() == 600_000
    for file in config.data_dir.iterdir():
        file.unlink()
    server.restart()
    contributor("again")
    assert g.tensor(z.id)().sum() == 600_000


def test_this_process_shows_a_graph_as_a_server_does(server: Any, contributor: Any) -> None:
    contributor()

    def shown() -> list[Any]:
        g = R.Graph(name="shown")
        a, b = R.t([1, 2, 3], name="a"), R.transpose(R.ones((2, 3)), axes=(1, 0))
        c = a + 1
        c(), b()
        errors = []
        for wrong in (lambda: R.fetch_persisting_op("nope"), lambda: g.tensor(99)):
            with pytest.raises(R.GraphError) as caught:
                wrong()
            errors.append(re.sub(r"graph \d+", "graph N", str(caught.value)))
        ops = [{key: op[key] for key in op if key != "line"} for op in g.ops]
        return [list(g.get_op_stats().items()), ops, g.status, g.progress, errors]

    at_server = shown()
    before = engine._engine
    R.initialize(url="local:")
    try:
        assert shown() == at_server
    finally:
        engine._engine = before
