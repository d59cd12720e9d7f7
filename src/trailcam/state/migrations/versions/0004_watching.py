"""What is watched: the places that events come from, and canaries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the tables."""

    op.create_table(
        "place",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("first_arrival", sa.BigInteger(), nullable=False),
        sa.Column("last_arrival", sa.BigInteger(), nullable=False),
        sa.Column("last_event", sa.BigInteger(), nullable=False),
        sa.Column("silences", sa.Text(), nullable=False),
        sa.Column("silent_told", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "account", "region", name=op.f("pk_place")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "canary",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("planted_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("missed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_canary")),
    )
    op.create_index(op.f("ix_canary_source_planted_at"), "canary", ["source", "planted_at"], unique=False)
