"""What the state says at one moment, read at once: what is decided meanwhile is not half in it.

Files are read long after the state, and by then others may have decided more. What is found in them is held
against this, and against nothing that is asked later.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, Row, Table, select

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.revisions import alert_row, run_row
from trailcam.enrichments.tables import lookup_version
from trailcam.lake.tables import ALERTS, MATCHES, RULE_ERRORS, RUNS, LakeTable
from trailcam.model.severity import Severity

_AT_ONCE = 20_000


def _of_both(table: LakeTable, state: Table) -> pa.Schema:
    """What the state and the file of its decision both say of a match or a rule error."""
    shared = [column for column in table.schema if column.name in state.c]
    return pa.schema([*shared, ("event_time", pa.int64()), ("decision_id", pa.int64())])


MATCH = _of_both(MATCHES, t.match)
ERROR = _of_both(RULE_ERRORS, t.rule_error)

_PUBLISHED = pa.field("published", pa.bool_())
"""Whether a file of the lake holds an alert or a run as it stands."""

_LEDGER = pa.schema(
    [("origin_id", pa.string()), ("decision_id", pa.int64()), ("purpose", pa.string()), ("pack", pa.string())]
)

_PACK_RULE = pa.schema([(column.name, pa.string()) for column in t.pack_rule.c])


@dataclass(frozen=True, slots=True)
class Moment:
    """The ledger, the decided files, the numbers of commits, and the versions of lookup tables."""

    entries: Sequence[Any]
    """The ledger, whole: rows of `origin`."""
    files: Sequence[Any]
    """Decided files, by path: rows of `staged_file`."""
    numbers: Mapping[str, tuple[int, int]]
    """Of each table's commits the last that was given out, and the last that is published."""
    lookup_versions: Sequence[Any]
    """Rows of `lookup_version`."""
    mended: frozenset[tuple[int, str]]
    """The entries whose dead letters stand no more, for another entry has taken their place."""

    def readable(self, paths: Container[str], *, warehouse: Path) -> "Readable":
        """Those of the decided files that are as they were written."""
        by_table: dict[str, list[str]] = {}
        decisions: dict[str, int | None] = {}
        for file in self.files:
            if file.path in paths:
                absolute = str(warehouse / file.path)
                by_table.setdefault(file.table_name, []).append(absolute)
                decisions[absolute] = file.decision_id
        columns = {
            "filename": pa.array(list(decisions), pa.string()),
            "decision_id": pa.array(list(decisions.values()), pa.int64()),
        }
        return Readable(pa.table(columns), by_table)


@dataclass(frozen=True, slots=True)
class Readable:
    """Decided files that were read, by their absolute paths."""

    decisions: pa.Table
    """filename, decision_id."""
    by_table: Mapping[str, Sequence[str]]


def read_moment(state: Connection, opened: duckdb.DuckDBPyConnection) -> Moment:
    """Reads the state. What is many becomes tables of the connection, which spill: `state_match`,
    `state_error`, `state_alerts`, `state_runs`, `state_ledger`, `state_pack_rule`."""
    o, f = t.origin.c, t.staged_file.c
    entries = state.execute(
        select(
            o.origin_id, o.decision_id, o.purpose, o.part, o.pack, o.name, o.records, o.events, o.dead_letters
        )
    ).all()
    files = state.execute(select(t.staged_file).order_by(f.path)).all()
    numbers = {row.table_name: (row.numbered, row.published) for row in state.execute(select(t.publication))}
    _fill(opened, "state_ledger", _LEDGER, (row._asdict() for row in entries))
    _fill(
        opened,
        "state_pack_rule",
        _PACK_RULE,
        (row._asdict() for row in state.execute(select(t.pack_rule))),
    )
    _fill(opened, "state_match", MATCH, (_item(row) for row in state.execute(select(t.match))))
    _fill(opened, "state_error", ERROR, (_item(row) for row in state.execute(select(t.rule_error))))
    _fill(
        opened,
        "state_alerts",
        ALERTS.schema.append(_PUBLISHED),
        (
            {**alert_row(row), "published": row.revision == row.published_revision}
            for row in state.execute(select(alert))
        ),
    )
    _fill(
        opened,
        "state_runs",
        RUNS.schema.append(_PUBLISHED),
        ({**run_row(row), "published": row.published} for row in state.execute(select(t.run))),
    )
    versions = state.execute(select(lookup_version)).all()
    return Moment(entries, files, numbers, versions, _mended(entries))


def place_of(entry: Any) -> tuple[int, str]:
    """Which entry of the ledger it is: its decision, and its origin."""
    return entry.decision_id, entry.origin_id


def _mended(entries: Sequence[Any]) -> frozenset[tuple[int, str]]:
    """Each entry that was mended names the decision whose dead letters it replaces."""
    return frozenset(
        (int(entry.part), entry.origin_id) for entry in entries if entry.purpose == Purpose.MENDED
    )


def _item(row: Row[Any]) -> dict[str, Any]:
    return {**row._asdict(), "severity": Severity(row.severity).name}


def _fill(
    opened: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: Iterator[dict[str, Any]]
) -> None:
    """Makes a table of rows, some at a time."""
    opened.register("batch", schema.empty_table())
    opened.execute(f"CREATE TABLE {name} AS SELECT * FROM batch")
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _AT_ONCE:
            _append(opened, name, schema, some)
            some.clear()
    _append(opened, name, schema, some)
    opened.unregister("batch")


def _append(
    opened: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, some: list[dict[str, Any]]
) -> None:
    columns = {field.name: pa.array([row[field.name] for row in some], field.type) for field in schema}
    opened.register("batch", pa.table(columns, schema=schema))
    opened.execute(f"INSERT INTO {name} SELECT * FROM batch")
