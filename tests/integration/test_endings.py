"""Graphs that are cancelled or deleted, and what is told of what happened to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from contributors import ScriptedContributor, refusing, silent
from door import ask, make_token
from fedpeople import federated

import ravop as R
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too

Contributor = Callable[..., ScriptedContributor]


def waiting(tensor: R.Tensor) -> tuple[threading.Thread, list[str]]:
    """Somebody waits for a value; what they are told instead."""
    told: list[str] = []

    def wait() -> None:
        with pytest.raises(R.GraphError) as caught:
            tensor(timeout=30)
        told.append(str(caught.value))

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, told


@pytest.mark.parametrize("verb", ["cancel", "delete"])
def test_work_is_taken_back_and_who_waits_is_told(
    g: R.Graph, contributor: Contributor, server: Any, verb: str
) -> None:
    one = contributor("ann", {0: silent})
    thread, told = waiting(R.arange(4) + 1)
    assert one.assigned.wait(10)
    getattr(R.Graph(id=g.id), verb)()
    thread.join(10)
    past = {"cancel": "cancelled", "delete": "deleted"}[verb]
    assert told == [f"graph {g.id} was {past}"]
    assert one.send("heartbeat", None, raw=heartbeat(one)) is None or one.voided
    server.check()
    assert server.call(lambda d: (len(d.live), len(d.scheduler.ledger.graphs))) == (0, 0)
    # and the contributor goes on with other graphs
    with R.Graph(name="next"):
        assert (R.arange(3) * 2)(timeout=20).tolist() == [0, 2, 4]


def heartbeat(one: ScriptedContributor) -> bytes:
    from ravspec import messages

    return messages.encode(messages.Heartbeat(one.life))


def test_a_cancelled_graph_keeps_the_values_that_came_and_computes_nothing_more(
    g: R.Graph, contributor: Contributor, server: Any
) -> None:
    contributor("ann")
    x = R.t([1.0, 2.0]) * 3
    assert x().tolist() == [3.0, 6.0]
    y = x + 1
    g.cancel()
    g.cancel()
    assert g.status == "cancelled"
    assert g.get_op_stats()["computed_ops"] == 2
    server.restart()
    again = R.Graph(id=g.id)
    assert again.tensor(x.id)().tolist() == [3.0, 6.0]
    with pytest.raises(R.GraphError, match="was cancelled; nothing more of it is computed"):
        again.tensor(y.id)()
    with pytest.raises(R.GraphError, match="has ended"):
        (y + 1)()


def test_a_graph_that_is_over_cannot_be_cancelled(g: R.Graph, contributor: Contributor) -> None:
    contributor("ann")
    R.t(1) + 1
    g.end()
    with pytest.raises(R.GraphError, match="is computed already; there is nothing to cancel"):
        g.cancel()
    assert g.status == "computed"


def test_a_deleted_graph_is_gone_with_its_values_names_and_history(
    g: R.Graph, contributor: Contributor, server: Any
) -> None:
    contributor("ann")
    x = R.zeros(100_000) + 1  # a file of the graph, below INLINE_BYTES
    x.persist_op("kept")
    assert x().sum() == 100_000
    g.end()
    assert R.fetch_persisting_op("kept").sum() == 100_000
    before = server.call(lambda d: d.accounts.of("").bytes)
    g.delete()
    assert server.call(lambda d: d.accounts.of("").bytes) < before
    for question in (lambda: R.Graph(id=g.id), lambda: R.fetch_persisting_op("kept")):
        with pytest.raises(R.GraphError, match="there is no"):
            question()
    left = server.call(lambda d: d.registry.read(rows_left))
    assert left == {
        "graph": 0,
        "op": 0,
        "data": 0,
        "event": 0,
        "subgraph": 0,
        "assignment": 0,
        "persisted": 0,
    }


def rows_left(c: Any) -> dict[str, int]:
    import sqlalchemy as sa

    from ravsock import models as m

    tables = ("graph", "op", "data", "event", "subgraph", "assignment", "persisted")
    rows = {name: sa.select(sa.func.count()).select_from(m.metadata.tables[name]) for name in tables}
    rows["event"] = rows["event"].where(m.event.c.what != "contributor")
    return {name: c.execute(query).scalar_one() for name, query in rows.items()}


def test_another_developers_graph_is_not_there_to_be_ended(config: Any, serve: Any) -> None:
    server = serve(config, make_token(config, "developer", "anna"))
    g = R.Graph(name="mine")
    R.t(1) + 1
    g.get_op_stats()
    thief = make_token(config, "developer", "bert")
    paths = (("POST", "cancel"), ("DELETE", ""), ("GET", "history"))
    for method, verb in paths:
        path = f"/v1/graphs/{g.id}/{verb}".rstrip("/")
        assert ask(server.port, method, path, thief)[0] == 404, path
    assert g.status == "open"


def test_a_flush_deletes_ones_own_graphs_and_leaves_others_alone(config: Any, serve: Any) -> None:
    names = "anna", "bert"
    tokens = {who: make_token(config, "developer", who) for who in names}
    tokens["olga"] = make_token(config, "operator", "olga")
    server = serve(config, tokens["anna"])
    kept: dict[str, R.Graph] = {}
    for who, token in tokens.items():
        R.initialize(token, url=server.url)
        kept[who] = R.Graph(name=f"{who}'s")
        x = R.t(1) + 1
        x.persist_op("total")
        kept[who].get_op_stats()
    # an operator sees everybody's graphs, and flushes none but her own, whomever she names
    assert [row["name"] for row in R.get_my_graphs()] == ["anna's", "bert's", "olga's"]
    status, reply = ask(server.port, "DELETE", "/v1/graphs?developer=anna", tokens["olga"])
    assert (status, reply) == (200, {"deleted": [kept["olga"].id]})
    # and so does a developer
    R.initialize(tokens["anna"], url=server.url)
    assert R.flush() == "Requester flushed"
    assert R.get_my_graphs() == []
    with pytest.raises(R.GraphError, match="there is no"):
        R.Graph(id=kept["anna"].id)
    R.initialize(tokens["bert"], url=server.url)
    assert [row["name"] for row in R.get_my_graphs()] == ["bert's"]
    assert R.Graph(id=kept["bert"].id).get_op_stats()["total_ops"] == 2


def test_a_flush_goes_by_the_username_where_no_tokens_are_asked_for(server: Any, at_home: None) -> None:
    made = {}
    for who in ("anna", "bert", None):
        R.initialize(None, who, url=server.url)
        made[who] = R.Graph(name=f"{who}'s").id, R.Graph(name="other").id
    federated({"age": {"min": 0, "max": 9}})
    assert len(R.get_my_graphs()) == 3
    R.flush()
    assert R.get_my_graphs() == []
    assert left(server) == {*made["anna"], *made["bert"]}
    R.initialize(None, "anna", url=server.url)
    R.flush()
    assert left(server) == set(made["bert"])


def left(server: Any) -> set[int]:
    """The graphs that are there."""
    return {row["id"] for row in ask(server.port, "GET", "/v1/graphs")[1]["graphs"]}


def test_a_flush_takes_back_what_is_computed_and_the_script_begins_anew(
    g: R.Graph, contributor: Contributor, server: Any
) -> None:
    one = contributor("ann", {0: silent})
    x = R.arange(4) + 1
    thread, told = waiting(x)
    assert one.assigned.wait(10)
    R.flush()
    thread.join(10)
    assert told == [f"graph {g.id} was deleted"]
    with pytest.raises(R.GraphError, match="has ended"):
        x + 1
    server.check()
    assert server.call(lambda d: (len(d.live), len(d.scheduler.ledger.graphs))) == (0, 0)
    assert set(server.call(lambda d: d.registry.read(rows_left)).values()) == {0}
    with pytest.raises(R.GraphError, match="there is no graph to activate"):
        R.activate()
    assert (R.arange(3) * 2)(timeout=20).tolist() == [0, 2, 4]


def test_history_tells_every_move_in_order(g: R.Graph, contributor: Contributor, server: Any) -> None:
    contributor("ann", {0: refusing("no memory")})
    assert (R.arange(4) + 1)(timeout=30).tolist() == [1, 2, 3, 4]
    g.end()
    # the developer is told of the last value before the graph's own end is written
    server.run(server.call(lambda d: d.writer.submit(lambda c: None)))
    moves = [(e["what"], e["state"]) for e in g.history()]
    assert moves == [
        ("graph", "open"),
        ("subgraph", "computing"), ("assignment", "live"),
        ("assignment", "void"), ("subgraph", "returned"),
        ("subgraph", "computing"), ("assignment", "live"),
        ("assignment", "committed"), ("subgraph", "computed"),
        ("graph", "ended"), ("graph", "computed"),
    ]  # fmt: skip
    given = [e for e in g.history() if e["what"] == "assignment"]
    assert {e["contributor"] for e in given} == {"ann"}
    assert "no memory" in given[1]["reason"]
    assert [e["at"] for e in g.history()] == sorted(e["at"] for e in g.history())


def test_an_ops_history_is_that_of_its_subgraphs(g: R.Graph, contributor: Contributor, server: Any) -> None:
    contributor("ann")
    x, y = R.arange(4) + 1, R.arange(5) * 2
    x(), y()
    of_x = [e["subject"] for e in g.history(x.id) if e["what"] == "assignment"]
    of_y = [e["subject"] for e in g.history(y.id) if e["what"] == "assignment"]
    assert len(set(of_x)) == len(set(of_y)) == 1 and of_x != of_y
    status, reply = ask(server.port, "GET", "/v1/contributors/ann/history")
    assert status == 200 and [e["state"] for e in reply["events"]] == ["present"]


def test_an_op_explains_what_it_waits_for(g: R.Graph, contributor: Contributor) -> None:
    x = R.arange(4) + 1
    g.get_op_stats()
    assert g.explain(x.id) == "nobody has asked for it yet"
    assert g.explain() == "nothing of the graph was asked for yet"
    one = contributor("ann", {0: silent})
    thread, _ = waiting(x)
    assert one.assigned.wait(10)
    assert "ann computes it" in g.explain(x.id)
    g.cancel()
    thread.join(10)


def test_a_graph_is_found_by_its_name(server: Any, contributor: Contributor, at_home: None) -> None:
    contributor("ann")
    made = {}
    for who, value in (("anna", 1), ("anna", 2), ("bert", 3)):
        R.initialize(None, who, url=server.url)
        with R.Graph(name="walk") as g:
            x = R.t(value) * 10
            x.persist_op("x")
        made[who] = g.id
    R.initialize(None, "anna", url=server.url)
    # the newest of one's own
    found = R.Graph(id="walk")
    assert (found.id, found.name, found.status) == (made["anna"], "walk", "computed")
    assert R.fetch_persisting_op("x") == 20
    with pytest.raises(R.GraphError, match="no graph named 'run' of yours"):
        R.Graph(id="run")
    R.initialize(None, "bert", url=server.url)
    assert R.Graph(id="walk").id == made["bert"]
