"""Runs migrations on the connection it is given, inside the transaction that is open there."""

from alembic import context

from trailcam.state.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
