"""Tokens, and whose the stored arrays are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "token",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("last_used_at", sa.Float),
        sa.Column("revoked_at", sa.Float),
        sa.CheckConstraint(
            "role = 'developer' OR role = 'contributor' OR role = 'operator'", name="role_is_known"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stored_array",
        sa.Column("developer", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("size_bytes", big, nullable=False),
        sqlite_with_rowid=False,
    )
