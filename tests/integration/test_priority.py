"""`R.Graph(priority=...)`: kept at the server, over a restart, and heeded among one's own graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contributors import ScriptedContributor

import ravop as R


def test_the_more_urgent_graph_is_given_out_first(
    server: Any, contributor: Callable[..., ScriptedContributor]
) -> None:
    graphs = []
    for name, priority in (("later", 0), ("urgent", 5)):
        graphs.append(R.Graph(name=name, priority=priority))
        R.t([1.0, 2.0]) + 1
        graphs[-1].submit()
    later, urgent = graphs
    one = contributor()
    assert one.assigned.wait(10)
    assert one.received[0].graph == urgent.id > later.id
    assert R.Graph(id=urgent.id).priority == 5 and R.Graph(id=later.id).priority == 0


def test_it_is_known_after_a_restart(server: Any) -> None:
    graph = R.Graph(priority=-3)
    R.t([1.0]) + 1
    graph.submit()
    server.restart()
    held = server.call(lambda d: d.scheduler.ledger.graphs[graph.id].priority)
    assert held == -3


@pytest.mark.parametrize("priority", [1.5, True, "high", 10**7])
def test_what_is_no_priority_is_said_at_once(server: Any, priority: Any) -> None:
    with pytest.raises(R.ParamError, match="priority is an integer"):
        R.Graph(priority=priority)
