"""Every write. Functions on the driver's connection, for the writer thread.

Moves are guarded by the table of ravspec.states.

A guarded move that touches no row raises: somebody else moved it first, and nothing is stored in half.
"""

from __future__ import annotations

import enum
import json
import time
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravsock.columnar import COUNTING, digits, number, pick, stretch
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
    row = (name, algorithm, approach, developer, GraphState.OPEN, time.time())
    columns = "name, algorithm, approach, developer, state, created_at"
    inserted = c.execute(f"INSERT INTO graph ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
    return int(inserted.lastrowid or 0)


def move_graph(c: Connection, graph: int, move: Move) -> None:
    """Move a graph; an illegal move raises Stale."""
    moved = c.execute(
        f"UPDATE graph SET state = ? WHERE id = ? AND state IN ({words(sources(GraphState, move))})",
        (outcome(GraphState, move), graph),
    )
    if moved.rowcount != 1:
        raise Stale(f"graph {graph} cannot {move} in its present state")


def insert_ops(c: Connection, graph: int, batch: Batch, source: NDArray[np.bool_]) -> None:
    """The rows of a batch of ops, and the symbols that came with it."""
    _insert_symbols(c, graph, batch)
    if not len(batch):
        return
    operand = np.zeros((len(batch.operand), 2), "<i4")
    operand[:, 0] = batch.operand
    if len(batch.output):
        operand[:, 1] = batch.output
    n_out = batch.n_out if len(batch.n_out) else np.ones(len(batch), np.uint16)
    values = {"graph": graph, "first": batch.first_op, "count": len(batch)}
    kind, site = number("kind", batch.kind, values), number("site", batch.site, values)
    operands = stretch("operand", operand.tobytes(), batch.arity, 8, values)
    out_types = stretch("out_type", batch.out_type.astype("<i4").tobytes(), n_out, 4, values)
    is_source = number("source", source, values)
    c.execute(
        f"INSERT INTO op (graph_id, op, kind, site, operands, out_types, state) {COUNTING} "
        f"SELECT :graph, :first + n.i, {kind}, {site}, {operands}, {out_types}, "
        f"CASE WHEN {is_source} THEN '{OpState.COMPUTED}' ELSE '{OpState.PENDING}' END FROM n",
        values,
    )
    if batch.names:
        rename = "UPDATE op SET name = :name WHERE graph_id = :graph AND op = :op"
        c.executemany(rename, [{"graph": graph, "op": op, "name": name} for op, name in batch.names.items()])


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
        c.executemany("INSERT INTO symbol (graph_id, sort, number, body) VALUES (?, ?, ?, ?)", rows)


def move_ops(c: Connection, graph: int, ops: Sequence[int] | NDArray[Any], move: Move) -> None:
    """Move many ops at once; ops from which the move is not legal stay as they are."""
    if not len(ops):
        return
    to, guard = outcome(OpState, move), words(sources(OpState, move))
    first, last = int(min(ops)), int(max(ops))
    if last - first + 1 == len(ops):  # the usual case, and three times as fast
        c.execute(
            f"UPDATE op SET state = '{to}' WHERE graph_id = ? AND op BETWEEN ? AND ? AND state IN ({guard})",
            (graph, first, last),
        )
        return
    c.execute(
        f"UPDATE op SET state = '{to}' WHERE graph_id = :graph AND state IN ({guard}) "
        f"AND op IN ({COUNTING} SELECT {pick('ops')} FROM n)",
        {"graph": graph, "ops": digits(ops), "count": len(ops)},
    )


def fail_ops(c: Connection, graph: int, failed: Sequence[tuple[int, int, str]]) -> None:
    """Ops end as failed: (op, op at fault, reason)."""
    guard = words(sources(OpState, Move.FAIL))
    c.executemany(
        f"UPDATE op SET state = '{OpState.FAILED}', cause = ?, reason = ? "
        f"WHERE graph_id = ? AND op = ? AND state IN ({guard})",
        [(cause, reason, graph, op) for op, cause, reason in failed],
    )


def persist(c: Connection, developer: str, graph: int, names: dict[str, int]) -> None:
    """Names under which ops are kept; a name given again points to the newer op."""
    c.executemany(
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
    return int(c.execute(insert, row).lastrowid or 0)


# --- contributors and assignments -------------------------------------------------------------------


def insert_contributor(c: Connection, row: dict[str, Any]) -> None:
    """A life; one that comes back to a restarted server is the same row, present again."""
    full = {**row, "state": ContributorState.PRESENT, "joined_at": time.time()}
    c.execute(
        f"INSERT INTO contributor ({', '.join(full)}) VALUES ({', '.join(f':{key}' for key in full)}) "
        "ON CONFLICT (life) DO UPDATE SET state = excluded.state, ended_at = NULL",
        full,
    )


def end_contributor(c: Connection, life: str, move: Move) -> None:
    """A life left or was lost."""
    guard = words(sources(ContributorState, move))
    c.execute(
        f"UPDATE contributor SET state = ?, ended_at = ? WHERE life = ? AND state IN ({guard})",
        (outcome(ContributorState, move), time.time(), life),
    )


def insert_assignment(
    c: Connection, assignment: int, graph: int, life: str, ops: Sequence[int], predicted_s: float
) -> None:
    """A subgraph and its assignment, live."""
    blob = np.array(ops, "<i4").tobytes()
    c.execute(
        "INSERT INTO subgraph (id, graph_id, ops, state) VALUES (?, ?, ?, ?)",
        (assignment, graph, blob, SubgraphState.COMPUTING),
    )
    c.execute(
        "INSERT INTO assignment (id, subgraph_id, life, state, predicted_s, assigned_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (assignment, assignment, life, AssignmentState.LIVE, predicted_s, time.time()),
    )


def commit_assignment(c: Connection, assignment: int, life: str, exec_s: float) -> None:
    """The assignment's result counts; if it is not live for that life, Stale."""
    guard = words(sources(AssignmentState, Move.COMMIT))
    moved = c.execute(
        "UPDATE assignment SET state = ?, exec_s = ?, ended_at = ? "
        f"WHERE id = ? AND life = ? AND state IN ({guard})",
        (AssignmentState.COMMITTED, exec_s, time.time(), assignment, life),
    )
    if moved.rowcount != 1:
        raise Stale(f"assignment {assignment} is not live for {life}")
    c.execute("UPDATE subgraph SET state = ? WHERE id = ?", (SubgraphState.COMPUTED, assignment))


def void_assignment(c: Connection, assignment: int, reason: str) -> None:
    """The assignment is over without a result; its ops are dealt out anew."""
    guard = words(sources(AssignmentState, Move.VOID))
    c.execute(
        f"UPDATE assignment SET state = ?, ended_at = ?, reason = ? WHERE id = ? AND state IN ({guard})",
        (AssignmentState.VOID, time.time(), reason, assignment),
    )
    guard = words(sources(SubgraphState, Move.VOID))
    c.execute(
        f"UPDATE subgraph SET state = ? WHERE id = ? AND state IN ({guard})",
        (SubgraphState.RETURNED, assignment),
    )


def void_everything(c: Connection, reason: str) -> int:
    """At a start: the assignments and lives of the process before are over. How many assignments."""
    now = time.time()
    voided = c.execute(
        "UPDATE assignment SET state = ?, ended_at = ?, reason = ? WHERE state = ?",
        (AssignmentState.VOID, now, reason, AssignmentState.LIVE),
    )
    c.execute(
        "UPDATE subgraph SET state = ? WHERE state = ?", (SubgraphState.RETURNED, SubgraphState.COMPUTING)
    )
    c.execute(
        "UPDATE contributor SET state = ?, ended_at = ? WHERE state = ?",
        (ContributorState.LOST, now, ContributorState.PRESENT),
    )
    return int(voided.rowcount)


# --- tokens and arrays ------------------------------------------------------------------------------


def mark_used(c: Connection, token: int, now: float) -> None:
    """A token was used."""
    c.execute("UPDATE token SET last_used_at = ? WHERE id = ?", (now, token))


def insert_array(c: Connection, developer: str, digest: str, size: int) -> None:
    """A stored array is a developer's too."""
    c.execute(
        "INSERT INTO stored_array (developer, sha256, size_bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (developer, digest, size),
    )
