"""The state's table of canaries. Times are microseconds, UTC."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from trailcam.state.metadata import metadata

canary = Table(
    "canary",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("planted_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    Column("missed_at", BigInteger),
)
"""Planted events: each is seen as an alert by the time it is due, or missed, or both; then it is
forgotten in a while."""

Index(None, canary.c.source, canary.c.planted_at)
