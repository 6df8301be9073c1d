"""Reading back from SQL: graphs for a restarted server, and views for people with curl."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from ravsock import models as m
from ravsock.access import is_life
from ravspec.batch import Batch, Symbols
from ravspec.states import GraphState, OpState

#: graphs that a restarted server goes on with
UNFINISHED = (GraphState.OPEN, GraphState.ENDED)


@dataclass(frozen=True, slots=True)
class StoredGraph:
    """A graph as it stands in SQL. `batch` is all its ops as one; values are in `data`."""

    row: dict[str, Any]
    batch: Batch
    computed: NDArray[np.int32]
    failed: list[tuple[int, int, str]]
    #: (id, ops, layout, size in bytes, digest, has a body in SQL)
    data: list[tuple[int, NDArray[np.int32], dict[str, Any], int, str, bool]]


def graph_rows(
    c: Connection, states: tuple[GraphState, ...] = tuple(GraphState), developer: str | None = None
) -> list[dict[str, Any]]:
    """Graphs in these states, oldest first; of one developer, if that is named."""
    query = sa.select(m.graph).where(m.graph.c.state.in_(states)).order_by(m.graph.c.id)
    if developer is not None:
        query = query.where(m.graph.c.developer == developer)
    return [dict(row) for row in c.execute(query).mappings()]


def developer_of(c: Connection, graph: int) -> str | None:
    """Whose graph that is; None if there is none."""
    developer: str | None = c.execute(sa.select(m.graph.c.developer).where(m.graph.c.id == graph)).scalar()
    return developer


def array_rows(c: Connection) -> list[tuple[str, str, int]]:
    """(developer, SHA-256, size) of every array that is a file by itself."""
    query = sa.select(m.stored_array.c.developer, m.stored_array.c.sha256, m.stored_array.c.size_bytes)
    return [(row[0], row[1], int(row[2])) for row in c.execute(query)]


def bytes_of(c: Connection) -> dict[str, int]:
    """Bytes of all that is kept, of each developer: values of graphs, and arrays."""
    by_graph = sa.select(m.data.c.graph_id, sa.func.sum(m.data.c.size_bytes).label("size_bytes"))
    sizes = by_graph.group_by(m.data.c.graph_id).subquery()
    values = sa.select(m.graph.c.developer, sizes.c.size_bytes).join(sizes, sizes.c.graph_id == m.graph.c.id)
    total: Counter[str] = Counter()
    for developer, size in c.execute(values):
        total[developer] += int(size)
    for developer, _, size in array_rows(c):
        total[developer] += size
    return total


def load_graph(c: Connection, graph: int) -> StoredGraph | None:
    """One graph with its ops and where their values are; None if there is none."""
    row = c.execute(sa.select(m.graph).where(m.graph.c.id == graph)).mappings().one_or_none()
    if row is None:
        return None
    batch, states = load_ops(c, graph)
    failed = c.execute(
        sa.text("SELECT op, cause, reason FROM op WHERE graph_id = :graph AND state = :state"),
        {"graph": graph, "state": str(OpState.FAILED)},
    )
    data = c.execute(
        sa.text(
            "SELECT id, ops, layout, size_bytes, sha256, body IS NOT NULL FROM data "
            "WHERE graph_id = :graph ORDER BY id"
        ),
        {"graph": graph},
    )
    return StoredGraph(
        row=dict(row),
        batch=batch,
        computed=np.array([op for op, state in enumerate(states) if state == OpState.COMPUTED], np.int32),
        failed=[tuple(row) for row in failed],
        data=[
            (i, np.frombuffer(ops, "<i4"), json.loads(layout), size, digest, bool(inline))
            for i, ops, layout, size, digest, inline in data
        ],
    )


def load_ops(c: Connection, graph: int) -> tuple[Batch, list[str]]:
    """All ops of a graph as one batch (without values), and their states."""
    symbols = Symbols()
    lists = {
        "kind": symbols.kinds,
        "type": symbols.types,
        "site": symbols.sites,
        "literal": symbols.literals,
    }
    of_graph = {"graph": graph}
    rows = c.execute(
        sa.text("SELECT sort, body FROM symbol WHERE graph_id = :graph ORDER BY sort, number"), of_graph
    )
    for sort, body in rows:
        lists[sort].append(json.loads(body))
    columns = "kind, site, operands, out_types, state, name"
    ops = c.execute(sa.text(f"SELECT {columns} FROM op WHERE graph_id = :graph ORDER BY op"), of_graph).all()
    kind, site, operands, out_types, states, names = zip(*ops, strict=True) if ops else ((),) * 6
    pairs = np.frombuffer(b"".join(operands), "<i4").reshape(-1, 2)
    batch = Batch(
        first_op=0,
        first=[0, 0, 0, 0],
        symbols=symbols,
        kind=np.array(kind, np.uint32),
        site=np.array(site, np.uint32),
        arity=np.array([len(blob) // 8 for blob in operands], np.uint16),
        operand=pairs[:, 0].astype(np.int32),
        output=pairs[:, 1].astype(np.uint16),
        n_out=np.array([len(blob) // 4 for blob in out_types], np.uint16),
        out_type=np.frombuffer(b"".join(out_types), "<i4").astype(np.uint32),
        names={op: name for op, name in enumerate(names) if name is not None},
    )
    return batch, list(states)


def read_body(c: Connection, data: int) -> bytes | None:
    """The bytes of a data row that has them in SQL."""
    body: bytes | None = c.execute(sa.select(m.data.c.body).where(m.data.c.id == data)).scalar()
    return body


def persisted(c: Connection, developer: str, name: str) -> tuple[int, int] | None:
    """(graph, op) of a persisted name."""
    query = sa.select(m.persisted.c.graph_id, m.persisted.c.op).where(
        m.persisted.c.developer == developer, m.persisted.c.name == name
    )
    row = c.execute(query).one_or_none()
    return None if row is None else (int(row[0]), int(row[1]))


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A data row that could be computed again: a result of a graph that has ended."""

    id: int
    graph: int
    ops: tuple[int, ...]
    at: float  #: when it was committed
    size_bytes: int  #: with the outputs that are files by themselves
    digests: tuple[str, ...]  #: of its files


