"""The page of tables: what `trailcam query` can name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from trailcam.app.reference.log_types import type_of
from trailcam.app.reference.markdown import anchor, bullets, head, page, table
from trailcam.lake.names import EVENTS
from trailcam.lake.tables import ALERTS, DEAD_LETTERS, MATCHES, OWN, RULE_ERRORS, RUNS, LakeTable, event_table
from trailcam.model.logtype import LogType
from trailcam.model.standard_fields import STANDARD_FIELDS
from trailcam.query.kept import EVENT_COLUMNS
from trailcam.query.lake import SQL_TYPES
from trailcam.query.views import only_in_raw

_EVENT = {
    **STANDARD_FIELDS,
    "p_origin_id": "Identity of the file or object it lay in.",
    "p_position": "Byte of the unpacked file at which the record begins.",
    "p_time_from_origin": "Whether the record names no time, so that `p_event_time` is that of its origin.",
    "raw": "The record as the vendor wrote it.",
}

_FOUND = {
    "rule_id": "The rule.",
    "row_id": "The event: its `p_row_id`.",
    "log_type": "The event's log type.",
    "event_id": "The vendor's id of the event.",
    "p_event_time": "When the event happened. UTC.",
    "p_parse_time": "When Trailcam read the copy that was first. UTC.",
    "origin_id": "The origin of that copy.",
    "pack": "Version of the pack that was run.",
    "severity": "INFO, LOW, MEDIUM, HIGH or CRITICAL.",
}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    MATCHES.name: {
        **_FOUND,
        "title": "What the rule's `title` gave.",
        "dedup": "What the matches of a window share.",
        "period_minutes": "Length of the rule's windows.",
        "threshold": "How many matches a window needs for an alert.",
        "create_alert": "Whether the rule opens alerts at all.",
        "unique_value": "What the rule's `unique` gave: windows count distinct ones.",
        "description": "What the rule's `description` gave.",
        "reference": "What the rule's `reference` gave.",
        "runbook": "What the rule's `runbook` gave.",
        "destinations": "Where its alert goes: null is the default, an empty list is nowhere.",
        "alert_context": "What the rule's `alert_context` gave, as JSON text.",
        "enrichment": "What lookup tables said of the event, its `p_enrichment` as JSON text.",
        "fallbacks": "Functions that failed, each with its error, and were answered by their fallback.",
        "vanished": "A correlation rule does not say it any more; a later row may say it again.",
    },
    RULE_ERRORS.name: {
        **_FOUND,
        "function": "The function that failed.",
        "error_class": "Class of the exception.",
        "error": "The exception as Python writes it.",
        "message": "Its text, and the place that raised it.",
    },
    DEAD_LETTERS.name: {
        "p_parse_time": "When Trailcam met it. UTC.",
        "origin_id": "The origin it lies in.",
        "origin_name": "The name of that origin.",
        "position": "Byte of the unpacked origin at which it begins, -1 where that is not known.",
        "size_bytes": "How long it is.",
        "reason": "An [error code](errors.md).",
        "detail": "The reason in words.",
        "raw": "Its bytes; the first of them where `size_bytes` is more.",
    },
    ALERTS.name: {
        "alert_id": "Its id, never used again.",
        "revision": "How often it was written.",
        "rule_id": "The rule.",
        "kind": "What its window gathers: matches, errors of a rule, or a storm of windows.",
        "title": "What the first match is titled.",
        "severity": "INFO, LOW, MEDIUM, HIGH or CRITICAL.",
        "dedup": "What the matches of its window share.",
        "status": "open, triaged, resolved, closed, retracted or merged.",
        "window_start": "Where its window begins. UTC.",
        "window_end": "Where its window ends. UTC.",
        "matches": "How many matches its window has.",
        "opened_at": "When it was opened. UTC.",
        "updated_at": "When it was written last. UTC.",
        "merged_into": "The alert that has taken over its window.",
    },
    RUNS.name: {
        "run_id": "Its id.",
        "started_at": "When it began. UTC.",
        "finished_at": "When it ended; null while it goes on, or when it was ended from outside. UTC.",
        "version": "Version of Trailcam.",
        "pack": "Version of the pack that was run.",
        "rules": "How many rules were run.",
        "paths": "What it was told to read.",
        "summary": "What `--summary json` prints, as JSON text.",
        "kind": "run, live, backfill or retry.",
    },
}
"""A sentence for each column of the tables that do not belong to a log type."""

_HOLDS = {
    MATCHES.name: "A rule said yes to an event: one row for each of both.",
    RULE_ERRORS.name: "A rule failed on an event: one row for each of both and the function that failed.",
    DEAD_LETTERS.name: "What could not be read: one row for each stretch.",
    ALERTS.name: "Alerts as they stand now: one row for each.",
    RUNS.name: "Runs: one row for each.",
}


def tables(known: Sequence[LogType]) -> str:
    """The page of tables: a section for each with its columns."""
    lines = head(
        "Tables",
        "For those who ask with `trailcam query`: which tables there are, and what their columns hold.",
        "Everything that is decided is in them, published or not, and each row once.",
        "`SHOW TABLES` lists them, `DESCRIBE` shows the columns of one.",
    )
    names = [EVENTS, *OWN, *(event_table(each).name for each in known)]
    lines += bullets(f"[{name}](#{anchor(name)})" for name in names)
    lines += [f"## {EVENTS}", "", "Events of all log types: the columns that all of them have.", ""]
    some = event_table(known[0])
    lines += _columns((name, _type(some, name), _EVENT[name]) for name in EVENT_COLUMNS)
    for own in OWN.values():
        lines += [f"## {own.name}", "", _HOLDS[own.name], ""]
        lines += _columns((name, _type(own, name), COLUMNS[own.name][name]) for name in own.schema.names)
    for log_type in known:
        lines += _events(log_type)
    return page(lines)


def _events(log_type: LogType) -> Iterator[str]:
    held = event_table(log_type)
    yield from (f"## {held.name}", "", f'Events of `{log_type.name}`; `"{log_type.name}"` names it too.')
    yield f"Beside these columns it has those of [{EVENTS}](#{EVENTS})."
    yield "A JSON column is taken out of `raw`; of a key that is given twice it has the last value."
    yield ""
    columns = set(held.schema.names)
    inside = set(only_in_raw(log_type))
    yield from _columns(
        (
            field.name,
            _type(held, field.name) if field.name in columns else f"JSON, {type_of(field)}",
            field.description,
        )
        for field in log_type.fields
        if field.name in columns or field.name in inside
    )


def _type(held: LakeTable, column: str) -> str:
    return SQL_TYPES[held.schema.field(column).type]


def _columns(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    return table(("column", "type", "holds"), ((f"`{name}`", kind, holds) for name, kind, holds in rows))
