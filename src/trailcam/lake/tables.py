"""The tables of the lake and their columns: one table for each log type, and those of Trailcam's own."""

from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from trailcam.lake.names import column_names, identifying, scalars, table_name
from trailcam.model.logtype import LogType

TIME = pa.timestamp("us", tz="UTC")
"""All times of the lake: microseconds, UTC."""

TEXTS = pa.list_(pa.string())

_SCALARS = {
    "boolean": pa.bool_(),
    "int": pa.int64(),
    "bigint": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "timestamp": pa.string(),  # a vendor's time stays the vendor's text
}

_TIMES = ("p_event_time", "p_parse_time")

_STANDARD = {
    **dict.fromkeys(_TIMES, TIME),
    "p_schema_version": pa.int64(),
    "p_position": pa.int64(),
    "p_time_from_origin": pa.bool_(),
}


@dataclass(frozen=True, kw_only=True)
class LakeTable:
    """A table: partitioned by the day of its column `time`, sorted by it inside a file.

    `identity` are the columns that make two rows copies of one another, empty where there are no copies.
    """

    name: str
    schema: pa.Schema
    time: str
    identity: tuple[str, ...] = ()
    varied: frozenset[str] = field(default_factory=frozenset)
    """Columns whose values hardly repeat: a dictionary of them would only cost."""

    @cached_property
    def origin(self) -> str | None:
        """The column that names the origin of a row; None where rows have none."""
        return next((name for name in ("p_origin_id", "origin_id") if name in self.schema.names), None)

    @cached_property
    def dictionaries(self) -> list[str]:
        """The columns that are written with a dictionary, as Parquet names them."""
        return [_leaf(column) for column in self.schema if column.name not in self.varied]

    @cached_property
    def measured(self) -> list[str]:
        """The columns whose least and greatest value a file tells: of whole records they are of no use."""
        return [_leaf(column) for column in self.schema if column.name != "raw"]


def _leaf(column: pa.Field) -> str:
    return f"{column.name}.list.element" if pa.types.is_list(column.type) else str(column.name)


def event_table(log_type: LogType) -> LakeTable:
    """The table of a log type: the `p_*` columns, its declared scalars, the raw record."""
    declared = {column.name: _SCALARS.get(column.type, pa.string()) for column in scalars(log_type)}
    return LakeTable(
        name=table_name(log_type.name),
        schema=pa.schema([(name, declared.get(name, _type(name))) for name in column_names(log_type)]),
        time="p_event_time",
        identity=("p_row_id",),
        varied=frozenset({"p_row_id", "p_position", "raw", *_TIMES, *identifying(log_type)}),
    )


def _type(name: str) -> pa.DataType:
    """That of a column which every log type has."""
    if name.startswith("p_any_"):
        return TEXTS
    return _STANDARD.get(name, pa.string())


_MATCH = [
    ("rule_id", pa.string()),
    ("row_id", pa.string()),
    ("log_type", pa.string()),
    ("event_id", pa.string()),
    ("p_event_time", TIME),
    ("p_parse_time", TIME),
    ("origin_id", pa.string()),
    ("pack", pa.string()),
    ("severity", pa.string()),
]

MATCHES = LakeTable(
    name="matches",
    schema=pa.schema(
        [
            *_MATCH,
            ("title", pa.string()),
            ("dedup", pa.string()),
            ("period_minutes", pa.int64()),
            ("threshold", pa.int64()),
            ("create_alert", pa.bool_()),
            ("unique_value", pa.string()),
            ("description", pa.string()),
            ("reference", pa.string()),
            ("runbook", pa.string()),
            ("destinations", TEXTS),
            ("alert_context", pa.string()),
            ("enrichment", pa.string()),
            ("fallbacks", TEXTS),
            ("vanished", pa.bool_()),
        ]
    ),
    time="p_event_time",
    identity=("rule_id", "row_id"),
    varied=frozenset({"row_id", "event_id", "alert_context", *_TIMES}),
)

RULE_ERRORS = LakeTable(
    name="rule_errors",
    schema=pa.schema(
        [
            *_MATCH,
            ("function", pa.string()),
            ("error_class", pa.string()),
            ("error", pa.string()),
            ("message", pa.string()),
        ]
    ),
    time="p_event_time",
    identity=("rule_id", "row_id", "function"),
    varied=frozenset({"row_id", "event_id", *_TIMES}),
)

DEAD_LETTERS = LakeTable(
    name="dead_letters",
    schema=pa.schema(
        [
            ("p_parse_time", TIME),
            ("origin_id", pa.string()),
            ("origin_name", pa.string()),
            ("position", pa.int64()),
            ("size_bytes", pa.int64()),
            ("reason", pa.string()),
            ("detail", pa.string()),
            ("raw", pa.binary()),
        ]
    ),
    time="p_parse_time",
    varied=frozenset({"position", "raw", *_TIMES}),
)

ALERTS = LakeTable(
    name="alerts",
    schema=pa.schema(
        [
            ("alert_id", pa.string()),
            ("revision", pa.int64()),
            ("rule_id", pa.string()),
            ("kind", pa.string()),
            ("title", pa.string()),
            ("severity", pa.string()),
            ("dedup", pa.string()),
            ("status", pa.string()),
            ("window_start", TIME),
            ("window_end", TIME),
            ("matches", pa.int64()),
            ("opened_at", TIME),
            ("updated_at", TIME),
            ("merged_into", pa.string()),
        ]
    ),
    time="window_start",
    identity=("alert_id", "revision"),
)

RUNS = LakeTable(
    name="runs",
    schema=pa.schema(
        [
            ("run_id", pa.string()),
            ("started_at", TIME),
            ("finished_at", TIME),
            ("version", pa.string()),
            ("pack", pa.string()),
            ("rules", pa.int64()),
            ("paths", TEXTS),
            ("summary", pa.string()),
            ("kind", pa.string()),
        ]
    ),
    time="started_at",
    identity=("run_id",),
)

OWN = {table.name: table for table in (MATCHES, RULE_ERRORS, DEAD_LETTERS, ALERTS, RUNS)}
"""The tables that do not belong to a log type, by name."""
