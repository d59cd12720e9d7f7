"""The kept tables in DuckDB: what is published and what is only decided, each event once.

A connection lives in memory, sees the files of the lake and nothing else of the machine, and cannot be told
otherwise by the SQL it runs.
"""

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
from trailcam.lake.tables import ALERTS, RUNS, LakeTable, event_table
from trailcam.model.logtype import LogType
from trailcam.state.database import Database

MEMORY = "1GB"
"""What a query may hold in memory; beyond it, it spills to `scratch`."""


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


def view(
    opened: duckdb.DuckDBPyConnection,
    name: str,
    table: LakeTable,
    files: Sequence[str],
    *,
    nested: Iterable[str] = (),
) -> None:
    """A view of a table's files, copies left out; `nested` are fields that only the raw record holds."""
    columns = [quoted(column) for column in table.schema.names]
    columns += [f"TRY(json_extract(raw, {text('$.' + quoted(key))})) AS {quoted(key)}" for key in nested]
    body = f"SELECT {', '.join(columns)} FROM {_distinct(table, source(opened, table, files))}"
    opened.execute(f"CREATE VIEW {quoted(name)} AS {body}")


def source(opened: duckdb.DuckDBPyConnection, table: LakeTable, files: Sequence[str]) -> str:
    """All rows of files, as SQL; columns that a file does not have yet are null."""
    empty = f"empty {table.name}"
    opened.register(empty, table.schema.empty_table())
    if not files:
        return f"(SELECT *, '' AS filename, 0 AS file_row_number FROM {quoted(empty)})"
    listed = ", ".join(map(text, files))
    read = f"read_parquet([{listed}], union_by_name=true, filename=true, file_row_number=true)"
    return (
        f"(SELECT * FROM {read} UNION ALL BY NAME "
        f"SELECT *, '' AS filename, 0 AS file_row_number FROM {quoted(empty)})"
    )


def _distinct(table: LakeTable, rows_: str) -> str:
    """Each row once: of copies the one that was read first, then the one in the file with the smaller name.

    Copies share their time, so that a filter on it reaches the files; but for those that name none.
    """
    if not table.identity:
        return rows_
    order = ", ".join(name for name in ("p_parse_time",) if name in table.schema.names)
    order = ", ".join(filter(None, [order, "filename", "file_row_number"]))
    identity = ", ".join(map(quoted, table.identity))
    timed = f"QUALIFY row_number() OVER (PARTITION BY {quoted(table.time)}, {identity} ORDER BY {order}) = 1"
    timeless = f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY {order}) = 1"
    if "p_time_from_origin" not in table.schema.names:
        return f"(SELECT * FROM {rows_} {timeless})"
    return (
        f"(SELECT * FROM {rows_} WHERE NOT p_time_from_origin {timed} UNION ALL BY NAME "
        f"SELECT * FROM {rows_} WHERE p_time_from_origin {timeless})"
    )


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
