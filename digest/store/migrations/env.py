"""Alembic's entry: migrates over the connection, and inside the transaction, of the caller.

The next revision is written by hand beside the others; a test names what it still lacks, and
``schema.REVISION`` names the newest one.
"""

from alembic import context

from digest.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
