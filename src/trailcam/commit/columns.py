"""Refuses log types whose columns do not go with what is kept: a table has one type for a column."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa

from trailcam.commit.publish import decided_table
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.lake.iceberg import TYPE_NAMES, Iceberg
from trailcam.lake.tables import TEXTS, LakeTable, event_table
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
    kept: dict[str, str] = {}
    held = 0
    with suppress(WorldError):  # a damaged table: its files tell, from the first
        kept |= iceberg.columns(table.name)
        held = iceberg.held(table.name)
    with suppress(WorldError):  # a damaged file: who publishes it tells
        kept |= _types(decided_table(database, iceberg.warehouse, table.name, after=held))
    names = {name.lower(): name for name in kept}
    for column, kind in _types(table).items():
        name = names.get(column.lower(), column)
        if name != column:
            yield f'{log_type.name}: the column "{column}" is "{name}" in what is kept'
        elif kept.get(name, kind) != kind:
            yield f'{log_type.name}: the column "{name}" is {kind} here, {kept[name]} in what is kept'


def _types(table: LakeTable) -> dict[str, str]:
    """Columns and Iceberg's names of their types; files call the items of a list otherwise than we do."""
    kinds = {c.name: TEXTS if pa.types.is_list(c.type) else c.type for c in table.schema}
    return {name: TYPE_NAMES[kind] for name, kind in kinds.items()}
