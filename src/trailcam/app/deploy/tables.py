"""The state's tables of versions of the rules, and of what servers are asked. Times are microseconds, UTC."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from trailcam.state.metadata import metadata

deployment = Table(
    "deployment",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("rules", Integer, nullable=False),
    Column("rule_versions", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("in_force_at", BigInteger),
    Column("not_again", Text),
)
"""Packs as they were at one time, checked. Ids are those of snapshots; `content` is the digest of one, empty
where none could be taken, `pack` the version of its rules together, empty where they could not be loaded.
`number` says which is newer: they are counted as they are written down, whatever the clock says.

`sources`, `rule_versions`, `reasons` and `not_again` are JSON: texts, versions by the id of a rule, problems,
contents. `in_force_at` is when it last came into force, null where it never has. `not_again` are contents
that somebody went back from, to this one, and that therefore come back only when somebody asks for them.
"""

Index(None, deployment.c.status)

deployment_wish = Table(
    "deployment_wish",
    metadata,
    Column("id", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("deployment_id", Text, ForeignKey("deployment.id")),
    Column("until", BigInteger, nullable=False),
    Column("taken_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("outcome", Text),
    Column("answer", Text),
    Column("reasons", Text),
)
"""What a command asks of a server that runs, answered in the same row; nobody waits after `until`.

`deployment_id` is what to go back to, null for the one before; `answer` the id of the deployment that came of
it, empty where none did; `reasons` JSON, as in `deployment`.
"""

Index(None, deployment_wish.c.answered_at)
