"""Writes that fail for want of room: what was not written down is, with the result that needs it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from contributors import ScriptedContributor

import ravop as R
from ravsock import store
from ravsock.sql import DatabaseError
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too


@pytest.mark.parametrize("what", ["insert_assignment", "insert_contributor"])
def test_a_result_counts_though_there_was_no_room_to_write_down_who_had_the_work(
    g: R.Graph,
    contributor: Callable[..., ScriptedContributor],
    server: Any,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    real, failed = getattr(store, what), []

    def once(c: Any, *args: Any) -> None:
        if not failed:
            failed.append(args)
            raise DatabaseError("database or disk is full")
        real(c, *args)

    monkeypatch.setattr(store, what, once)
    contributor("ann")
    assert (R.arange(4) + 1)(timeout=20).tolist() == [1, 2, 3, 4]
    assert failed
    g.end()
    # the developer is told of the last value before the graph's own end is written
    server.run(server.call(lambda d: d.writer.submit(lambda c: None)))
    moves = [(e["what"], e["state"]) for e in g.history()]
    assert moves.count(("assignment", "committed")) == 1 and moves[-1] == ("graph", "computed")
    server.restart()
    assert R.Graph(id=g.id).get_op_stats()["computed_ops"] == 2


def test_a_result_for_a_graph_that_is_deleted_meanwhile_is_dropped(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    """It must not bring the graph's rows back, nor be written again and again."""
    one = contributor("ann")
    x = R.arange(4) + 1
    assert x().tolist() == [1, 2, 3, 4]
    assign = server.call(lambda d: d.registry.read(rows_of))
    g.delete()
    with pytest.raises(store.Stale):
        server.run(server.call(lambda d: d.writer.submit(lambda c: late(c, assign, one))))


def test_only_a_live_assignment_commits_and_only_of_its_own_life(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    """The last wall: whatever memory believes, SQL takes a result once, and from nobody else."""
    held, computed = [], threading.Event()

    def keep(contributor: ScriptedContributor, frame: bytes) -> None:
        held.append(frame)
        computed.set()

    one = contributor("ann", {0: keep})
    waiter = threading.Thread(target=contextvars.copy_context().run, args=(lambda: (R.arange(4) + 1)(),))
    waiter.start()
    assert computed.wait(10)
    bob = contributor("bob")
    server.run(server.call(lambda d: d.writer.submit(lambda c: None)))
    assign = server.call(lambda d: d.registry.read(rows_of))
    with pytest.raises(store.Stale, match="is not live for"):
        server.run(server.call(lambda d: d.writer.submit(lambda c: late(c, assign, bob))))
    assert one.send("result", None, raw=held[0]) == "taken"
    waiter.join(20)
    with pytest.raises(store.Stale, match="is not live for"):
        server.run(server.call(lambda d: d.writer.submit(lambda c: late(c, assign, one))))


def rows_of(c: Any) -> tuple[int, int]:
    import sqlalchemy as sa

    row = c.execute(sa.text("SELECT id, graph_id FROM subgraph")).one()
    return row[0], row[1]


def late(c: Any, rows: tuple[int, int], one: ScriptedContributor) -> None:
    from ravsock.scheduler.events import Assign

    lists: list[Any] = [[0], [], [], [], [0], [], []]
    store.commit_assignment(c, Assign(rows[0], one.life, rows[1], *lists, 0.0, 0.0), {}, 0.0)
