"""Everything that a query can name: the kept tables, and one of all events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from trailcam.errors import nearest
from trailcam.lake.names import EVENTS, PLACE
from trailcam.lake.tables import DEAD_LETTERS, OWN, TEXTS, LakeTable, event_table
from trailcam.model.logtype import LogType
from trailcam.model.standard_fields import STANDARD_FIELDS
from trailcam.query.lake import (
    FILE_DECISION,
    SQL_TYPES,
    decided_files,
    kept_files,
    kept_tables,
    quoted,
    replaced_letters,
    standing,
    state_tables,
)
from trailcam.query.refusals import damaged, failed, refused, told
from trailcam.query.statement import CATALOG, Asked
from trailcam.query.views import only_in_raw, view
from trailcam.state.database import Database

EVENT_COLUMNS = (*STANDARD_FIELDS, "p_origin_id", "p_position", "p_time_from_origin", "raw")
"""The columns that the tables of all log types have."""

_PASSING = "passing"


class Kept:
    """The views of a connection, made when a query names them: what it does not name is not read."""

    def __init__(
        self,
        opened: duckdb.DuckDBPyConnection,
        database: Database,
        warehouse: Path,
        log_types: Iterable[LogType],
    ) -> None:
        self._opened = opened
        self._database = database
        self._warehouse = warehouse
        self._log_types = {event_table(log_type).name: log_type for log_type in log_types}
        self._event_tables = [
            name
            for name in sorted({*self._log_types, *kept_tables(database)})
            if name not in OWN and name != EVENTS
        ]
        self._views: dict[str, tuple[str, Callable[..., None]]] = {}
        """Lower-case name to the name as it is shown, and what makes it: with `whole` over its files, else
        its columns alone."""
        for name in self._event_tables:
            self._views[name] = (name, partial(self._event_view, name))
        for name in OWN:
            self._views[name] = (name, partial(self._own_view, name))
        self._views[EVENTS] = (EVENTS, partial(self._all_events, EVENTS))
        for table_name, log_type in self._log_types.items():
            if log_type.name.lower() not in self._views:
                self._views[log_type.name.lower()] = (
                    log_type.name,
                    partial(self._under_its_name, log_type.name, table_name),
                )
        self._made: set[str] = set()

    def make_views(self, asked: Asked) -> None:
        """Makes the views it names, over their files; where it asks what there is, the columns of the others.

        Raises:
            TrailcamError: TC0608 there is no such table.
            WorldError: TC0108 a file is missing or cannot be read.
        """
        unknown = sorted(asked.tables - self._views.keys())
        for name in unknown:
            if name not in CATALOG:
                near = nearest(name, [shown for shown, _ in self._views.values()])
                raise refused(f'there is no table "{name}"', hint=near)
        found = self._opened.execute("SELECT lower(view_name) FROM duckdb_views() WHERE internal").fetchall()
        for name in sorted(asked.perhaps & {name for (name,) in found} - self._views.keys() - CATALOG):
            raise refused(f'a query cannot make a table named "{name}"')  # DuckDB's own would be in reach
        for name in sorted((asked.tables | asked.perhaps) & self._views.keys()):
            self._make(name, whole=True)
        if unknown or asked.lists:
            for name in self._views:
                self._make(name, whole=False)

    def _make(self, name: str, *, whole: bool) -> None:
        if name not in self._made:
            self._made.add(name)
            self._views[name][1](whole=whole)

    def _own_view(self, name: str, *, whole: bool) -> None:
        table = OWN[name]
        if whole and name in ("alerts", "runs"):
            self._opened.register(name, state_tables(self._database)[name][1])
        else:
            joined = self._standing(table) if whole and name in ("matches", "rule_errors") else ""
            among = self._among() if whole and table is DEAD_LETTERS else ""
            with damaged(name):
                files = self._files(name) if whole else ()
                view(self._opened, name, table, files, standing=joined, among=among)

    def _among(self) -> str:
        """The join that leaves out dead letters which stand no more, as SQL."""
        return self._joined(
            {
                "the dead letters that stand no more": replaced_letters(self._database),
                "the files of dead letters": decided_files(
                    self._database, self._warehouse, DEAD_LETTERS.name
                ),
            },
            lambda gone, files: (
                f"LEFT JOIN {files} USING ({PLACE[0]}) "
                f"ANTI JOIN {gone} USING (origin_id, {quoted(FILE_DECISION)})"
            ),
        )

    def _standing(self, table: LakeTable) -> str:
        """What the state has of a table, and the decisions of its files, as tables of which no list tells;
        joined, as SQL."""
        made = {
            f"what stands of {table.name}": standing(self._database, table),
            f"the files of {table.name}": decided_files(self._database, self._warehouse, table.name),
        }
        identity = ", ".join(map(quoted, table.identity))
        return self._joined(
            made, lambda keys, files: f"JOIN {keys} USING ({identity}) LEFT JOIN {files} USING ({PLACE[0]})"
        )

    def _joined(self, made: Mapping[str, pa.Table], join: Callable[[str, str], str]) -> str:
        """A join with two tables of which no list tells, as SQL."""
        with told():
            self._opened.execute("CREATE SCHEMA IF NOT EXISTS standing")
            for name, held in made.items():
                self._opened.register(_PASSING, held)
                self._opened.execute(f"CREATE TABLE standing.{quoted(name)} AS FROM {_PASSING}")
                self._opened.unregister(_PASSING)
        one, other = (f"standing.{quoted(name)}" for name in made)
        return join(one, other)

    def _event_view(self, name: str, *, whole: bool) -> None:
        log_type = self._log_types.get(name)
        files = self._files(name) if whole or log_type is None else []
        if log_type is None:
            table, nested, any_case = _as_written(name, files), [], False
        else:
            table = event_table(log_type)
            nested, any_case = only_in_raw(log_type), log_type.any_case
        with damaged(name):
            view(self._opened, name, table, files if whole else (), nested=nested, any_case=any_case)

    def _under_its_name(self, name: str, table_name: str, *, whole: bool) -> None:
        self._make(table_name, whole=whole)
        self._opened.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM {quoted(table_name)}")

    def _all_events(self, name: str, *, whole: bool) -> None:
        for table_name in self._event_tables:
            self._make(table_name, whole=whole)
        columns = ", ".join(map(quoted, EVENT_COLUMNS))
        parts = " UNION ALL ".join(f"SELECT {columns} FROM {quoted(each)}" for each in self._event_tables)
        self._opened.execute(f"CREATE VIEW {quoted(name)} AS {parts}")

    def _files(self, name: str) -> list[str]:
        """The files of a table.

        Raises:
            WorldError: TC0108 one of them is not there.
        """
        files = kept_files(self._database, self._warehouse, name)
        missing = [file for file in files if not Path(file).is_file()]
        if missing:
            others = f", and {len(missing) - 1:,} more of its files" if len(missing) > 1 else ""
            message = f"a file of the table {name} is missing{others}"
            raise failed(message, path=missing[0], hint="`trailcam verify` tells what is missing")
        return files


def _as_written(name: str, files: Sequence[str]) -> LakeTable:
    """The table of a log type of which no schema is known: with the columns that its files have."""
    columns: dict[str, pa.DataType] = {}
    with damaged(name):
        for file in files:
            for column in pq.read_schema(file):
                kind = TEXTS if pa.types.is_list(column.type) else column.type
                if kind in SQL_TYPES:
                    columns.setdefault(column.name, kind)
    return LakeTable(
        name=name, schema=pa.schema(columns.items()), time="p_event_time", identity=("p_row_id",)
    )
