"""Graphs, their ops and values, contributors and what they were given."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

#: PostgreSQL's integers have 32 bits; SQLite's have 64, and give a row its number only by that name
big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def known(column: str, *words: str) -> sa.CheckConstraint:
    """The column holds one of the words."""
    return sa.CheckConstraint(
        " OR ".join(f"{column} = '{word}'" for word in words), name=f"{column}_is_known"
    )


def of_graph(**more: Any) -> sa.Column[int]:
    """Whose graph a row is."""
    return sa.Column("graph_id", big, sa.ForeignKey("graph.id", ondelete="CASCADE"), **more)


def upgrade() -> None:
    """Make them."""
    graphs()
    ops()
    contributors()
    assignments()


def graphs() -> None:
    """Graphs."""
    op.create_table(
        "graph",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text),
        sa.Column("algorithm", sa.Text),
        sa.Column("approach", sa.Text, nullable=False),
        sa.Column("developer", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        known("state", "open", "ended", "computed", "failed", "cancelled"),
        sqlite_autoincrement=True,
    )


def ops() -> None:
    """What graphs consist of."""
    op.create_table(
        "symbol",
        of_graph(primary_key=True),
        sa.Column("sort", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.CheckConstraint("sort IN ('kind', 'type', 'site', 'literal')", name="sort_is_known"),
    )
    op.create_table(
        "op",
        of_graph(primary_key=True),
        sa.Column("op", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("site", sa.Integer, nullable=False),
        sa.Column("operands", sa.LargeBinary, nullable=False),
        sa.Column("out_types", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("cause", sa.Integer),
        sa.Column("reason", sa.Text),
        known("state", "pending", "computed", "failed", "cancelled"),
        sa.CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="failed_has_a_reason"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "data",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        of_graph(nullable=False),
        sa.Column("ops", sa.LargeBinary, nullable=False),
        sa.Column("layout", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", big, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("data_of_graph", "data", ["graph_id"])
    op.create_table(
        "persisted",
        sa.Column("developer", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("graph_id", big, nullable=False),
        sa.Column("op", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["graph_id", "op"], ["op.graph_id", "op.op"], ondelete="CASCADE"),
    )


def contributors() -> None:
    """Lives of contributors."""
    op.create_table(
        "contributor",
        sa.Column("life", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("speed", sa.Float, nullable=False),
        sa.Column("memory_bytes", big, nullable=False),
        sa.Column("cores", sa.Integer, nullable=False),
        sa.Column("numeric_class", sa.Text, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("joined_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        known("state", "present", "left", "lost"),
        sa.CheckConstraint("(state = 'present') = (ended_at IS NULL)", name="ended_has_a_time"),
    )


def assignments() -> None:
    """What they were given."""
    op.create_table(
        "subgraph",
        sa.Column("id", big, primary_key=True),
        of_graph(nullable=False),
        sa.Column("ops", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        known("state", "computing", "computed", "returned"),
    )
    op.create_index("subgraph_of_graph", "subgraph", ["graph_id"])
    op.create_table(
        "assignment",
        sa.Column("id", big, primary_key=True),
        sa.Column("subgraph_id", big, sa.ForeignKey("subgraph.id", ondelete="CASCADE"), nullable=False),
        sa.Column("life", sa.Text, sa.ForeignKey("contributor.life"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("predicted_s", sa.Float, nullable=False),
        sa.Column("exec_s", sa.Float),
        sa.Column("assigned_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("reason", sa.Text),
        known("state", "live", "committed", "void"),
        sa.CheckConstraint("(state = 'live') = (ended_at IS NULL)", name="ended_has_a_time"),
    )
    committed = sa.text("state = 'committed'")
    op.create_index(
        "one_commit", "assignment", ["subgraph_id"],
        unique=True, sqlite_where=committed, postgresql_where=committed,
    )  # fmt: skip
    op.create_index("assignment_of_subgraph", "assignment", ["subgraph_id"])
    op.create_index("assignment_of_life", "assignment", ["life"])
