"""The records that are kept of origins, as the vendor wrote them, by origin and position."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from sqlalchemy import select

from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.lake.tables import event_table
from trailcam.model.logtype import LogType
from trailcam.query.lake import connection, source
from trailcam.state.database import Database

_ROWS_AT_ONCE = 1_000

Records = Iterator[tuple[int, bytes]]
"""(position, bytes) of each record, in order of position."""


def records_of(
    database: Database,
    origin_ids: Sequence[str],
    log_types: Iterable[LogType],
    *,
    warehouse: Path,
    scratch: Path,
) -> Iterator[tuple[str, Records]]:
    """Those of the origins of which records are kept, each with its records, read in order: also those that
    were dead letters first and have been mended.

    Raises:
        WorldError: TC0603 there is no room for sorting them.
    """
    f, o = t.staged_file.c, t.origin.c
    kept = (Purpose.WHOLE.value, Purpose.MENDED.value)
    decisions = select(o.decision_id).where(o.origin_id.in_(origin_ids), o.purpose.in_(kept))
    with database.read() as state:
        named = state.execute(select(f.table_name, f.path).where(f.decision_id.in_(decisions))).all()
    with connection(warehouse=warehouse, scratch=scratch) as opened:
        opened.register("wanted", pa.table({"origin_id": pa.array(origin_ids, pa.string())}))
        parts = []
        for table in map(event_table, log_types):
            files = [str(warehouse / it.path) for it in named if it.table_name == table.name]
            if files:
                held = f"{source(table, files)} JOIN wanted ON origin_id = p_origin_id"
                parts.append(f"SELECT p_origin_id, p_position, raw FROM {held}")
        if not parts:
            return
        found = opened.execute(f"{' UNION ALL '.join(parts)} ORDER BY p_origin_id, p_position")
        rows = (row for some in iter(lambda: found.fetchmany(_ROWS_AT_ONCE), []) for row in some)
        for origin_id, its in groupby(rows, key=lambda row: row[0]):
            yield origin_id, ((position, raw.encode()) for _, position, raw in its)
