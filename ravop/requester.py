"""How scripts of RDF's last generation ran a graph: flush, activate, execute, track_progress.

They act on the graph that was made last, `flush` and `get_my_graphs` on all of one's own, and say on
standard output what they said there.
"""

from __future__ import annotations

from typing import Any

from ravop.engine import current_engine
from ravop.graph import Graph, _current, open_graphs
from ravop.looking import mine
from ravspec.errors import GraphError, ParamError

#: columns of get_my_graphs: title, field
COLUMNS = (("Id", "id"), ("Name", "name"), ("Approach", "approach"), ("Algorithm", "algorithm"),
           ("Status", "state"))  # fmt: skip


def flush() -> str:
    """Delete your graphs at the server, with values, persisted names and history; what is being computed of
    them is taken back. It cannot be undone. A message.

    Yours are those of your token's name, an operator's too; at a server without tokens those of the username
    given to `initialize`, or those that were made without one.
    """
    deleted = set(current_engine().flush())
    for graph in open_graphs():
        if graph._engine is current_engine() and graph._id in deleted:
            graph._close()
    last = _current.get()
    if last is not None and last._engine is current_engine() and last._id in deleted:
        _current.set(None)
    return "Requester flushed"


def last_graph() -> Graph:
    """The graph that was made last here; GraphError if there is none."""
    graph = _current.get()
    if graph is None:
        raise GraphError('there is no graph to activate yet: make one, R.Graph(name="..."), and ops in it')
    return graph


def activate() -> None:
    """Send the last graph's ops to the server, which checks and keeps them; no op can be added afterwards.

    A graph without ops is a GraphError. RDF's cost and most participants are not told: nothing costs tokens.
    """
    graph = last_graph()
    if not graph._record.n_ops:
        raise GraphError(f"{graph} has no ops to activate")
    graph._close()
    graph._ask([], None, wait_for=False)
    print("Ops Persisted Successfully!")
    print("Graph Compiled Successfully. Ready to Execute!")


def execute(participants: int = 1) -> str:
    """Have the last graph computed, without waiting; a message. It must have been activated.

    participants: so many RDF waited for; here whoever is there computes, and who comes later helps.
    """
    if isinstance(participants, bool) or not isinstance(participants, int) or participants < 1:
        raise ParamError(f"execute: participants is a number, 1 or more, not {participants!r}")
    graph = activated()
    graph._ask([], None, end=True, wait_for=False)
    return "Graph Execute Initiated"


def track_progress(timeout: float | None = None) -> None:
    """Wait until the last graph is computed, with a bar; what failed of it is a ComputeError."""
    activated()._ask([], timeout, end=True)
    print("Graph Computed Successfully!")


def activated() -> Graph:
    """The last graph; GraphError if it still takes ops."""
    graph = last_graph()
    if not graph._ended:
        raise GraphError(f"{graph} is not activated: call R.activate() once it has all its ops")
    return graph


def get_my_graphs() -> list[dict[str, Any]]:
    """Your graphs at the server, oldest first: a dict each, and a table of them on standard output.

    Yours are those of the username given to `initialize`; without one, those that your token shows.
    """
    graphs = mine(current_engine())
    rows = [[title for title, _ in COLUMNS]]
    rows += [[str(graph[field] or "") for _, field in COLUMNS] for graph in graphs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return graphs
