"""The state's tables of alerts. Times are microseconds, UTC."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from trailcam.state.metadata import metadata

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule_id", Text, nullable=False),
    Column("dedup", Text, nullable=False),
    Column("period_minutes", Integer, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("window_start", BigInteger, nullable=False),
    Column("window_end", BigInteger, nullable=False),
    Column("matches", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("merged_into", Text, ForeignKey("alert.id")),
    Column("decision_id", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("published_revision", Integer, nullable=False),
)
"""Alerts as they stand. `decision_id` is the decision that opened it; `published_revision` the last revision
that lies in a file of the lake."""

Index(None, alert.c.rule_id, alert.c.dedup, alert.c.window_start)
Index(None, alert.c.opened_at)

alert_history = Table(
    "alert_history",
    metadata,
    Column("alert_id", Text, ForeignKey("alert.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
)
