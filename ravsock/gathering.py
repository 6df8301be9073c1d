"""Federated graphs in SQL: one transaction a step, so that a crash in between loses and doubles nothing.

Functions on the driver's connection, for the writer thread, and two for reading.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Reading

from ravsock import models as m
from ravsock import store
from ravsock.federated import End, Outcome, Question, end_of, outcome
from ravsock.sql import Connection
from ravspec.states import GraphState, Move


def freeze(c: Connection, graph: int, question: Question) -> str:
    """Store the spec of a graph, once; the fingerprint of the one that is stored."""
    row = c.execute("SELECT fingerprint FROM federated WHERE graph_id = ?", (graph,)).fetchone()
    if row is not None:
        return str(row[0])
    store.move_graph(c, graph, Move.END)
    c.execute(
        "INSERT INTO federated (graph_id, spec, fingerprint, contributors, total) VALUES (?, ?, ?, 0, ?)",
        (graph, question.text, question.fingerprint, question.nothing()),
    )
    return question.fingerprint


def contribute(
    c: Connection, graph: int, question: Question, contributor: str, digest: str, body: bytes, now: float
) -> tuple[Outcome, GraphState]:
    """Fold one contribution in, and release the total with the last."""
    key = (graph, contributor)
    query = "SELECT 1 FROM contribution WHERE graph_id = ? AND contributor = ?"
    has_one = c.execute(query, key).fetchone() is not None
    query = "SELECT 1 FROM contribution WHERE graph_id = ? AND sha256 = ?"
    known = c.execute(query, (graph, digest)).fetchone() is not None
    state = GraphState(c.execute("SELECT state FROM graph WHERE id = ?", (graph,)).fetchone()[0])
    result = outcome(state, has_one, known)
    if result is Outcome.COUNTED:
        row = c.execute("SELECT contributors, total FROM federated WHERE graph_id = ?", (graph,)).fetchone()
        contributors, total = row[0] + 1, question.fold(row[1], body)
        insert = "INSERT INTO contribution (graph_id, contributor, sha256, came_at) VALUES (?, ?, ?, ?)"
        c.execute(insert, (*key, digest, now))
        c.execute(
            "UPDATE federated SET contributors = ?, total = ? WHERE graph_id = ?",
            (contributors, total, graph),
        )
        state = finish(c, graph, question, now)
    return result, state


def finish(c: Connection, graph: int, question: Question, now: float) -> GraphState:
    """End the gathering if it must end now; the state after."""
    query = "SELECT state, contributors FROM graph JOIN federated ON graph_id = id WHERE id = ?"
    text, contributors = c.execute(query, (graph,)).fetchone()
    state, spec = GraphState(text), question.spec
    end = end_of(spec, contributors, now) if state is GraphState.ENDED else None
    if end is End.RELEASE:
        store.move_graph(c, graph, Move.FINISH)
        c.execute("UPDATE federated SET released_at = ? WHERE graph_id = ?", (now, graph))
        return GraphState.COMPUTED
    if end is End.TOO_FEW:
        reason = f"{contributors} of at least {spec.min_clients} contributors came before the deadline"
        store.move_graph(c, graph, Move.FAIL)
        forget(c, graph, reason)
        return GraphState.FAILED
    return state


def cancel(c: Connection, graph: int) -> GraphState:
    """The developer ends a graph; what was gathered and not released is forgotten."""
    state = GraphState(c.execute("SELECT state FROM graph WHERE id = ?", (graph,)).fetchone()[0])
    if state in (GraphState.OPEN, GraphState.ENDED):
        store.move_graph(c, graph, Move.CANCEL)
        forget(c, graph, "its developer ended it")
        return GraphState.CANCELLED
    return state


def forget(c: Connection, graph: int, reason: str) -> None:
    """A total that is never released is deleted."""
    c.execute("UPDATE federated SET total = ?, reason = ? WHERE graph_id = ?", (b"", reason, graph))


# --- reading -----------------------------------------------------------------------------------------


def gathered(c: Reading, *, graph: int | None = None, states: Any = None) -> list[dict[str, Any]]:
    """Federated graphs, oldest first, with what is known of their gathering (null before the spec came)."""
    g, f = m.graph.c, m.federated.c
    query = sa.select(
        g.id, g.name, g.algorithm, g.approach, g.developer, g.state, g.created_at,
        f.spec, f.fingerprint, f.contributors, f.reason,
    ).select_from(m.graph.outerjoin(m.federated)).where(g.approach == "federated").order_by(g.id)  # fmt: skip
    if graph is not None:
        query = query.where(g.id == graph)
    if states is not None:
        query = query.where(g.state.in_(states))
    return [dict(row) for row in c.execute(query).mappings()]


def released(c: Reading, graph: int) -> bytes | None:
    """The total of a graph, if it is released."""
    query = sa.select(m.federated.c.total).where(
        m.federated.c.graph_id == graph, m.federated.c.released_at.is_not(None)
    )
    total: bytes | None = c.execute(query).scalar()
    return total
