"""When events last came whose time was believed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes the column; of places that are there, by their last arrival, where any time was believed."""

    op.add_column("place", sa.Column("last_believed", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE place SET last_believed = last_arrival WHERE last_event > 0")
