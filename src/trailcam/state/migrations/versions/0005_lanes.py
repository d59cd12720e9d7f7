"""Rules that keep state: candidates, their events, and key-values."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the tables."""

    op.create_table(
        "candidate",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_by", sa.Integer(), nullable=False),
        sa.Column("consumed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["queued_by"], ["decision.id"], name=op.f("fk_candidate_queued_by")),
        sa.ForeignKeyConstraint(["consumed_by"], ["decision.id"], name=op.f("fk_candidate_consumed_by")),
        sa.PrimaryKeyConstraint("rule_id", "row_id", name=op.f("pk_candidate")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_candidate_waiting",
        "candidate",
        ["rule_id", "event_time", "row_id"],
        unique=False,
        sqlite_where=sa.text("consumed_by IS NULL"),
    )
    op.create_index(
        "ix_candidate_waiting_row",
        "candidate",
        ["row_id"],
        unique=False,
        sqlite_where=sa.text("consumed_by IS NULL"),
    )
    op.create_index(op.f("ix_candidate_consumed_by"), "candidate", ["consumed_by"], unique=False)
    op.create_index(op.f("ix_candidate_queued_by"), "candidate", ["queued_by"], unique=False)
    op.create_table(
        "candidate_event",
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("log_type", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("origin_id", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("rest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_candidate_event")),
    )
    op.create_index(op.f("ix_candidate_event_origin_id"), "candidate_event", ["origin_id"], unique=False)
    op.create_table(
        "key_value",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=True),
        sa.Column("strings", sa.Text(), nullable=True),
        sa.Column("dictionary", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_key_value")),
    )
    op.create_index(op.f("ix_key_value_expires_at"), "key_value", ["expires_at"], unique=False)
