"""The steps from one layout of a store to the next, run by Alembic; a step is never changed."""
