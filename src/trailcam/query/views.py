"""Each kept table as a view: what is published and what is only decided, each row once."""

from collections.abc import Sequence

import duckdb

from trailcam.lake.names import PLACE
from trailcam.lake.tables import LakeTable, event_table
from trailcam.model.logtype import LogType
from trailcam.query.fields import with_fields
from trailcam.query.lake import DECISION, FILE_DECISION, quoted, source


def only_in_raw(log_type: LogType) -> list[str]:
    """The fields of a log type that have no column of their own.

    SQL does not tell `a` from `A`: a field that is named like a column but for its case gives way to it.
    Nor does it know a column without a name.
    """
    taken = {"", *(column.lower() for column in event_table(log_type).schema.names)}
    found: dict[str, str] = {}
    for field in log_type.fields:
        if field.name.lower() not in taken:
            found.setdefault(field.name.lower(), field.name)
    return list(found.values())


def view(
    opened: duckdb.DuckDBPyConnection,
    name: str,
    table: LakeTable,
    files: Sequence[str],
    *,
    nested: Sequence[str] = (),
    any_case: bool = False,
    standing: str = "",
    among: str = "",
) -> None:
    """A view of a table's files, each row once; `nested` are fields that only the raw record holds,
    `any_case` in whatever case.

    `standing` joins what the state has: then these rows are shown and no other, each as it was decided.
    `among` joins what leaves some rows out.
    """
    held = source(table, files)
    if among:
        held = f"(SELECT {', '.join(map(quoted, (*table.schema.names, *PLACE)))} FROM {held} {among})"
    distinct = _standing(table, held, standing) if standing else _distinct(table, held)
    held = with_fields(f"(SELECT * EXCLUDE ({', '.join(PLACE)}) FROM {distinct})", nested, any_case=any_case)
    selected = ", ".join(map(quoted, (*table.schema.names, *nested)))
    opened.execute(f"CREATE VIEW {quoted(name)} AS SELECT {selected} FROM {held}")


def _distinct(table: LakeTable, held: str) -> str:
    """Each row once: of copies the one that was read first, then the one in the file with the smaller name.

    Which rows stay is found by a few small columns; the rows themselves are neither sorted nor held. Copies
    share their time, so that a filter on it reaches the files; but for those that name none.
    """
    if not table.identity:
        return held
    if "p_time_from_origin" not in table.schema.names:
        return _first(table, held, "", table.identity)
    timed = _first(table, held, "WHERE NOT p_time_from_origin", (table.time, *table.identity))
    timeless = _first(table, held, "WHERE p_time_from_origin", table.identity)
    return f"({timed} UNION ALL {timeless})"


def _standing(table: LakeTable, held: str, joined: str) -> str:
    """Of copies the one of the decision that the state names, since clocks may go back; of those that one
    decision holds, the earliest. Where no file is of that decision, the first that was decided stands in."""
    order = (f"{quoted(FILE_DECISION)} IS DISTINCT FROM {quoted(DECISION)}", quoted(FILE_DECISION))
    return _first(table, held, joined, table.identity, before=(*order, quoted(table.time)))


def _first(
    table: LakeTable, held: str, where: str, shared: Sequence[str], *, before: Sequence[str] = ()
) -> str:
    """Rows of which no other that shares these columns was read earlier; `before` is asked before that."""
    place = [name for name in (table.time,) if name in shared] + list(PLACE)
    times = [name for name in ("p_parse_time",) if name in table.schema.names]
    order = ", ".join((*before, *map(quoted, (*times, *PLACE))))
    first = (
        f"SELECT {', '.join(map(quoted, place))} FROM {held} {where} QUALIFY row_number() OVER "
        f"(PARTITION BY {', '.join(map(quoted, shared))} ORDER BY {order}) = 1"
    )
    return f"(SELECT whole.* FROM {held} whole JOIN ({first}) USING ({', '.join(map(quoted, place))}))"
