"""A row for each move; what a restarted server goes on with; which call of an op of the developer's own."""

from __future__ import annotations

import json
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
    call_sites()
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


def call_sites() -> None:
    """[file, line] becomes [file, line, null]: part of no op of the developer's own."""
    c = op.get_bind()
    rows = c.execute(sa.text("SELECT graph_id, number, body FROM symbol WHERE sort = 'site'")).all()
    longer = sa.text(
        "UPDATE symbol SET body = :body WHERE graph_id = :graph AND sort = 'site' AND number = :n"
    )
    sites = [(graph, n, json.loads(body)) for graph, n, body in rows]
    if short := [(graph, n, site) for graph, n, site in sites if len(site) == 2]:
        c.execute(longer, [{"graph": g, "n": n, "body": json.dumps([*site, None])} for g, n, site in short])


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
