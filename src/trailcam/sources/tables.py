"""The state's tables of sources: how it stands with each, and what was read. Times are microseconds, UTC."""

from sqlalchemy import BigInteger, Column, Table, Text

from trailcam.state.metadata import metadata

source = Table(
    "source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("asked_at", BigInteger),
    Column("announced_at", BigInteger),
    Column("fault", Text),
    Column("fault_since", BigInteger),
)
"""One row for each source that was ever followed. `asked_at`: when it last answered, if only that there is
nothing; `announced_at`: when it last announced something; `fault`: what it says since `fault_since`, null
where it answers."""

followed_file = Table(
    "followed_file",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Files of followed folders that were read, as they were then: who begins anew need not open them."""
