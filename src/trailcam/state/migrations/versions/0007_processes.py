"""The process in which a run goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the column."""

    op.add_column("run", sa.Column("process_id", sa.Text(), nullable=True))
