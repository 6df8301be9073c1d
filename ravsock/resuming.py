"""After a restart: the lives that were present, and what they were computing.

A contributor does not notice a server that is away for less than a lease: it computes on, connects again and
hands in what it was given. So its assignments stay live, and each life has one whole lease to come back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ravsock import models as m
from ravsock import store
from ravsock.scheduler import events
from ravspec import messages
from ravspec.states import AssignmentState, ContributorState

#: of a life that an older server wrote down, which kept less of it: one core's worth behind a home's line
_UNKNOWN = {"down_bps": 1e7, "up_bps": 1e6, "latency_s": 0.05}


def present_lives(c: Connection) -> list[tuple[messages.Hello, int]]:
    """(what it said of itself, the number of its token or 0) of every life that was present."""
    query = sa.select(m.contributor).where(m.contributor.c.state == ContributorState.PRESENT)
    return [_hello(dict(row)) for row in c.execute(query).mappings()]


def row_of(hello: messages.Hello, token: int) -> dict[str, Any]:
    """What SQL keeps of a life that came with that token."""
    said = (
        "life",
        "name",
        "speed",
        "memory_bytes",
        "cores",
        "numeric_class",
        "down_bps",
        "up_bps",
        "latency_s",
    )
    row = {key: getattr(hello, key) for key in said}
    return {**row, "versions": messages.to_json(hello.versions), "token": token or None}


def _hello(row: dict[str, Any]) -> tuple[messages.Hello, int]:
    said = {key: row[key] for key in ("life", "name", "speed", "memory_bytes", "cores", "numeric_class")}
    said |= {key: row[key] if row[key] is not None else other for key, other in _UNKNOWN.items()}
    return messages.Hello(**said, versions=messages.from_json(row["versions"])), row["token"] or 0


def live_assignments(c: Connection) -> dict[str, list[events.Assign]]:
    """What each life was computing, in the order in which it was given."""
    a, s = m.assignment.c, m.subgraph.c
    query = (
        sa.select(a.id, a.life, a.predicted_s, s.graph_id, s.ops, s.exports, s.keep, s.held, s.remade)
        .join(m.subgraph, s.id == a.subgraph_id)
        .where(a.state == AssignmentState.LIVE)
        .order_by(a.id)
    )
    found: dict[str, list[events.Assign]] = {}
    for row in c.execute(query):
        ops = numbers(row.ops)
        found.setdefault(row.life, []).append(
            events.Assign(
                assignment=row.id,
                life=row.life,
                graph=row.graph_id,
                ops=ops,
                remade=numbers(row.remade),
                inputs=[],
                held=numbers(row.held),
                exports=list(ops) if row.exports is None else numbers(row.exports),
                keep=numbers(row.keep),
                drop=[],
                predicted_s=row.predicted_s,
                deadline=0.0,
            )
        )
    return found


def kept_values(c: Connection, life: str) -> set[tuple[int, int]]:
    """(graph, op) of what a life was told to keep, ever: nobody knows what of it was dropped since."""
    query = (
        sa.select(m.subgraph.c.graph_id, m.subgraph.c.keep)
        .join(m.assignment, m.assignment.c.subgraph_id == m.subgraph.c.id)
        .where(m.assignment.c.life == life, m.subgraph.c.keep.is_not(None))
    )
    return {(graph, op) for graph, keep in c.execute(query) for op in numbers(keep)}


def numbers(blob: bytes | None) -> list[int]:
    """Op numbers as SQL keeps them."""
    return [] if blob is None else np.frombuffer(blob, "<i4").tolist()


def resume(
    read: Callable[..., Any],
    write: Callable[..., Any],
    feed: Callable[[events.Event], None],
    begin: Callable[[messages.Hello, int], None],
) -> int:
    """Tell the scheduler of every life that was present. How many.

    `begin` is told of each: what it said, its token. The graphs are loaded, and nothing of them asked for.
    """
    lives, live = read(present_lives), read(live_assignments)
    for hello, token in lives:
        begin(hello, token)
        figures = (hello.speed, hello.memory_bytes, hello.down_bps, hello.up_bps, hello.latency_s)
        join = events.Join(hello.life, hello.name, *figures)
        drops = tuple(sorted(read(kept_values, hello.life)))
        feed(events.Resume(join, tuple(live.pop(hello.life, ())), drops))
    for assignments in live.values():  # of lives that have ended: a crash came between
        for a in assignments:
            write(lambda c, a=a: store.void_assignment(c, a.graph, a.assignment, a.life, "its life ended"))
    return len(lives)
