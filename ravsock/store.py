"""Every write. Functions on the driver's connection, for the writer thread.

Moves are guarded by the table of ravspec.states.

A guarded move that touches no row raises: somebody else moved it first, and nothing is stored in half.
"""

from __future__ import annotations

import enum
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravsock.access import of_life
from ravsock.history import moved
from ravsock.reading import stored_in
from ravsock.scheduler.events import Assign
from ravsock.sql import Connection
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
    c: Connection, name: str | None, algorithm: str | None, approach: str, developer: str, priority: int = 0
) -> int:
    """A new graph; its id."""
    row = (name, algorithm, approach, developer, GraphState.OPEN, time.time(), priority)
    columns = "name, algorithm, approach, developer, state, created_at, priority"
    inserted = c.execute(f"INSERT INTO graph ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id", row)
    graph = int(inserted.fetchone()[0])
    moved(c, "graph", graph, GraphState.OPEN, graph)
    return graph


def move_graph(c: Connection, graph: int, move: Move) -> None:
    """Move a graph; an illegal move raises Stale."""
    to = outcome(GraphState, move)
    ended_at = None if to is GraphState.ENDED else time.time()
    updated = c.execute(
        "UPDATE graph SET state = ?, ended_at = ? "
        f"WHERE id = ? AND state IN ({words(sources(GraphState, move))})",
        (to, ended_at, graph),
    )
    if updated.rowcount != 1:
        raise Stale(f"graph {graph} cannot {move} in its present state")
    moved(c, "graph", graph, to, graph)


def cancel_graph(c: Connection, graph: int) -> None:
    """The graph and those of its ops that are not final end as cancelled."""
    move_graph(c, graph, Move.CANCEL)
    guard = words(sources(OpState, Move.CANCEL))
    to = outcome(OpState, Move.CANCEL)
    c.execute(f"UPDATE op SET state = ? WHERE graph_id = ? AND state IN ({guard})", (to, graph))


def delete_graphs(c: Connection, graphs: Sequence[int]) -> None:
    """Graphs and all that is theirs: ops, values, names, history. Files are swept later."""
    for graph in graphs:
        c.execute("DELETE FROM graph WHERE id = ?", (graph,))


def files_of(c: Connection, graphs: Sequence[int]) -> set[str]:
    """The files that these graphs use, perhaps beside others."""
    found: set[str] = set()
    for graph in graphs:
        query = "SELECT sha256, body IS NULL, layout FROM data WHERE graph_id = ?"
        for digest, is_file, layout in c.execute(query, (graph,)):
            found |= stored_in(layout) | ({digest} if is_file else set())
    return found


def delete_data(c: Connection, rows: Sequence[int]) -> None:
    """Stored buffers that are not wanted any more."""
    c.executemany("DELETE FROM data WHERE id = ?", [(row,) for row in rows])


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
    rows = c.columns
    kind, site = rows.number("kind", batch.kind, values), rows.number("site", batch.site, values)
    operands = rows.stretch("operand", operand.tobytes(), batch.arity, 8, values)
    out_types = rows.stretch("out_type", batch.out_type.astype("<i4").tobytes(), n_out, 4, values)
    is_source = rows.number("source", source, values)
    c.execute(
        f"INSERT INTO op (graph_id, op, kind, site, operands, out_types, state) {rows.COUNTING} "
        f"SELECT :graph, :first + n.i, {kind}, {site}, {operands}, {out_types}, "
        f"CASE WHEN {is_source} = 1 THEN '{OpState.COMPUTED}' ELSE '{OpState.PENDING}' END FROM n",
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
        f"AND op {c.columns.among('ops')}",
        {"graph": graph, "ops": c.columns.column(ops), "count": len(ops)},
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
    assignment: int | None,
) -> int:
    """A stored buffer with the values of these ops; its id. body None: it is a file. assignment: which
    computed them; None: they came with their ops."""
    row = (
        graph,
        ops.astype("<i4").tobytes(),
        json.dumps(layout).encode(),
        size,
        digest,
        None if body is None else bytes(body),
        assignment,
    )
    columns = "graph_id, ops, layout, size_bytes, sha256, body, assignment"
    insert = f"INSERT INTO data ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id"
    return int(c.execute(insert, row).fetchone()[0])


# --- contributors and assignments -------------------------------------------------------------------


def insert_contributor(c: Connection, row: dict[str, Any]) -> None:
    """A life; one that comes back to a restarted server is the same row, present again."""
    full = {**row, "state": ContributorState.PRESENT, "joined_at": time.time()}
    c.execute(
        f"INSERT INTO contributor ({', '.join(full)}) VALUES ({', '.join(f':{key}' for key in full)}) "
        "ON CONFLICT (life) DO UPDATE SET state = excluded.state, ended_at = NULL",
        full,
    )
    moved(c, "contributor", full["life"], ContributorState.PRESENT)


