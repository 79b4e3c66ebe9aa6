"""How likely what was shown was, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Let lists that were shown have a name, a policy and chances; make the table of feedback."""
    for column in (
        sa.Column("token", sa.Text),
        sa.Column("policy", sa.Text),
        sa.Column("chances", sa.Text),
    ):
        op.add_column("impressions", column)
    op.create_index("impressions_by_token", "impressions", ["token"], unique=True)
    op.create_table(
        "feedback",
        sa.Column("id", Number, primary_key=True),
        sa.Column("impression", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("feedback_once", "feedback", ["impression", "kind", "position"], unique=True)
    op.create_index("feedback_of_a_person", "feedback", ["user_id"])
