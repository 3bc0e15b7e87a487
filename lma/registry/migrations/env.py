"""Alembic's entry: runs the migrations on the connection that ``lma.registry.migrate`` hands over.

There is no offline mode and no URL here: the caller owns the connection, its transaction and its lock.
"""

from __future__ import annotations

from alembic import context

from lma.registry.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
