"""What Alembic runs its steps in: the connection, and the transaction, of whoever asked."""

from __future__ import annotations

from alembic import context

from ravsock import models

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.metadata,
)
with context.begin_transaction():
    context.run_migrations()
