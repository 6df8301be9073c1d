"""A row for each move; what a restarted server goes on with instead of giving it out anew."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them. What was being computed is not known well enough to go on with: it is given out anew."""
    op.add_column("graph", sa.Column("ended_at", sa.Float))
    op.add_column("data", sa.Column("assignment", big))
    for name in ("down_bps", "up_bps", "latency_s"):
        op.add_column("contributor", sa.Column(name, sa.Float))
    op.add_column("contributor", sa.Column("token", big))
    for name in ("exports", "keep", "held", "remade"):
        op.add_column("subgraph", sa.Column(name, sa.LargeBinary))
    events()
    end_what_was_going_on(time.time())


def events() -> None:
    """The table of moves."""
    op.create_table(
        "event",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("graph_id", big, sa.ForeignKey("graph.id", ondelete="CASCADE")),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("life", sa.Text),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint(
            "what IN ('graph', 'subgraph', 'assignment', 'contributor')", name="what_is_known"
        ),
    )
    op.create_index("event_of_graph", "event", ["graph_id"])
    of_contributors = sa.text("what = 'contributor'")
    op.create_index(
        "event_of_contributor", "event", ["subject"],
        sqlite_where=of_contributors, postgresql_where=of_contributors,
    )  # fmt: skip


def end_what_was_going_on(now: float) -> None:
    """Assignments and lives; graphs that had ended did so now at the latest."""
    for statement in (
        "UPDATE assignment SET state = 'void', ended_at = :now, reason = 'the server was upgraded' "
        "WHERE state = 'live'",
        "UPDATE subgraph SET state = 'returned' WHERE state = 'computing'",
        "UPDATE contributor SET state = 'lost', ended_at = :now WHERE state = 'present'",
        "UPDATE graph SET ended_at = :now WHERE state IN ('computed', 'failed', 'cancelled')",
    ):
        query = sa.text(statement)
        op.execute(query.bindparams(now=now) if ":now" in statement else query)
