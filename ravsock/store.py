"""Every query. Functions on a connection, for the writer thread; moves are guarded by ravspec.states.

A guarded move that touches no row raises: somebody else moved it first, and nothing is stored in half.
"""

from __future__ import annotations

import enum
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ravsock import models as m
from ravsock.columnar import COUNTING, digits, pick, pick_blob
from ravspec.batch import Batch
from ravspec.codec import Buffer
from ravspec.errors import GraphError
from ravspec.states import (
    AssignmentState,
    ContributorState,
    GraphState,
    Move,
    OpState,
    SubgraphState,
    outcome,
    sources,
)


class Stale(GraphError):
    """A row was not in a state from which that move is legal."""


def words(states: Iterable[enum.StrEnum]) -> str:
    """States as an SQL list."""
    return ", ".join(f"'{state}'" for state in states)


# --- graphs and their ops ---------------------------------------------------------------------------


def insert_graph(
    c: Connection, name: str | None, algorithm: str | None, approach: str, developer: str
) -> int:
    """A new graph; its id."""
    row = m.graph.insert().values(
        name=name,
        algorithm=algorithm,
        approach=approach,
        developer=developer,
        state=GraphState.OPEN,
        created_at=time.time(),
    )
    return int(c.execute(row).inserted_primary_key[0])  # type: ignore[index]


def move_graph(c: Connection, graph: int, move: Move) -> None:
    """Move a graph; an illegal move raises Stale."""
    moved = c.execute(
        m.graph.update()
        .where(m.graph.c.id == graph, m.graph.c.state.in_(sources(GraphState, move)))
        .values(state=outcome(GraphState, move))
    )
    if moved.rowcount != 1:
        raise Stale(f"graph {graph} cannot {move} in its present state")


INSERT_OPS = f"""
INSERT INTO op (graph_id, op, kind, site, operands, out_types, state)
{COUNTING}
SELECT :graph, :first + n.i, {pick("kind")}, {pick("site")},
       {pick_blob("operand", "first_operand", "arity", 8)}, {pick_blob("out_type", "first_out", "n_out", 4)},
       CASE WHEN {pick("source")} THEN '{OpState.COMPUTED}' ELSE '{OpState.PENDING}' END
FROM n
"""


def insert_ops(c: Connection, graph: int, batch: Batch, source: NDArray[np.bool_]) -> None:
    """The rows of a batch of ops, and the symbols that came with it."""
    _insert_symbols(c, graph, batch)
    if not len(batch):
        return
    n_out = batch.n_out if len(batch.n_out) else np.ones(len(batch), np.uint16)
    operand = np.zeros((len(batch.operand), 2), "<i4")
    operand[:, 0] = batch.operand
    if len(batch.output):
        operand[:, 1] = batch.output
    columns = {
        "graph": graph,
        "first": batch.first_op,
        "count": len(batch),
        "kind": digits(batch.kind),
        "site": digits(batch.site),
        "arity": digits(batch.arity),
        "first_operand": digits(np.cumsum(batch.arity) - batch.arity),
        "operand": operand.tobytes(),
        "n_out": digits(n_out),
        "first_out": digits(np.cumsum(n_out) - n_out),
        "out_type": batch.out_type.astype("<i4").tobytes(),
        "source": digits(source),
    }
    c.exec_driver_sql(INSERT_OPS, columns)
    if batch.names:
        rename = "UPDATE op SET name = :name WHERE graph_id = :graph AND op = :op"
        c.exec_driver_sql(
            rename, [{"graph": graph, "op": op, "name": name} for op, name in batch.names.items()]
        )


def _insert_symbols(c: Connection, graph: int, batch: Batch) -> None:
    s = batch.symbols
    rows = [
        (graph, sort, first + i, json.dumps(item))
        for sort, first, items in zip(
            ("kind", "type", "site", "literal"),
            batch.first,
            (s.kinds, s.types, s.sites, s.literals),
            strict=True,
        )
        for i, item in enumerate(items)
    ]
    if rows:
        c.exec_driver_sql("INSERT INTO symbol (graph_id, sort, number, body) VALUES (?, ?, ?, ?)", rows)


def move_ops(c: Connection, graph: int, ops: Sequence[int] | NDArray[Any], move: Move) -> None:
    """Move many ops at once; ops from which the move is not legal stay as they are."""
    to, guard = outcome(OpState, move), words(sources(OpState, move))
    c.exec_driver_sql(
        f"UPDATE op SET state = '{to}' WHERE graph_id = :graph AND state IN ({guard}) "
        f"AND op IN ({COUNTING} SELECT {pick('ops')} FROM n)",
        {"graph": graph, "ops": digits(ops), "count": len(ops)},
    )


def fail_ops(c: Connection, graph: int, failed: Sequence[tuple[int, int, str]]) -> None:
    """Ops end as failed: (op, op at fault, reason)."""
    guard = words(sources(OpState, Move.FAIL))
    c.exec_driver_sql(
        f"UPDATE op SET state = '{OpState.FAILED}', cause = ?, reason = ? "
        f"WHERE graph_id = ? AND op = ? AND state IN ({guard})",
        [(cause, reason, graph, op) for op, cause, reason in failed],
    )