def results(c: Connection, file_size: Callable[[str], int | None]) -> list[StoredResult]:
    """Of graphs that were computed, or failed; of a cancelled one nothing is computed again."""
    d, a = m.data.c, m.assignment.c
    inline = d.body.is_not(None).label("inline")
    query = (
        sa.select(d.id, d.graph_id, d.ops, d.layout, d.size_bytes, d.sha256, inline, a.ended_at)
        .join(m.assignment, a.id == d.assignment)
        .join(m.graph, m.graph.c.id == d.graph_id)
        .where(m.graph.c.state.in_((GraphState.COMPUTED, GraphState.FAILED)))
    )
    found = []
    for row in c.execute(query):
        stored = stored_in(row.layout)
        size = row.size_bytes + sum(file_size(digest) or 0 for digest in stored)
        digests = (*stored, *(() if row.inline else (row.sha256,)))
        ops = tuple(np.frombuffer(row.ops, "<i4").tolist())
        found.append(StoredResult(row.id, row.graph_id, ops, row.ended_at, size, digests))
    return found


def stored_in(layout: bytes) -> set[str]:
    """The outputs of a data row that are files by themselves."""
    return set(json.loads(layout).get("stored", {}).values())


def persisted_ops(c: Connection) -> set[tuple[int, int]]:
    """(graph, op) of every persisted name."""
    return {(row[0], row[1]) for row in c.execute(sa.select(m.persisted.c.graph_id, m.persisted.c.op))}


def files_by_themselves(c: Connection) -> set[str]:
    """Of all graphs: inputs and outputs that are files by themselves."""
    layouts = c.execute(sa.select(m.data.c.layout).where(sa.func.length(m.data.c.layout) > len("{}")))
    return {digest for (layout,) in layouts for digest in stored_in(layout)}


def used_files(c: Connection) -> set[str]:
    """Every file that is part of a graph, and what a contributor has sent for a result of its."""
    joined = c.execute(sa.select(m.data.c.sha256).where(m.data.c.body.is_(None)))
    lent = {digest for owner, digest, _ in array_rows(c) if is_life(owner)}
    return files_by_themselves(c) | {row[0] for row in joined} | lent


def value_bytes(c: Connection, file_size: Callable[[str], int | None]) -> int:
    """Bytes of the values of all graphs."""
    joined = c.execute(sa.select(sa.func.coalesce(sa.func.sum(m.data.c.size_bytes), 0))).scalar_one()
    return int(joined) + sum(file_size(digest) or 0 for digest in files_by_themselves(c))


def next_assignment(c: Connection) -> int:
    """A number that no assignment has had, not even one that a crash kept from being written down.

    A contributor may come back with the result of such a one, and it must not be taken for another's. What is
    written down cannot tell two crashes in a row apart, so after the first graph numbers go by the clock.
    """
    latest = int(c.execute(sa.select(sa.func.coalesce(sa.func.max(m.assignment.c.id), 0))).scalar_one())
    if not latest and c.execute(sa.select(m.graph.c.id).limit(1)).first() is None:
        return 1
    return max(latest + 1, time.time_ns() // 1000)  # nobody gives out one a microsecond


def contributor_rows(c: Connection) -> list[dict[str, Any]]:
    """Every life, newest first, with the ops and assignments it has computed."""
    done = (
        sa.select(
            m.assignment.c.life,
            sa.func.count().label("assignments"),
            sa.func.sum(sa.func.length(m.subgraph.c.ops) / 4).label("ops"),
        )
        .join(m.subgraph, m.subgraph.c.id == m.assignment.c.subgraph_id)
        .where(m.assignment.c.state == "committed")
        .group_by(m.assignment.c.life)
        .subquery()
    )
    query = (
        sa.select(m.contributor, done.c.assignments, done.c.ops)
        .join(done, done.c.life == m.contributor.c.life, isouter=True)
        .order_by(m.contributor.c.joined_at.desc())
    )
    rows = [dict(row) for row in c.execute(query).mappings()]
    for row in rows:
        for unshown in ("down_bps", "up_bps", "latency_s", "token"):  # what a restart needs
            del row[unshown]
        row["versions"] = json.loads(row["versions"])
        row["assignments"], row["computed_ops"] = row["assignments"] or 0, int(row.pop("ops") or 0)
    return rows
