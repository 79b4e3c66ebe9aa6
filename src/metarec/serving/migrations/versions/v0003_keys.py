"""Which pages may use a key, and how often it may ask."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; keys that there are belong to no page, and may ask as often as they like."""
    op.add_column("api_keys", sa.Column("origins", sa.Text, nullable=False, server_default=""))
    op.add_column("api_keys", sa.Column("per_minute", sa.Integer))
