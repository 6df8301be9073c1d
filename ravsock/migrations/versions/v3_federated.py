"""Federated graphs, and an index that sums of bytes are read from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the index anew: late databases of version 2 have it already."""
    op.drop_index("data_of_graph", "data")
    op.create_index("data_of_graph", "data", ["graph_id", "size_bytes"])
    op.create_table(
        "federated",
        sa.Column("graph_id", big, sa.ForeignKey("graph.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("contributors", sa.Integer, nullable=False),
        sa.Column("total", sa.LargeBinary, nullable=False),
        sa.Column("released_at", sa.Float),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint("released_at IS NULL OR reason IS NULL", name="released_or_not"),
    )
    op.create_table(
        "contribution",
        sa.Column("graph_id", big, sa.ForeignKey("federated.graph_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("contributor", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("came_at", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("no_replay", "contribution", ["graph_id", "sha256"], unique=True)
