"""Refuses log types whose columns do not go with what is kept: a table has one type for a column."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa

from trailcam.commit.publish import additions
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.lake.iceberg import Iceberg
from trailcam.lake.tables import event_table
from trailcam.logtypes.loader import SCHEMA_FILE
from trailcam.model.logtype import LogType
from trailcam.state.database import Database


def refuse_changed_columns(database: Database, iceberg: Iceberg, log_types: Iterable[LogType]) -> None:
    """Finds columns that have another type than in rows that are kept, or are written with other letters.

    Raises:
        TrailcamError: TC0612 for each of them.
    """
    problems = [
        Problem(code=code("column_changed"), message=message, path=log_type.folder / SCHEMA_FILE)
        for log_type in log_types
        for message in _changed(database, iceberg, log_type)
    ]
    if problems:
        raise TrailcamError(problems)


def _changed(database: Database, iceberg: Iceberg, log_type: LogType) -> Iterator[str]:
    table = event_table(log_type)
    kept: dict[str, pa.DataType] = {}
    held = 0
    with suppress(WorldError):  # a damaged table: its files tell, from the first
        kept |= iceberg.columns(table.name)
        held = iceberg.held(table.name)
    with suppress(WorldError):  # a damaged file: who publishes it tells
        waiting = additions(database, iceberg, table.name)(held).table.schema
        kept |= {column.name: column.type for column in waiting}
    names = {name.lower(): name for name in kept}
    for column in table.schema:
        name = names.get(column.name.lower(), column.name)
        if name != column.name:
            yield f'{log_type.name}: the column "{column.name}" is "{name}" in what is kept'
        elif name in kept and kept[name] != column.type:
            yield f'{log_type.name}: the column "{name}" is {column.type} here, {kept[name]} in what is kept'
