"""What a run came upon, by counting it: its origins' rows in the files of the lake, decided or published.

Nothing here is remembered from while the run went on; so a second run over the same files gives the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, select

from trailcam.commit import tables as t
from trailcam.commit.standing import Standing, standing
from trailcam.lake.tables import DEAD_LETTERS, MATCHES, RULE_ERRORS, LakeTable, event_table
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import LogType
from trailcam.query.lake import connection, quoted, source
from trailcam.state.chunks import chunked
from trailcam.state.database import Database

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Rows of events, copies included; distinct ones; vendor ids that name more than one of these."""

    rows: int
    distinct: int
    conflicting_ids: int


class _File(NamedTuple):
    """A decided file, by its absolute path."""

    path: str
    day: int
    decision_id: int


class Scope:
    """The origins of one run."""

    def __init__(self, database: Database, warehouse: Path, scratch: Path, run_id: str) -> None:
        self._database = database
        self._warehouse = warehouse
        self._scratch = scratch
        self._run_id = run_id

    @cached_property
    def _ledger(self) -> list[Any]:
        """All entries of the ledger of the run's origins, in the order of their decisions."""
        o = t.origin.c
        with self._database.read() as state:
            return list(
                state.execute(
                    select(t.origin)
                    .join(t.run_origin, t.run_origin.c.origin_id == o.origin_id)
                    .where(t.run_origin.c.run_id == self._run_id)
                    .order_by(o.decision_id)
                )
            )

    @cached_property
    def _entries(self) -> list[Any]:
        """Those whose events count."""
        return [row for each in self._standing.values() for row in each.events]

    @cached_property
    def _standing(self) -> dict[str, Standing]:
        """What counts of each origin."""
        return standing(self._ledger)

    @property
    def origins(self) -> int:
        """Distinct origins."""
        return len(self._standing)

    @property
    def records(self) -> int:
        """Entries read of them, by the ledger."""
        return sum(each.records for each in self._standing.values())

    def events(self, log_types: Iterable[LogType]) -> Events:
        """Counted row by row in the lake."""
        rows = distinct = conflicting = 0
        with self._connection() as opened:
            for log_type in log_types:
                table = event_table(log_type)
                held = self._rows(opened, table)
                rows += _one(opened, f"SELECT count(*) FROM {held}")
                distinct += _one(opened, f"SELECT count(DISTINCT p_row_id) FROM {held}")
                if log_type.identity is not None and not log_type.changing:
                    vendor_id = quoted(log_type.identity)
                    same = ", ".join(map(quoted, filter(None, (log_type.identity, log_type.revision))))
                    conflicting += _one(
                        opened,
                        f"SELECT count(DISTINCT {vendor_id}) FROM (SELECT {same} FROM {held} "
                        f"WHERE {vendor_id} <> '' GROUP BY ALL HAVING count(DISTINCT p_row_id) > 1)",
                    )
        return Events(rows=rows, distinct=distinct, conflicting_ids=conflicting)

    def new_events(self, log_types: Iterable[LogType]) -> int:
        """Distinct events that this run was the first to decide."""
        new = 0
        with self._connection() as opened:
            for log_type in log_types:
                table = event_table(log_type)
                own = self._staged(table, t.decision.c.run_id == self._run_id)
                if not own:
                    continue
                others = self._staged(table, t.decision.c.run_id != self._run_id)
                own_first = pa.array([True] * len(own) + [False] * len(others))
                opened.register("numbers", _numbers([*own, *others]).append_column("own", own_first))
                new += _one(
                    opened,
                    "SELECT count(*) FROM (SELECT arg_min(own, decision) AS first_own FROM "
                    f"{_copies(opened, table, own, others)} JOIN numbers USING (filename) GROUP BY p_row_id) "
                    "WHERE first_own",
                )
        return new

    def letters(self) -> dict[str, int]:
        """Dead letters by reason."""
        with self._connection() as opened:
            held = self._rows(opened, DEAD_LETTERS)
            rows = opened.execute(f"SELECT reason, count(*) FROM {held} GROUP BY 1 ORDER BY 1").fetchall()
        return dict(rows)

    def dead_letters(self, *, most: int | None = None) -> Iterator[DeadLetter]:
        """The dead letters themselves, by file and position; with `most`, so many of each reason."""
        with self._connection() as opened:
            number = f"row_number() OVER (PARTITION BY reason ORDER BY {_PLACE})"
            first = f"QUALIFY {number} <= {most}" if most else ""
            found = opened.execute(
                "SELECT origin_id, origin_name, position, size_bytes, reason, detail, raw "
                f"FROM {self._rows(opened, DEAD_LETTERS)} {first} ORDER BY {_PLACE}"
            )
            while rows := found.fetchmany(1_000):
                for origin_id, name, position, size, reason, detail, raw in rows:
                    yield DeadLetter(
                        origin_id=origin_id,
                        origin_name=name,
                        position=position,
                        size_bytes=size,
                        reason=reason,
                        detail=detail,
                        raw=raw,
                    )

    def fallbacks(self, rule_ids: Sequence[str]) -> list[tuple[str, str, int, str]]:
        """(rule id, function, number of matches, first error) of auxiliary functions that failed."""
        with self._connection() as opened:
            opened.register("rules", pa.table({"rule_id": pa.array(rule_ids, pa.string())}))
            held = f"{self._rows(opened, MATCHES)} JOIN rules USING (rule_id)"
            return opened.execute(
                "SELECT rule_id, split_part(f, ': ', 1) AS name, count(DISTINCT row_id), "
                "arg_min(substr(f, length(split_part(f, ': ', 1)) + 3), (p_event_time, row_id)) "
                "FROM (SELECT rule_id, row_id, p_event_time, unnest(fallbacks) AS f "
                f"FROM {held}) GROUP BY ALL ORDER BY 1, 2"
            ).fetchall()

    def note_pairs(self, state: Connection, rule_ids: Sequence[str]) -> None:
        """Writes the run's pairs of rule and event into temporary tables, `scope_match` and `scope_error`.

        A pair is the run's when one of its origins holds a copy of the event, whoever decided it first.
        """
        with self._connection() as opened:
            opened.register("rules", pa.table({"rule_id": pa.array(rule_ids, pa.string())}))
            for name, table in (("scope_match", MATCHES), ("scope_error", RULE_ERRORS)):
                state.exec_driver_sql(
                    f"CREATE TEMP TABLE {name} (rule_id TEXT, row_id TEXT, PRIMARY KEY (rule_id, row_id)) "
                    "WITHOUT ROWID"
                )
                held = f"{self._rows(opened, table)} JOIN rules USING (rule_id)"
                found = opened.execute(f"SELECT DISTINCT rule_id, row_id FROM {held}")
                while rows := found.fetchmany(_ROWS_AT_ONCE):
                    state.exec_driver_sql(f"INSERT INTO {name} VALUES (?, ?)", rows)

    # -- files -------------------------------------------------------------------------------------------

    def _connection(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return connection(warehouse=self._warehouse, scratch=self._scratch)

    def _rows(self, opened: duckdb.DuckDBPyConnection, table: LakeTable) -> str:
        """The rows of the run's origins, as SQL.

        A file holds all that was decided together: also what has been superseded since. Of events and dead
        letters, those are left out. Of matches and errors, all are given: the state says which of them stand.
        """
        entries = self._entries
        if table in (MATCHES, RULE_ERRORS):
            entries = self._ledger
        elif table is DEAD_LETTERS:
            entries = [each.letters for each in self._standing.values()]
        pairs = {(row.origin_id, row.decision_id): None for row in entries}
        columns = {
            "origin": pa.array([origin_id for origin_id, _ in pairs], pa.string()),
            "decision": pa.array([decision_id for _, decision_id in pairs], pa.int64()),
        }
        opened.register("entries", pa.table(columns))
        decisions = sorted({decision_id for _, decision_id in pairs})
        files = [
            file for some in chunked(decisions) for file in self._staged(table, t.decision.c.id.in_(some))
        ]
        opened.register("files", _numbers(files))
        return (
            f"(SELECT r.* FROM {source(table, [file.path for file in files])} r "
            "JOIN files f ON f.filename = r.filename "
            f"JOIN entries e ON e.origin = r.{table.origin} AND e.decision = f.decision)"
        )

    def _staged(self, table: LakeTable, those: ColumnElement[bool]) -> list[_File]:
        """The files of a table that certain decisions name."""
        f, d = t.staged_file.c, t.decision.c
        with self._database.read() as state:
            found = state.execute(
                select(f.path, f.day, f.decision_id)
                .join(t.decision, d.id == f.decision_id)
                .where(f.table_name == table.name, those)
            )
            return [_File(str(self._warehouse / path), day, number) for path, day, number in found]


_PLACE = "origin_name, origin_id, position"


def _copies(
    opened: duckdb.DuckDBPyConnection,
    table: LakeTable,
    own: Sequence[_File],
    others: Sequence[_File],
) -> str:
    """The rows of a run's own files and all that may be copies of these, as SQL: those of the same days.

    Copies of an event that names no time lie on the days of their origins, which may be any.
    """
    days = {file.day for file in own}
    near = source(table, [file.path for file in (*own, *others) if file.day in days])
    copies = f"SELECT p_row_id, filename FROM {near}"
    far = [file.path for file in others if file.day not in days]
    mine = source(table, [file.path for file in own])
    if far and _one(opened, f"SELECT count(*) FROM {mine} WHERE p_time_from_origin"):
        copies += f" UNION ALL SELECT p_row_id, filename FROM {source(table, far)} WHERE p_time_from_origin"
    return f"({copies})"


def _numbers(files: Sequence[_File]) -> pa.Table:
    """Of each file, the decision that it belongs to."""
    return pa.table(
        {
            "filename": pa.array([file.path for file in files], pa.string()),
            "decision": pa.array([file.decision_id for file in files], pa.int64()),
        }
    )


def _one(opened: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(opened.execute(sql).fetchall()[0][0])
