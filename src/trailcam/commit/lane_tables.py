"""The state's tables of rules that keep state: what waits for its turn, what had it, what rules remember."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from trailcam.state.metadata import metadata

candidate = Table(
    "candidate",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("event_time", BigInteger, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("queued_by", Integer, ForeignKey("decision.id"), nullable=False),
    Column("consumed_by", Integer, ForeignKey("decision.id")),
    sqlite_with_rowid=False,
)
"""Pairs of rule and event, each once for ever: a copy, a redelivery or a re-run queues none of them again.

`queued_by` is the decision that queued it, at `queued_at`; `consumed_by` the one that had it run, null while
it waits.
"""

Index(
    "ix_candidate_waiting",
    candidate.c.rule_id,
    candidate.c.event_time,
    candidate.c.row_id,
    sqlite_where=candidate.c.consumed_by.is_(None),
)
Index("ix_candidate_waiting_row", candidate.c.row_id, sqlite_where=candidate.c.consumed_by.is_(None))
Index(None, candidate.c.consumed_by)
Index(None, candidate.c.queued_by)

candidate_event = Table(
    "candidate_event",
    metadata,
    Column("row_id", Text, primary_key=True),
    Column("log_type", Text, nullable=False),
    Column("event_id", Text),
    Column("event_time", BigInteger, nullable=False),
    Column("origin_id", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("rest", Text, nullable=False),
)
"""The events of candidates that wait, and no others; see `model.candidate.KeptEvent`."""

Index(None, candidate_event.c.origin_id)

key_value = Table(
    "key_value",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("counter", Text),
    Column("strings", Text),
    Column("dictionary", Text),
    Column("expires_at", BigInteger),
    Column("saved_at", BigInteger, nullable=False),
)
"""What rules remember; see `rules.keyvalue.Item`. `key` is UTF-8 that takes lone surrogates too, for a rule
makes keys of what logs hold. `counter` is a decimal number, `strings` a JSON list, both null when absent.
`expires_at` is in seconds of event time; `saved_at` is the clock's time of the last change.
"""

Index(None, key_value.c.expires_at)
