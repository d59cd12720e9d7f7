"""Correlation rules: what of matches they ask for, the groups of these, and how far each rule is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the tables and columns."""

    for name in ("kept", "anchor_rule", "anchor_row"):
        op.add_column("match", sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "correlation",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_correlation_run_id")),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_correlation")),
    )
    op.create_table(
        "correlation_match",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("group_key", sa.LargeBinary(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("source_rule_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "rule_id",
            "group_key",
            "step_id",
            "event_time",
            "row_id",
            "source_rule_id",
            name=op.f("pk_correlation_match"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_correlation_match_rule_id_event_time"), "correlation_match", ["rule_id", "event_time"]
    )
    op.create_index(
        op.f("ix_correlation_match_source_rule_id_row_id"), "correlation_match", ["source_rule_id", "row_id"]
    )
    op.create_table(
        "correlation_group",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("group_key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "group_key", name=op.f("pk_correlation_group")),
        sqlite_with_rowid=False,
    )
