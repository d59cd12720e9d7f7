"""The state's table of sources: how it stands with each of them. Times are microseconds, UTC."""

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