def persist(c: Connection, developer: str, graph: int, names: dict[str, int]) -> None:
    """Names under which ops are kept; a name given again points to the newer op."""
    c.exec_driver_sql(
        "INSERT INTO persisted (developer, name, graph_id, op) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (developer, name) DO UPDATE SET graph_id = excluded.graph_id, op = excluded.op",
        [(developer, name, graph, op) for name, op in names.items()],
    )


def insert_data(
    c: Connection,
    graph: int,
    ops: NDArray[Any],
    layout: dict[str, Any],
    size: int,
    digest: str,
    body: Buffer | None,
) -> int:
    """A stored buffer with the values of these ops; its id. body None: it is a file."""
    row = (
        graph,
        ops.astype("<i4").tobytes(),
        json.dumps(layout),
        size,
        digest,
        None if body is None else bytes(body),
    )
    insert = "INSERT INTO data (graph_id, ops, layout, size_bytes, sha256, body) VALUES (?, ?, ?, ?, ?, ?)"
    return int(c.exec_driver_sql(insert, row).lastrowid)


def forget_data(c: Connection, graph: int, ids: Sequence[int]) -> None:
    """Stored buffers that turned out to be lost."""
    c.execute(m.data.delete().where(m.data.c.graph_id == graph, m.data.c.id.in_(ids)))


# --- contributors and assignments -------------------------------------------------------------------


def insert_contributor(c: Connection, row: dict[str, Any]) -> None:
    """A life; one that comes back to a restarted server is the same row, present again."""
    insert = sa.dialects.sqlite.insert(m.contributor).values(
        **row, state=ContributorState.PRESENT, joined_at=time.time()
    )
    c.execute(
        insert.on_conflict_do_update(
            index_elements=["life"], set_={"state": ContributorState.PRESENT, "ended_at": None}
        )
    )


def end_contributor(c: Connection, life: str, move: Move) -> None:
    """A life left or was lost."""
    guard = words(sources(ContributorState, move))
    c.exec_driver_sql(
        f"UPDATE contributor SET state = ?, ended_at = ? WHERE life = ? AND state IN ({guard})",
        (outcome(ContributorState, move), time.time(), life),
    )


def insert_assignment(
    c: Connection, assignment: int, graph: int, life: str, ops: Sequence[int], predicted_s: float
) -> None:
    """A subgraph and its assignment, live."""
    blob = np.array(ops, "<i4").tobytes()
    c.exec_driver_sql(
        "INSERT INTO subgraph (id, graph_id, ops, state) VALUES (?, ?, ?, ?)",
        (assignment, graph, blob, SubgraphState.COMPUTING),
    )
    c.exec_driver_sql(
        "INSERT INTO assignment (id, subgraph_id, life, state, predicted_s, assigned_at) VALUES (?, ?, ?, ?, ?, ?)",
        (assignment, assignment, life, AssignmentState.LIVE, predicted_s, time.time()),
    )


def commit_assignment(c: Connection, assignment: int, life: str, exec_s: float) -> None:
    """The assignment's result counts; if it is not live for that life, Stale."""
    guard = words(sources(AssignmentState, Move.COMMIT))
    moved = c.exec_driver_sql(
        "UPDATE assignment SET state = ?, exec_s = ?, ended_at = ? "
        f"WHERE id = ? AND life = ? AND state IN ({guard})",
        (AssignmentState.COMMITTED, exec_s, time.time(), assignment, life),
    )
    if moved.rowcount != 1:
        raise Stale(f"assignment {assignment} is not live for {life}")
    c.exec_driver_sql("UPDATE subgraph SET state = ? WHERE id = ?", (SubgraphState.COMPUTED, assignment))


def void_assignment(c: Connection, assignment: int, reason: str) -> None:
    """The assignment is over without a result; its ops are dealt out anew."""
    guard = words(sources(AssignmentState, Move.VOID))
    c.exec_driver_sql(
        f"UPDATE assignment SET state = ?, ended_at = ?, reason = ? WHERE id = ? AND state IN ({guard})",
        (AssignmentState.VOID, time.time(), reason, assignment),
    )
    guard = words(sources(SubgraphState, Move.VOID))
    c.exec_driver_sql(
        f"UPDATE subgraph SET state = ? WHERE id = ? AND state IN ({guard})",
        (SubgraphState.RETURNED, assignment),
    )


def void_everything(c: Connection, reason: str) -> int:
    """At a start: the assignments and lives of the process before are over. How many assignments."""
    now = time.time()
    voided = c.exec_driver_sql(
        "UPDATE assignment SET state = ?, ended_at = ?, reason = ? WHERE state = ?",
        (AssignmentState.VOID, now, reason, AssignmentState.LIVE),
    )
    c.exec_driver_sql(
        "UPDATE subgraph SET state = ? WHERE state = ?", (SubgraphState.RETURNED, SubgraphState.COMPUTING)
    )
    c.exec_driver_sql(
        "UPDATE contributor SET state = ?, ended_at = ? WHERE state = ?",
        (ContributorState.LOST, now, ContributorState.PRESENT),
    )
    return int(voided.rowcount)
