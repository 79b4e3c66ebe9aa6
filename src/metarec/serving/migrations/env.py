"""Where Alembic begins: it works in the connection of the store that asks for it."""

from alembic import context

from metarec.serving.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
