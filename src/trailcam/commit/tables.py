"""The state's tables of what was read and what came of it. Times are microseconds, UTC.

`origin` is the ledger: what stands in it has been treated, whole, and its results stand beside it.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, literal_column

from trailcam.state.metadata import metadata

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("version", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("rules", Integer, nullable=False),
    Column("paths", Text, nullable=False),
    Column("summary", Text),
    Column("published", Boolean, nullable=False),
    Column("process_id", Text),
)
"""One row a run; without `finished_at` it is going on, or was ended from outside. `paths` and `summary` are
JSON; `published`: its end lies in a file of the lake; `kind` is one of `RunKind`, null before there were
kinds. `process_id` is that of `state.processes`, by which is known whether it goes on."""

run_number = literal_column("run.rowid", Integer)
"""The order in which runs were noted: that of their ids goes by the clock, which may be set back."""

run_origin = Table(
    "run_origin",
    metadata,
    Column("run_id", Text, ForeignKey("run.id"), primary_key=True),
    Column("origin_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which origins a run came upon, whoever decided them."""

pack_rule = Table(
    "pack_rule",
    metadata,
    Column("pack", Text, primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("rule_version", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The rules of each version of a pack that has decided something."""

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
)
"""One row a group; ids are the order in which groups were decided."""

Index(None, decision.c.run_id)

origin = Table(
    "origin",
    metadata,
    Column("key", Text, primary_key=True),
    Column("origin_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("decision_id", Integer, ForeignKey("decision.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("source_label", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("fallback_time", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("dead_letters", BigInteger, nullable=False),
)
"""The ledger; `key`, `purpose` and `part` are those of `commit.group.Treated`.

`records = events + dead_letters`; all three are 0 for derived origins, whose records the whole one counts.
"""

Index(None, origin.c.origin_id)
Index(None, origin.c.decision_id)

staged_file = Table(
    "staged_file",
    metadata,
    Column("path", Text, primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("decision_id", Integer, ForeignKey("decision.id")),
    Column("day", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("seq", BigInteger),
    Column("again", Boolean, nullable=False, default=False),
)
"""Decided files. `seq` is the number of the commit that publishes them, null before one is given; `digest` is
the SHA-256 of the bytes that were written, hexadecimal. A file that a table has lost is published `again`.

Files without a decision are those that publishing itself writes: revisions of alerts, ends of runs.
"""

Index(None, staged_file.c.table_name, staged_file.c.seq)
Index("ix_staged_file_unnumbered", staged_file.c.table_name, sqlite_where=staged_file.c.seq.is_(None))
Index(None, staged_file.c.decision_id)

publication = Table(
    "publication",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("numbered", BigInteger, nullable=False),
    Column("published", BigInteger, nullable=False),
)
"""Commits of a table: the last number that was given out, the last that is known to be in the table."""

match = Table(
    "match",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("log_type", Text, nullable=False),
    Column("event_id", Text),
    Column("event_time", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("dedup", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("period_minutes", Integer, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("create_alert", Boolean, nullable=False),
    Column("counts_unique", Boolean, nullable=False),
    Column("unique_value", Text),
    Column("decision_id", Integer, ForeignKey("decision.id"), nullable=False),
    Column("window_start", BigInteger),
    Column("kept", Text),
    Column("anchor_rule", Text),
    Column("anchor_row", Text),
)
"""First decided wins. `window_start` names its window, null where `create_alert` is false. `kept` is a JSON
object, by field the values that correlation rules ask for, null where none did; `anchor_*` are those of
`Match.anchor`, null but for correlation rules' own matches.
"""

Index(None, match.c.rule_id, match.c.dedup, match.c.event_time, match.c.row_id)
Index(None, match.c.decision_id)

rule_error = Table(
    "rule_error",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("function", Text, primary_key=True),
    Column("log_type", Text, nullable=False),
    Column("event_id", Text),
    Column("event_time", BigInteger, nullable=False),
    Column("error_class", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("origin_id", Text, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("decision_id", Integer, ForeignKey("decision.id"), nullable=False),
    Column("window_start", BigInteger, nullable=False),
)
"""First decided wins, within a version of the rule: what a later version says of the origin replaces it."""

Index(None, rule_error.c.rule_id, rule_error.c.error_class, rule_error.c.event_time, rule_error.c.row_id)
Index(None, rule_error.c.decision_id)
Index(None, rule_error.c.origin_id)

not_run = Table(
    "not_run",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("origin_id", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What rules have not seen by now: how many events of which origin, and why; the next run takes it up."""

place = Table(
    "place",
    metadata,
    Column("source", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("first_arrival", BigInteger, nullable=False),
    Column("last_arrival", BigInteger, nullable=False),
    Column("last_believed", BigInteger, nullable=False, server_default="0"),
    Column("last_event", BigInteger, nullable=False),
    Column("silences", Text, nullable=False),
    Column("silent_told", BigInteger),
    sqlite_with_rowid=False,
)
"""Where events come from that are followed live. `last_event` is `BEGINNING` where no time was believed,
and so is `last_believed`, the last arrival of an event whose time was;
`silences`: JSON, by day the longest silence in seconds;
`silent_told`: the last arrival after which its silence was told, null while it is not silent."""

window = Table(
    "window",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("dedup", Text, primary_key=True),
    Column("period_minutes", Integer, primary_key=True),
    Column("threshold", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("end", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("highest", Integer, nullable=False),
    Column("first_row", Text, nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("last_row", Text, nullable=False),
    Column("last_function", Text, nullable=False),
    Column("matches", Integer, nullable=False),
    Column("qualifies", Boolean, nullable=False),
    Column("alone", Boolean, nullable=False),
    Column("suppressed", Boolean, nullable=False),
    Column("decision_id", Integer, ForeignKey("decision.id"), nullable=False),
    Column("alert_id", Text, ForeignKey("alert.id")),
)
"""The windows of all matches, always as cutting all of them anew would give.

`highest` is the highest severity among its matches; `last_*` the order of its last match; `alone`: its own
matches reach the threshold; `suppressed`: it qualifies, but a storm stands for it; `alert_id` is the alert
bound to it; `decision_id` the decision that first cut it.
"""

Index(None, window.c.rule_id, window.c.start)
Index(None, window.c.decision_id)
