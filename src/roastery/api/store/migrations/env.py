"""Runs the migrations on the connection that Database.migrate hands over, in its transaction."""

from alembic import context

from roastery.api.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
