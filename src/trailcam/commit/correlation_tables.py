"""The state's tables of correlation rules: how far each is, and which matches lie in which of its groups."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from trailcam.state.metadata import metadata

correlation = Table(
    "correlation",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("seen", Integer, nullable=False),
    Column("settled", BigInteger),
)
"""One row a rule, from when it is first loaded: its matches are what `definition` says of all that was
decided up to decision `seen`.

Where `version` is not that of `definition` now, this does not hold any more, and the rule is to be gone
through anew: it has had no turn yet and `seen` is 0, it was made empty, or an earlier version of Trailcam
wrote it. `settled`: anchors before this time are not waited for, null while all are. `run_id` is the run
that had its last turn, or loaded it before its first.
"""

correlation_match = Table(
    "correlation_match",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("group_key", LargeBinary, primary_key=True),
    Column("step_id", Text, primary_key=True),
    Column("event_time", BigInteger, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("source_rule_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""The matches that correlation rules look at: each once for every step and group that it belongs to."""

Index(None, correlation_match.c.rule_id, correlation_match.c.event_time)
Index(None, correlation_match.c.source_rule_id, correlation_match.c.row_id)

correlation_group = Table(
    "correlation_group",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("group_key", LargeBinary, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The values of each group, a JSON list; its key is their digest, since a log may make them any length."""
