"""Events, impressions, profiles, merges, what was erased, items, models and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "events",
        sa.Column("id", Number, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("kind", sa.Text),
        sa.Column("clock", sa.Double),
        sa.Column("context", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("received", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_of_a_person", "events", ["user_id", "id"])
    op.create_table(
        "impressions",
        sa.Column("id", Number, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("impressions_of_a_person", "impressions", ["user_id", "id"])
    op.create_table(
        "profiles",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("revision", Number, nullable=False),
    )
    op.create_table(
        "merges",
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
    )
    op.create_index("ix_merges_user_id", "merges", ["user_id"])
    op.create_table("erased_keys", sa.Column("hash", sa.Text, primary_key=True))
    op.create_table(
        "receipts",
        sa.Column("id", Number, primary_key=True),
        sa.Column("events", Number, nullable=False),
        sa.Column("impressions", Number, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    _models_and_keys()


def _models_and_keys() -> None:
    op.create_table(
        "item_changes",
        sa.Column("id", Number, primary_key=True),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("rows", sa.Text, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "activations",
        sa.Column("id", Number, primary_key=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("items_after", Number, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("revoked", sa.Double),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
