"""What happened, one row a move: of a graph, its subgraphs and assignments, and of contributors' lives.

Rows are written in the transaction of the move itself and never changed, so they say what is so. An op has no
rows: there are too many, and what happened to one is read through the subgraphs that it was part of.
"""

from __future__ import annotations

import enum
import time
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Reading

from ravsock import models as m
from ravsock.sql import Connection

#: rows in one answer, at most
PAGE_EVENTS = 10_000

_INSERT = "INSERT INTO event (graph_id, at, what, subject, state, life, reason) VALUES (?, ?, ?, ?, ?, ?, ?)"


def moved(
    c: Connection,
    what: str,
    subject: int | str,
    state: enum.StrEnum,
    graph: int | None = None,
    life: str | None = None,
    reason: str | None = None,
) -> None:
    """Something is in that state from now on. what: graph, subgraph, assignment or contributor."""
    c.execute(_INSERT, (graph, time.time(), what, str(subject), str(state), life, reason))


def of_graph(c: Reading, graph: int, op: int | None = None, after: int = 0) -> list[dict[str, Any]]:
    """The moves of a graph, of its subgraphs and assignments, in order; with an op, of those that had it.

    after: the id of the last row that is known. At most PAGE_EVENTS rows.
    """
    query = (
        sa.select(m.event, m.contributor.c.name.label("contributor"))
        .join(m.contributor, m.contributor.c.life == m.event.c.life, isouter=True)
        .where(m.event.c.graph_id == graph, m.event.c.id > after)
        .order_by(m.event.c.id)
    )
    if op is not None:
        pieces, assignments = _with_op(c, graph, op)
        query = query.where(
            sa.or_(
                m.event.c.what == "graph",
                sa.and_(m.event.c.what == "subgraph", m.event.c.subject.in_(pieces)),
                sa.and_(m.event.c.what == "assignment", m.event.c.subject.in_(assignments)),
            )
        )
    rows = c.execute(query.limit(PAGE_EVENTS)).mappings()
    return [_view(dict(row)) for row in rows]


def _with_op(c: Reading, graph: int, op: int) -> tuple[list[str], list[str]]:
    """The subgraphs that the op was part of, and their assignments; as the texts that events name."""
    rows = c.execute(sa.select(m.subgraph.c.id, m.subgraph.c.ops).where(m.subgraph.c.graph_id == graph))
    pieces = [row[0] for row in rows if op in np.frombuffer(row[1], "<i4")]
    numbers = c.execute(sa.select(m.assignment.c.id).where(m.assignment.c.subgraph_id.in_(pieces)))
    return [str(piece) for piece in pieces], [str(row[0]) for row in numbers]


def of_contributor(c: Reading, name: str, after: int = 0) -> list[dict[str, Any]]:
    """The moves of all lives of that name, in order; at most PAGE_EVENTS rows."""
    query = (
        sa.select(m.event, m.contributor.c.name.label("contributor"))
        .join(m.contributor, m.contributor.c.life == m.event.c.subject)
        .where(m.event.c.what == "contributor", m.contributor.c.name == name, m.event.c.id > after)
        .order_by(m.event.c.id)
    )
    rows = c.execute(query.limit(PAGE_EVENTS)).mappings()
    return [_view(dict(row)) for row in rows]


def _view(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: ids as they are elsewhere, of a life its beginning (whoever knows all could speak for
    it), and nothing that is not there."""
    what, subject, life = row["what"], row.pop("subject"), row.pop("life")
    row["subject"] = subject[:8] if what == "contributor" else int(subject)
    if life is not None:
        row["life"] = life[:8]
    return {key: value for key, value in row.items() if value is not None and key != "graph_id"}
