"""A server that is started anew on the same database: lives keep their work, and hand it in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contributors import ScriptedContributor

import ravop as R
from ravop import engine
from tests.databases import on_postgresql_too

pytestmark = on_postgresql_too


class Held:
    """A fault: the answer is computed, and kept until the test sends it."""

    def __init__(self) -> None:
        self.frame: bytes | None = None
        self.computed = threading.Event()

    def __call__(self, contributor: ScriptedContributor, frame: bytes) -> None:
        self.frame = frame
        self.computed.set()


def asked(tensor: Any) -> tuple[threading.Thread, list[Any]]:
    """Somebody waits for the tensor, in a thread; its value when it comes."""
    got: list[Any] = []
    waiter = threading.Thread(target=lambda: got.append(tensor(timeout=30)))
    waiter.start()
    return waiter, got


def back(one: ScriptedContributor) -> None:
    """The same life connects once more."""
    one._joined.clear()
    one.join()


def test_what_is_asked_while_the_server_is_away_is_answered_when_it_is_back(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = contributor("ann")
    assert (R.arange(3) + 1)().tolist() == [1, 2, 3]
    y = R.arange(5) + 1
    client: Any = engine.current_engine()
    refused, exchange = threading.Event(), client._exchange
    waiting: list[tuple[threading.Thread, list[Any]]] = []

    def noted(*args: Any) -> Any:
        try:
            return exchange(*args)
        except OSError:
            refused.set()
            raise

    def meanwhile() -> None:
        monkeypatch.setattr(client, "_exchange", noted)
        waiting.append(asked(y))
        assert refused.wait(10)

    server.restart(meanwhile)
    back(one)
    waiter, got = waiting[0]
    waiter.join(20)
    assert got[0].tolist() == [1, 2, 3, 4, 5]


def test_a_result_that_was_computed_while_the_server_was_away_counts(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    held = Held()
    one = contributor("ann", {0: held})
    waiter, got = asked(R.arange(5) + 1)
    assert held.computed.wait(10)
    server.restart()
    # nobody else is given the work, although there is somebody
    other = contributor("bob")
    back(one)
    assert held.frame is not None
    assert one.send("result", None, raw=held.frame) == "taken"
    waiter.join(20)
    assert got[0].tolist() == [1, 2, 3, 4, 5]
    assert not other.received
    server.check()
    # sent once more, it changes nothing
    assert one.send("result", None, raw=held.frame) == "taken"
    assert g.get_op_stats()["computed_ops"] == 2


def test_a_life_that_does_not_come_back_is_lost_after_a_lease(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    held = Held()
    one = contributor("ann", {0: held})
    waiter, got = asked(R.arange(5) + 1)
    assert held.computed.wait(10)
    one.close()
    server.restart()
    contributor("bob")
    waiter.join(30)
    assert got[0].tolist() == [1, 2, 3, 4, 5]


def test_an_assignment_whose_message_was_lost_is_sent_again(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    held = Held()
    one = contributor("ann", {0: held})
    waiter, got = asked(R.arange(3) * 2)
    assert held.computed.wait(10)
    server.restart()
    back(one)
    waiter.join(20)
    assert got[0].tolist() == [0, 2, 4]
    assert len({a.assignment for a in one.received}) == 1 and len(one.received) == 2


def test_a_result_of_an_assignment_that_was_never_written_down_is_dropped(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any
) -> None:
    """Its number must not be given to another: the values would be taken for the other's."""
    held, later = Held(), Held()
    one = contributor("ann", {0: held, 1: later})
    waiter, got = asked(R.arange(3) + 7)
    assert held.computed.wait(10)
    number = one.received[0].assignment
    server.run(server.call(lambda d: d.writer.submit(lambda c: forget(c, number))))
    server.restart()
    back(one)
    assert later.computed.wait(10)
    assert one.received[1].assignment > number + 1
    assert held.frame is not None and later.frame is not None
    assert one.send("result", None, raw=held.frame) == "taken"
    assert not got and g.get_op_stats()["computed_ops"] == 0
    assert one.send("result", None, raw=later.frame) == "taken"
    waiter.join(20)
    assert got[0].tolist() == [7, 8, 9]


def forget(c: Any, number: int) -> None:
    """As after a crash before the writer's commit."""
    c.execute("DELETE FROM subgraph WHERE id = ?", (number,))
    c.execute("INSERT INTO subgraph (id, graph_id, ops, state) VALUES (1, 1, ?, 'returned')", (b"",))
    c.execute(
        "INSERT INTO assignment (id, subgraph_id, life, state, predicted_s, assigned_at, ended_at) "
        "SELECT 1, 1, life, 'void', 0.0, 0.0, 0.0 FROM contributor"
    )


def test_a_value_that_came_with_its_op_and_is_gone_is_said_to_be_gone(
    g: R.Graph, contributor: Callable[..., ScriptedContributor], server: Any, config: Any
) -> None:
    x = R.t(np.arange(300_000.0))
    y = x + 1
    g.get_op_stats()
    server.restart(meanwhile=lambda: [file.unlink() for file in config.data_dir.iterdir()])
    contributor("ann")
    with pytest.raises(R.ComputeError, match="its value was lost at the server"):
        y(timeout=20)
