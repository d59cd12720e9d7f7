"""What may be asked: one statement that reads, from tables that there are."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from trailcam.query.refusals import refused, told

_COMPUTING = frozenset(
    {
        "duckdb_columns", "duckdb_functions", "duckdb_keywords", "duckdb_tables", "duckdb_types",
        "generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest",
    }
)  # fmt: skip
"""Functions that give rows, and that a query may use: none of them reaches out of the connection."""

_TELLING = frozenset(
    {
        "current_setting", "getenv", "getvariable", "json_serialize_plan", "pg_get_constraintdef",
        "pg_get_expr", "pg_get_viewdef", "write_log",
    }
)  # fmt: skip
"""Functions that give a value which is not computed: settings, paths of this machine, the plan of a text."""

CATALOG = frozenset({"columns", "duckdb_columns", "duckdb_tables", "duckdb_types", "schemata", "tables"})
"""What DuckDB has under these names tells what there is, and nothing of this machine."""

_READING = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""The parts a query may be made of. A COPY or an INSERT can stand inside of a SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A statement that may be answered."""

    statement: duckdb.Statement
    tables: frozenset[str]
    """The names it reads from, in lower case, but for those that it makes itself."""
    perhaps: frozenset[str]
    """Names that it makes itself: inside of what makes them, they may be those of tables."""
    lists: bool
    """It asks which tables there are."""


def asked(opened: duckdb.DuckDBPyConnection, sql: str) -> Asked:
    """The statement that a text holds.

    Raises:
        TrailcamError: TC0608 it holds another number of them, or one that does more than read.
    """
    with told():
        statements = opened.extract_statements(sql)
    if len(statements) != 1:
        found = "no statement" if not statements else f"{len(statements)} statements"
        raise refused(f"one SELECT statement is expected, not {found}")
    statement = statements[0]
    if statement.type != duckdb.StatementType.SELECT:
        if re.match(r"\s*PIVOT\b", sql, re.IGNORECASE):
            hint = 'write them behind IN: "PIVOT t ON c IN (...)"'
            raise refused("a PIVOT must name its values", hint=hint)
        raise refused(f"one SELECT statement is expected, not {statement.type.name}")
    parts = list(_parts(_tree(opened, sql)))
    functions = {
        str(part["function"].get("function_name", "")).lower() for part in _of(parts, "TABLE_FUNCTION")
    }
    _check(parts, functions)
    tables = frozenset(str(part["table_name"]).lower() for part in _of(parts, "BASE_TABLE"))
    own = {str(each["key"]).lower() for part in parts for each in part.get("cte_map", {}).get("map", ())}
    for name in sorted(own):
        if "." in name:  # where it is out of reach, DuckDB would look for a file
            raise refused(f'a query cannot make a table named "{name}"')
    return Asked(
        statement=statement,
        tables=tables - own,
        perhaps=tables & own,
        lists=bool(_of(parts, "SHOW_REF")) or any(name.startswith("duckdb_") for name in functions),
    )


def _tree(opened: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The statement as DuckDB has parsed it."""
    with told():
        (written,) = opened.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0]
    try:
        tree = json.loads(written)
    except RecursionError:
        raise refused("the statement is nested too deeply") from None
    if tree["error"]:
        raise refused(str(tree["error_message"]))
    return tree


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a tree."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending += part
        elif isinstance(part, dict):
            yield part
            pending += part.values()


def _of(parts: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [part for part in parts if part.get("type") == kind]


def _check(parts: Sequence[dict[str, Any]], functions: set[str]) -> None:
    """Refuses parts that write, and functions that could read what is not kept here."""
    for part in parts:
        kind = part.get("type")
        if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _READING:
            what = kind.split("_")[0]
            raise refused(f"{what} is not for queries: nothing that is kept is changed by one")
    for name in sorted(functions - _COMPUTING):
        hint = "name a table; `SHOW TABLES` lists them"
        raise refused(f"the function {name} is not for queries", hint=hint)
    for name in sorted(_TELLING & {str(part.get("function_name", "")).lower() for part in parts}):
        raise refused(
            f"the function {name} is not for queries: it tells of this machine, not of what is kept"
        )
