"""The kept tables in DuckDB: what is published and what is only decided, each event once.

A connection lives in memory, sees the files of the lake and nothing else of the machine, and cannot be told
otherwise by the SQL it runs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import select

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.revisions import alert_row, run_row
from trailcam.lake import rows
from trailcam.lake.iceberg import Iceberg
from trailcam.lake.tables import ALERTS, RUNS, TEXTS, TIME, LakeTable, event_table
from trailcam.model.logtype import LogType
from trailcam.state.database import Database

MEMORY = "1GB"
"""What a query may hold in memory; beyond it, it spills to `scratch`."""

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
    """A connection that may read files of the warehouse."""
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
        folders = ", ".join(text(str(folder.resolve())) for folder in (warehouse, scratch))
        opened.execute(f"SET allowed_directories = [{folders}]")
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("SET enable_external_access = false")
        yield opened
    finally:
        opened.close()


def locked(opened: duckdb.DuckDBPyConnection) -> None:
    """From here on, no SQL changes a setting of the connection."""
    opened.execute("SET lock_configuration = true")


def kept_files(database: Database, iceberg: Iceberg, name: str) -> list[str]:
    """The files of a table that hold what is decided: those in the lake, and those on their way there."""
    with database.read() as state:
        decided = state.execute(
            select(t.staged_file.c.path)
            .outerjoin(t.publication, t.publication.c.table_name == t.staged_file.c.table_name)
            .where(t.staged_file.c.table_name == name)
            .where(t.staged_file.c.seq.is_(None) | (t.staged_file.c.seq > t.publication.c.published))
        ).scalars()
        paths = [str(iceberg.warehouse / path) for path in decided]
    return sorted({*paths, *(path for path, _ in iceberg.files(name))})


def kept_tables(database: Database) -> list[str]:
    """The names of all tables that something was ever decided for."""
    with database.read() as state:
        return sorted(state.execute(select(t.staged_file.c.table_name).distinct()).scalars())


def view(
    opened: duckdb.DuckDBPyConnection,
    name: str,
    table: LakeTable,
    files: Sequence[str],
    *,
    nested: Iterable[str] = (),
) -> None:
    """A view of a table's files, copies left out; `nested` are fields that only the raw record holds.

    Each of these is a JSON column. The record is read as Trailcam reads it: of a key that is given twice the
    last value counts, and a surrogate without its other half is U+FFFD.
    """
    columns = [quoted(column) for column in table.schema.names]
    taken = {column.lower() for column in table.schema.names}  # SQL does not tell a from A
    held = _distinct(table, files)
    fields = []
    for key in nested:
        if key.lower() not in taken:
            taken.add(key.lower())
            fields.append(f"{_field(key)} AS {quoted(key)}")
    if fields:
        held = f"(SELECT *, {_MENDED} AS {_RECORD} FROM {held})"
        held = f"(SELECT *, TRY(json_keys({_RECORD})) AS {_KEYS} FROM {held})"
    opened.execute(f"CREATE VIEW {quoted(name)} AS SELECT {', '.join([*columns, *fields])} FROM {held}")


def source(opened: duckdb.DuckDBPyConnection, table: LakeTable, files: Sequence[str]) -> str:  # noqa: ARG001  # callers have it, and a source may come to need it
    """All rows of files, as SQL; columns that a file does not have yet are null."""
    nulls = ", ".join(f"NULL::{SQL_TYPES[column.type]} AS {quoted(column.name)}" for column in table.schema)
    empty = f"SELECT {nulls}, '' AS filename, 0::BIGINT AS file_row_number WHERE false"
    if not files:
        return f"({empty})"
    listed = ", ".join(text(_literal(path)) for path in files)
    read = (
        f"read_parquet([{listed}], union_by_name=true, filename=true, file_row_number=true, "
        "hive_partitioning=false)"
    )
    return f"(SELECT * FROM {read} UNION ALL BY NAME {empty})"


def state_tables(database: Database) -> Mapping[str, tuple[LakeTable, pa.Table]]:
    """Alerts and runs as they stand, of which the state knows more than the lake."""
    with database.read() as state:
        alerts = rows.records(ALERTS, (alert_row(row) for row in state.execute(select(alert))))
        runs = rows.records(RUNS, (run_row(row) for row in state.execute(select(t.run))))
    return {"alerts": (ALERTS, alerts), "runs": (RUNS, runs)}


def event_tables(log_types: Iterable[LogType]) -> dict[str, tuple[LakeTable, LogType]]:
    """Table name to a log type's table and the log type."""
    found = {}
    for log_type in log_types:
        table = event_table(log_type)
        found[table.name] = (table, log_type)
    return found


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


# -- copies ------------------------------------------------------------------------------------------------


def _distinct(table: LakeTable, files: Sequence[str]) -> str:
    """Each row once: of copies the one that was read first, then the one in the file with the smaller name.

    Copies share their time, so that a filter on it reaches the files; but for those that name none. Which
    rows stay is found by few small columns: the rows themselves are neither sorted nor held.
    """
    raise NotImplementedError


# -- fields that only the raw record holds -------------------------------------------------------------------

_RECORD = quoted("the record mended")
_KEYS = quoted("the record's keys")

_LONE = r"\\u[dD][89a-fA-F]"
"""Half of a surrogate pair, or a whole one: most records have neither."""
