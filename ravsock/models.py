"""The tables. Constraints stand for the invariants; every write is in ravsock.store.

Ops are rows of integers and small blobs, because ten thousand of them come at once: kind, type, site and
literal numbers refer to `symbol`, operands are pairs of little-endian int32 (op, output), a literal below
zero. A value is part of a `data` row: many ops' outputs one behind the other, with one SHA-256.
"""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from ravsock.roles import Role
from ravspec.states import AssignmentState, ContributorState, GraphState, OpState, SubgraphState

#: raised when a table changes, with a step in ravsock/migrations/versions
SCHEMA = 5

metadata = MetaData()

#: PostgreSQL's integers have 32 bits; SQLite's have 64, and give a row its number only by that name
Big = BigInteger().with_variant(Integer(), "sqlite")


def one_of(column: str, states: type[enum.StrEnum]) -> CheckConstraint:
    """The column holds one of the states."""
    # not IN: SQLite looks a longer list up in a table that it fills anew for every row, 1 us each time
    known = " OR ".join(f"{column} = '{state}'" for state in states)
    return CheckConstraint(known, name=f"{column}_is_known")


def where(condition: str) -> dict[str, Any]:
    """Of an index: only rows of which that holds."""
    return {f"{kind}_where": text(condition) for kind in ("sqlite", "postgresql")}


graph = Table(
    "graph",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("name", Text),
    Column("algorithm", Text),
    Column("approach", Text, nullable=False),
    Column("developer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),  #: when its last op was final, or it was cancelled
    #: among the graphs of its developer the highest is served first
    Column("priority", Integer, nullable=False, server_default="0"),
    one_of("state", GraphState),
    sqlite_autoincrement=True,
)

#: kinds, types, call sites and literals of a graph, numbered; JSON text
symbol = Table(
    "symbol",
    metadata,
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), primary_key=True),
    Column("sort", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("body", Text, nullable=False),
    CheckConstraint("sort IN ('kind', 'type', 'site', 'literal')", name="sort_is_known"),
)

op = Table(
    "op",
    metadata,
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), primary_key=True),
    Column("op", Integer, primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("site", Integer, nullable=False),
    Column("operands", LargeBinary, nullable=False),  #: int32 pairs (op, output)
    Column("out_types", LargeBinary, nullable=False),  #: int32 type numbers, one an output
    Column("state", Text, nullable=False),
    Column("name", Text),
    Column("cause", Integer),  #: for a failed op: the op at fault
    Column("reason", Text),
    one_of("state", OpState),
    CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="failed_has_a_reason"),
    sqlite_with_rowid=False,
)

data = Table(
    "data",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), nullable=False),
    Column("ops", LargeBinary, nullable=False),  #: int32 op numbers, in the order of their values
    #: JSON: [types, type of each output, {index of an output stored by itself: its SHA-256}]
    Column("layout", LargeBinary, nullable=False),
    Column("size_bytes", Big, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary),  #: NULL where it is a file of the data folder, named by sha256
    Column("assignment", Big),  #: whose result it is; NULL for values that came with their ops
    Index("data_of_graph", "graph_id", "size_bytes"),  # with the size, so that sums need no look at the rows
)

persisted = Table(
    "persisted",
    metadata,
    Column("developer", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("graph_id", Big, nullable=False),
    Column("op", Integer, nullable=False),
    ForeignKeyConstraint(["graph_id", "op"], ["op.graph_id", "op.op"], ondelete="CASCADE"),
)

contributor = Table(
    "contributor",
    metadata,
    Column("life", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("speed", Float, nullable=False),
    Column("memory_bytes", Big, nullable=False),
    Column("cores", Integer, nullable=False),
    Column("numeric_class", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("down_bps", Float),
    Column("up_bps", Float),
    Column("latency_s", Float),
    Column("token", Big),  #: of the token it came with
    Column("joined_at", Float, nullable=False),
    Column("ended_at", Float),
    one_of("state", ContributorState),
    CheckConstraint("(state = 'present') = (ended_at IS NULL)", name="ended_has_a_time"),
)

subgraph = Table(
    "subgraph",
    metadata,
    Column("id", Big, primary_key=True),
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), nullable=False),
    Column("ops", LargeBinary, nullable=False),  #: int32 op numbers, in order of execution
    #: int32 op numbers: what comes back, what the life keeps, has, and makes once more; NULL where there are
    #: none, and for `exports` where they are all its ops
    Column("exports", LargeBinary),
    Column("keep", LargeBinary),
    Column("held", LargeBinary),
    Column("remade", LargeBinary),
    Column("state", Text, nullable=False),
    one_of("state", SubgraphState),
    Index("subgraph_of_graph", "graph_id"),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", Big, primary_key=True),
    Column("subgraph_id", ForeignKey("subgraph.id", ondelete="CASCADE"), nullable=False),
    Column("life", ForeignKey("contributor.life"), nullable=False),
    Column("state", Text, nullable=False),
    Column("predicted_s", Float, nullable=False),
    Column("exec_s", Float),
    Column("assigned_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("reason", Text),
    one_of("state", AssignmentState),
    CheckConstraint("(state = 'live') = (ended_at IS NULL)", name="ended_has_a_time"),
    # committed at most once, ever
    Index("one_commit", "subgraph_id", unique=True, **where("state = 'committed'")),
    Index("assignment_of_subgraph", "subgraph_id"),
    Index("assignment_of_life", "life"),
)

#: a row for each move of a graph, a subgraph, an assignment, a contributor; never changed
event = Table(
    "event",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE")),  #: NULL for a contributor's
    Column("at", Float, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),  #: its id: a number, or a life
    Column("state", Text, nullable=False),  #: the state after the move
    Column("life", Text),  #: of an assignment
    Column("reason", Text),
    CheckConstraint("what IN ('graph', 'subgraph', 'assignment', 'contributor')", name="what_is_known"),
    Index("event_of_graph", "graph_id"),
    Index("event_of_contributor", "subject", **where("what = 'contributor'")),
)

#: who may speak to the server; of the secret only its hash
token = Table(
    "token",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("last_used_at", Float),
    Column("revoked_at", Float),
    one_of("role", Role),
    sqlite_autoincrement=True,  # an id is never used again
)

#: the arrays that are files by themselves, and the developers whose they are: they sent them, or have them
#: in their graphs
stored_array = Table(
    "stored_array",
    metadata,
    Column("developer", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("size_bytes", Big, nullable=False),
    sqlite_with_rowid=False,
)

#: a federated graph once its spec is frozen; `total` is all contributions folded into one
federated = Table(
    "federated",
    metadata,
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("contributors", Integer, nullable=False),
    Column("total", LargeBinary, nullable=False),
    Column("released_at", Float),
    Column("reason", Text),
    CheckConstraint("released_at IS NULL OR reason IS NULL", name="released_or_not"),
)

#: who has contributed to which, once; of the bytes only their hash, so that nobody sends another's again
contribution = Table(
    "contribution",
    metadata,
    Column("graph_id", ForeignKey("federated.graph_id", ondelete="CASCADE"), primary_key=True),
    Column("contributor", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("came_at", Float, nullable=False),
    Index("no_replay", "graph_id", "sha256", unique=True),
    sqlite_with_rowid=False,
)
