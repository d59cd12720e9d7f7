"""The kept tables in DuckDB: what is published and what is only decided, each event once.

A connection lives in memory, sees the files of the lake and nothing else of the machine, and cannot be told
otherwise by the SQL it runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import select

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.revisions import alert_row, run_row
from trailcam.commit.standing import with_letters
from trailcam.errors import Problem, WorldError, code
from trailcam.lake import rows
from trailcam.lake.names import PLACE
from trailcam.lake.tables import ALERTS, RUNS, TEXTS, TIME, LakeTable
from trailcam.state.database import Database, is_full

MEMORY = "1GB"
"""What a query may hold in memory; beyond it, it spills to `scratch`."""

DECISION, FILE_DECISION = "the decision", "the decision of the file"
"""Columns beside those of a table: no log or rule names them."""

_ROWS_AT_ONCE = 10_000

SQL_TYPES: Mapping[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.binary(): "BLOB",
    TIME: "TIMESTAMP WITH TIME ZONE",
    TEXTS: "VARCHAR[]",
}
"""The types of the lake's columns, as DuckDB names them."""


@contextmanager
def connection(*, warehouse: Path, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that may read files of the warehouse.

    Raises, also for what is asked of it:
        WorldError: TC0603 there is no room for what it spills.
    """
    opened = duckdb.connect(
        config={
            "temp_directory": str(scratch),
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        }
    )
    try:
        folders = [str(folder.resolve()) for folder in (warehouse, scratch)]
        seen = {*folders, *map(_literal, folders)}  # DuckDB looks at patterns before it looks for their files
        opened.execute(f"SET allowed_directories = [{', '.join(map(text, sorted(seen)))}]")
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("SET enable_external_access = false")
        yield opened
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        if not is_full(scratch):
            raise
        message = f"the lake cannot be counted: {str(error).splitlines()[0]}"
        raise WorldError(Problem(code=code("disk_full"), message=message, path=scratch)) from None
    finally:
        opened.close()


def locked(opened: duckdb.DuckDBPyConnection) -> None:
    """From here on, no SQL changes a setting of the connection."""
    opened.execute("SET lock_configuration = true")


def kept_files(database: Database, warehouse: Path, name: str) -> list[str]:
    """The files of a table that hold what is decided, published or not: the state names them all."""
    with database.read() as state:
        paths = state.execute(
            select(t.staged_file.c.path).where(t.staged_file.c.table_name == name)
        ).scalars()
        return sorted(str(warehouse / path) for path in paths)


def kept_tables(database: Database) -> list[str]:
    """The names of all tables for which something was decided."""
    with database.read() as state:
        return sorted(state.execute(select(t.staged_file.c.table_name).distinct()).scalars())


def source(table: LakeTable, files: Sequence[str]) -> str:
    """All rows of files, as SQL; columns that a file does not have yet are null."""
    nulls = [f"NULL::{SQL_TYPES[column.type]} AS {quoted(column.name)}" for column in table.schema]
    empty = f"SELECT {', '.join(nulls)}, '' AS filename, 0::BIGINT AS file_row_number WHERE false"
    if not files:
        return f"({empty})"
    read = (
        f"read_parquet([{', '.join(text(_literal(path)) for path in files)}], union_by_name=true, "
        "filename=true, file_row_number=true, hive_partitioning=false)"
    )
    return f"(SELECT * FROM {read} UNION ALL BY NAME {empty})"


def state_tables(database: Database) -> Mapping[str, tuple[LakeTable, pa.Table]]:
    """Alerts and runs as they stand, of which the state knows more than the lake."""
    with database.read() as state:
        alerts = rows.records(ALERTS, (alert_row(row) for row in state.execute(select(alert))))
        runs = rows.records(RUNS, (run_row(row) for row in state.execute(select(t.run))))
    return {"alerts": (ALERTS, alerts), "runs": (RUNS, runs)}


def standing(database: Database, table: LakeTable) -> pa.Table:
    """The matches or rule errors that the state has: the identity of each, and the decision that made it."""
    held = {"matches": t.match, "rule_errors": t.rule_error}[table.name]
    kinds = pa.schema([*((name, pa.string()) for name in table.identity), (DECISION, pa.int64())])
    wanted = select(*(held.c[name] for name in table.identity), held.c.decision_id)
    with database.read() as state:
        batches = [
            pa.RecordBatch.from_arrays(list(map(pa.array, zip(*some, strict=True))), schema=kinds)
            for some in state.execute(wanted).partitions(_ROWS_AT_ONCE)
        ]
    return pa.Table.from_batches(batches, schema=kinds)


def replaced_letters(database: Database) -> pa.Table:
    """The entries of the ledger whose dead letters stand no more: origin and decision."""
    o = t.origin.c
    with database.read() as state:
        standing = {(each.letters.decision_id, origin_id) for origin_id, each in with_letters(state).items()}
        rows = state.execute(select(o.decision_id, o.origin_id).where(o.dead_letters > 0))
        gone = [(number, origin_id) for number, origin_id in rows if (number, origin_id) not in standing]
    return pa.table(
        {
            "origin_id": pa.array([origin_id for _, origin_id in gone], pa.string()),
            FILE_DECISION: pa.array([number for number, _ in gone], pa.int64()),
        }
    )


def decided_files(database: Database, warehouse: Path, name: str) -> pa.Table:
    """The path of each decided file of a table, and its decision."""
    f = t.staged_file.c
    with database.read() as state:
        found = state.execute(select(f.path, f.decision_id).where(f.table_name == name)).all()
    return pa.table(
        {
            PLACE[0]: pa.array([str(warehouse / row.path) for row in found], pa.string()),
            FILE_DECISION: pa.array([row.decision_id for row in found], pa.int64()),
        }
    )


def quoted(name: str) -> str:
    """A name as SQL writes it.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL writes it.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def _literal(path: str) -> str:
    """A path as a pattern that only it fits.

    >>> _literal("what?/a.parquet")
    'what[?]/a.parquet'
    """
    return re.sub(r"[*?\[]", r"[\g<0>]", path)
