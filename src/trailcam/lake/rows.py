"""Turns what came of the line into columns of the lake's tables; every value fits, whatever a log holds."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa

from trailcam.lake.names import scalars
from trailcam.lake.tables import DEAD_LETTERS, MATCHES, RULE_ERRORS, LakeTable
from trailcam.model.batch import EventBatch
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import LogType
from trailcam.model.match import Match, RuleError
from trailcam.model.text import storable
from trailcam.model.timestamps import Micros

_LEAST_INT, _MOST_INT = -(1 << 63), (1 << 63) - 1


def events(batch: EventBatch, table: LakeTable, log_type: LogType) -> pa.Table:
    """A batch as rows of its log type's table.

    A declared scalar that a record holds in another type is its JSON text in a column of text, and null in
    any other column: `raw` has it as it was.
    """
    n = len(batch)
    origins = batch.origins
    columns: dict[str, Sequence[Any] | pa.Array] = {
        "p_event_time": batch.event_time,
        "p_parse_time": [batch.parse_time] * n,
        "p_log_type": [batch.log_type] * n,
        "p_row_id": batch.row_id,
        "p_schema_version": [batch.schema_version] * n,
        "p_source_id": [origins[at].source_id for at in batch.origin],
        "p_source_label": [origins[at].source_label for at in batch.origin],
        "p_source_file": [storable(origins[at].name) for at in batch.origin],
        "p_origin_id": [origins[at].id for at in batch.origin],
        "p_position": batch.position,
        "p_time_from_origin": batch.time_from_origin,
        "raw": pa.array(batch.raw, pa.binary()).cast(pa.string()),
    }
    for name in table.schema.names:
        if name.startswith("p_any_"):
            columns[name] = [found.get(name) for found in batch.indicators]
    held = log_type.value if log_type.any_case else dict.get
    for column in scalars(log_type):
        fit = _FITS[column.type]
        columns[column.name] = [fit(held(values, column.name)) for values in batch.values]
    return _table(table, columns)


def matches(
    found: Sequence[tuple[Match, str]], *, parse_time: Micros, pack: str, vanished: bool = False
) -> pa.Table:
    """(match, origin id) as rows."""
    return _table(
        MATCHES,
        {
            **_common(found, parse_time, pack),
            "title": [match.title for match, _ in found],
            "dedup": [match.dedup for match, _ in found],
            "period_minutes": [match.period_minutes for match, _ in found],
            "threshold": [match.threshold for match, _ in found],
            "create_alert": [match.create_alert for match, _ in found],
            "unique_value": [match.unique for match, _ in found],
            "description": [match.description for match, _ in found],
            "reference": [match.reference for match, _ in found],
            "runbook": [match.runbook for match, _ in found],
            "destinations": [match.destinations for match, _ in found],
            "alert_context": [match.alert_context for match, _ in found],
            "enrichment": [match.enrichment for match, _ in found],
            "fallbacks": [[f"{name}: {error}" for name, error in match.fallbacks] for match, _ in found],
            "vanished": [vanished] * len(found),
        },
    )


def rule_errors(found: Sequence[tuple[RuleError, str]], *, parse_time: Micros, pack: str) -> pa.Table:
    """(error, origin id) as rows."""
    return _table(
        RULE_ERRORS,
        {
            **_common(found, parse_time, pack),
            "function": [error.function for error, _ in found],
            "error_class": [error.error_class for error, _ in found],
            "error": [error.error for error, _ in found],
            "message": [error.message for error, _ in found],
        },
    )


def dead_letters(letters: Sequence[DeadLetter], *, parse_time: Micros) -> pa.Table:
    """Dead letters as rows, whole."""
    return _table(
        DEAD_LETTERS,
        {
            "p_parse_time": [parse_time] * len(letters),
            "origin_id": [letter.origin_id for letter in letters],
            "origin_name": [storable(letter.origin_name) for letter in letters],
            "position": [letter.position for letter in letters],
            "size_bytes": [letter.size_bytes for letter in letters],
            "reason": [letter.reason for letter in letters],
            "detail": [storable(letter.detail) for letter in letters],
            "raw": [letter.raw for letter in letters],
        },
    )


def records(table: LakeTable, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Dicts as rows of a table."""
    rows = list(rows)
    return _table(table, {name: [row[name] for row in rows] for name in table.schema.names})


def _common(
    found: Sequence[tuple[Match, str]] | Sequence[tuple[RuleError, str]], parse_time: Micros, pack: str
) -> dict[str, Sequence[Any]]:
    n = len(found)
    return {
        "rule_id": [item.rule_id for item, _ in found],
        "row_id": [item.row_id for item, _ in found],
        "log_type": [item.log_type for item, _ in found],
        "event_id": [item.event_id for item, _ in found],
        "p_event_time": [item.event_time for item, _ in found],
        "p_parse_time": [parse_time] * n,
        "origin_id": [origin for _, origin in found],
        "pack": [pack] * n,
        "severity": [item.severity.name for item, _ in found],
    }


def _table(table: LakeTable, columns: dict[str, Sequence[Any] | pa.Array]) -> pa.Table:
    arrays = []
    for field in table.schema:
        values = columns[field.name]
        arrays.append(values if isinstance(values, pa.Array) else _array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(value: Any) -> int | None:
    fits = type(value) is int and _LEAST_INT <= value <= _MOST_INT
    return value if fits else None


def _number(value: Any) -> float | None:
    if type(value) is not int and type(value) is not float:
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_FITS: dict[str, Callable[[Any], Any]] = {
    "boolean": _truth,
    "int": _whole,
    "bigint": _whole,
    "float": _number,
    "string": _text,
    "timestamp": _text,
}
