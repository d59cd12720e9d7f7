"""How the tables of the lake and their columns are called, without the library that writes them."""

import re

from trailcam.model.logtype import Field, LogType
from trailcam.model.standard_fields import STANDARD_FIELDS

OWN_NAMES = ("matches", "rule_errors", "dead_letters", "alerts", "runs")
"""The tables that do not belong to a log type."""

EVENTS = "events"
"""The name by which queries ask for the events of all log types; no table has it."""

PLACE = ("filename", "file_row_number")
"""Where a row lies, as DuckDB calls it when it reads files: no column of theirs can be named so."""


def table_name(log_type: str) -> str:
    """The name of a log type's table, as Panther makes it.

    >>> table_name("AWS.CloudTrail")
    'aws_cloudtrail'
    """
    return re.sub(r"[^a-z0-9]+", "_", log_type.lower())


def column_names(log_type: LogType) -> list[str]:
    """The columns of a log type's table: the `p_*` columns, its declared scalars, the raw record."""
    declared = [column.name for column in scalars(log_type)]
    return [*STANDARD_FIELDS, "p_origin_id", "p_position", "p_time_from_origin", *declared, "raw"]


def scalars(log_type: LogType) -> list[Field]:
    """The fields of a log type that have a column, its vendor id and what tells its updates apart always."""
    always = identifying(log_type)
    return [column for column in log_type.fields if column.column or column.name in always]


def identifying(log_type: LogType) -> set[str]:
    """The columns that tell its records, or the updates of one, apart."""
    return {name for name in (log_type.identity, log_type.revision) if name is not None}
