"""Which of a developer's graphs is served first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """None was more urgent than another."""
    op.add_column("graph", sa.Column("priority", sa.Integer, nullable=False, server_default="0"))
