"""The tables. Constraints stand for the invariants; every write is in ravsock.store.

Ops are rows of integers and small blobs, because ten thousand of them come at once: kind, type, site and
literal numbers refer to `symbol`, operands are pairs of little-endian int32 (op, output), a literal below
zero. A value is part of a `data` row: many ops' outputs one behind the other, with one SHA-256.
"""

from __future__ import annotations

import enum

from sqlalchemy import (
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
)

from ravsock.roles import Role
from ravspec.states import AssignmentState, ContributorState, GraphState, OpState, SubgraphState

#: raised when a table changes; a database of another number is refused
SCHEMA = 3

metadata = MetaData()


def one_of(column: str, states: type[enum.StrEnum]) -> CheckConstraint:
    """The column holds one of the states."""
    # not IN: SQLite looks a longer list up in a table that it fills anew for every row, 1 us each time
    known = " OR ".join(f"{column} = '{state}'" for state in states)
    return CheckConstraint(known, name=f"{column}_is_known")


schema = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

graph = Table(
    "graph",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text),
    Column("algorithm", Text),
    Column("approach", Text, nullable=False),
    Column("developer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Float, nullable=False),
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
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), nullable=False),
    Column("ops", LargeBinary, nullable=False),  #: int32 op numbers, in the order of their values
    #: JSON: [types, type of each output, {index of an output stored by itself: its SHA-256}]
    Column("layout", LargeBinary, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary),  #: NULL where it is a file of the data folder, named by sha256
    Index("data_of_graph", "graph_id", "size_bytes"),  # with the size, so that sums need no look at the rows
)

persisted = Table(
    "persisted",
    metadata,
    Column("developer", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("graph_id", Integer, nullable=False),
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
    Column("memory_bytes", Integer, nullable=False),
    Column("cores", Integer, nullable=False),
    Column("numeric_class", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("joined_at", Float, nullable=False),
    Column("ended_at", Float),
    one_of("state", ContributorState),
    CheckConstraint("(state = 'present') = (ended_at IS NULL)", name="ended_has_a_time"),
)

subgraph = Table(
    "subgraph",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("graph_id", ForeignKey("graph.id", ondelete="CASCADE"), nullable=False),
    Column("ops", LargeBinary, nullable=False),  #: int32 op numbers, in order of execution
    Column("state", Text, nullable=False),
    one_of("state", SubgraphState),
    Index("subgraph_of_graph", "graph_id"),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", Integer, primary_key=True),
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
    Index("one_commit", "subgraph_id", unique=True, sqlite_where=Column("state") == "committed"),
    Index("assignment_of_subgraph", "subgraph_id"),
    Index("assignment_of_life", "life"),
)

#: who may speak to the server; of the secret only its hash
token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
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
    Column("size_bytes", Integer, nullable=False),
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