def end_contributor(c: Connection, life: str, move: Move, reason: str | None = None) -> None:
    """A life left or was lost, and with it what it sent and no result used."""
    guard = words(sources(ContributorState, move))
    to = outcome(ContributorState, move)
    updated = c.execute(
        f"UPDATE contributor SET state = ?, ended_at = ? WHERE life = ? AND state IN ({guard})",
        (to, time.time(), life),
    )
    if updated.rowcount:
        moved(c, "contributor", life, to, reason=reason)
        c.execute("DELETE FROM stored_array WHERE developer = ?", (of_life(life),))


def insert_assignment(c: Connection, a: Assign) -> None:
    """A subgraph and its assignment, live."""
    exports = None if a.exports == a.ops else blob_of(a.exports)
    c.execute(
        "INSERT INTO subgraph (id, graph_id, ops, exports, keep, held, remade, state) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            a.assignment, a.graph, blob_of(a.ops), exports, *map(blob_or_none, (a.keep, a.held, a.remade)),
            SubgraphState.COMPUTING,
        ),
    )  # fmt: skip
    c.execute(
        "INSERT INTO assignment (id, subgraph_id, life, state, predicted_s, assigned_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (a.assignment, a.assignment, a.life, AssignmentState.LIVE, a.predicted_s, time.time()),
    )
    moved(c, "subgraph", a.assignment, SubgraphState.COMPUTING, a.graph)
    moved(c, "assignment", a.assignment, AssignmentState.LIVE, a.graph, a.life)


def blob_of(ops: Sequence[int]) -> bytes:
    """Op numbers as SQL keeps them."""
    return np.array(ops, "<i4").tobytes()


def blob_or_none(ops: Sequence[int]) -> bytes | None:
    """The same; NULL for none, which is the usual case."""
    return blob_of(ops) if ops else None


def commit_assignment(c: Connection, a: Assign, life: dict[str, Any], exec_s: float) -> None:
    """The assignment's result counts; if it is not live for its life, Stale.

    If there was no room to write down that it was given out, or the row of its life, both are written now.
    """
    if not _commit_live(c, a, exec_s):
        if not _is_missing(c, a):
            raise Stale(f"assignment {a.assignment} is not live for {a.life}")
        if c.execute("SELECT 1 FROM contributor WHERE life = ?", (a.life,)).fetchone() is None:
            insert_contributor(c, life)
        insert_assignment(c, a)
        _commit_live(c, a, exec_s)
    moved(c, "assignment", a.assignment, AssignmentState.COMMITTED, a.graph, a.life)
    _move_subgraph(c, a.graph, a.assignment, Move.COMMIT)


def _commit_live(c: Connection, a: Assign, exec_s: float) -> bool:
    guard = words(sources(AssignmentState, Move.COMMIT))
    updated = c.execute(
        "UPDATE assignment SET state = ?, exec_s = ?, ended_at = ? "
        f"WHERE id = ? AND life = ? AND state IN ({guard})",
        (AssignmentState.COMMITTED, exec_s, time.time(), a.assignment, a.life),
    )
    return updated.rowcount == 1


def _is_missing(c: Connection, a: Assign) -> bool:
    """Was it never written down, though its graph is there?"""
    graph = c.execute("SELECT 1 FROM graph WHERE id = ?", (a.graph,)).fetchone()
    row = c.execute("SELECT 1 FROM assignment WHERE id = ?", (a.assignment,)).fetchone()
    return graph is not None and row is None


def _move_subgraph(c: Connection, graph: int, piece: int, move: Move) -> None:
    guard, to = words(sources(SubgraphState, move)), outcome(SubgraphState, move)
    updated = c.execute(f"UPDATE subgraph SET state = ? WHERE id = ? AND state IN ({guard})", (to, piece))
    if updated.rowcount:
        moved(c, "subgraph", piece, to, graph)


def void_assignment(c: Connection, graph: int, assignment: int, life: str, reason: str) -> None:
    """The assignment is over without a result; its ops are dealt out anew."""
    guard = words(sources(AssignmentState, Move.VOID))
    updated = c.execute(
        f"UPDATE assignment SET state = ?, ended_at = ?, reason = ? WHERE id = ? AND state IN ({guard})",
        (AssignmentState.VOID, time.time(), reason, assignment),
    )
    if updated.rowcount:
        moved(c, "assignment", assignment, AssignmentState.VOID, graph, life, reason)
        _move_subgraph(c, graph, assignment, Move.VOID)


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


def delete_arrays(c: Connection, rows: Sequence[tuple[str, str]]) -> None:
    """(developer, SHA-256): the array is not the developer's any more."""
    c.executemany("DELETE FROM stored_array WHERE developer = ? AND sha256 = ?", rows)
