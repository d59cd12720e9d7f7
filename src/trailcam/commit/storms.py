"""Lets one window stand for a rule's alerts past its hourly limit, as `pipeline.storm` has it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Connection, delete, func, select, union

from trailcam.commit import tables as t
from trailcam.commit.windows import Change, Row, window_row, write_windows
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.model.window import Window
from trailcam.pipeline.storm import ALERTS_PER_HOUR, limit_storms

_HOUR = 60 * MINUTE


@dataclass(slots=True)
class Settled:
    """What storms did to windows."""

    suppressed: dict[str, Row] = field(default_factory=dict)
    """Alerts of windows that a storm stands for now, to the storm's window."""
    changed: list[Row] = field(default_factory=list)
    """Windows that an alert is to stand for now, or not any more; storms among them."""
    gone: list[Row] = field(default_factory=list)
    """Storms that are over."""


def settle_storms(connection: Connection, changes: Iterable[Change], decision_id: int) -> Settled:
    """Looks at every hour in which a window has changed, rule by rule."""
    hours = {
        (row.key.rule_id, Micros(row.start - row.start % _HOUR))
        for change in changes
        for row in {*change.before, *change.after}
        if row.qualifies
    }
    settled = Settled()
    for rule_id, hour in sorted(hours):
        if _count(connection, rule_id, hour) > ALERTS_PER_HOUR or _storms(connection, rule_id, hour):
            _settle(connection, rule_id, hour, decision_id, settled)
    return settled


def _settle(connection: Connection, rule_id: str, hour: Micros, decision_id: int, settled: Settled) -> None:
    rows = {(row.key, row.start): row for row in _windows(connection, rule_id, hour) if row.qualifies}
    was = _storms(connection, rule_id, hour)
    windows = limit_storms((_as_window(row) for row in rows.values()), limit=ALERTS_PER_HOUR)
    storm = next((window for window in windows if window.key.kind == "storm"), None)
    changed = []
    merged = []
    for window in windows:
        row = rows.get((window.key, window.start))
        if row is None:
            continue
        if not window.qualifies and row.alert_id is not None:
            merged.append(row.alert_id)
        now = replace(row, suppressed=not window.qualifies)
        if now.suppressed:
            now = replace(now, alert_id=None)
        if now != row:
            changed.append(now)
    write_windows(connection, changed)
    settled.changed += changed
    if storm is not None:
        stands = _storm_row(storm, was[0] if was else None, decision_id)
        stands = replace(stands, matches=_rows_of_storm(connection, rule_id, hour))
        write_windows(connection, [stands])
        settled.changed.append(stands)
        settled.suppressed |= dict.fromkeys(merged, stands)
    elif was:
        connection.execute(
            delete(t.window).where(
                t.window.c.rule_id == rule_id, t.window.c.kind == "storm", t.window.c.start == hour
            )
        )
        settled.gone += was


def _count(connection: Connection, rule_id: str, hour: Micros) -> int:
    return (
        connection.execute(
            select(func.count())
            .select_from(t.window)
            .where(*_in_hour(rule_id, hour), t.window.c.qualifies.is_(True))
        ).scalar()
        or 0
    )


def _windows(connection: Connection, rule_id: str, hour: Micros) -> list[Row]:
    return [window_row(row) for row in connection.execute(select(t.window).where(*_in_hour(rule_id, hour)))]


def _storms(connection: Connection, rule_id: str, hour: Micros) -> list[Row]:
    found = select(t.window).where(
        t.window.c.rule_id == rule_id, t.window.c.start == hour, t.window.c.kind == "storm"
    )
    return [window_row(row) for row in connection.execute(found)]


def _in_hour(rule_id: str, hour: Micros) -> tuple[ColumnElement[bool], ...]:
    c = t.window.c
    return (c.rule_id == rule_id, c.start >= hour, c.start < hour + _HOUR, c.kind != "storm")


def _rows_of_storm(connection: Connection, rule_id: str, hour: Micros) -> int:
    """How many events the windows hold that the storm stands for."""
    w = t.window.c
    suppressed = (*_in_hour(rule_id, hour), w.suppressed.is_(True))
    matches = select(t.match.c.row_id).join(
        t.window,
        (w.rule_id == t.match.c.rule_id)
        & (w.dedup == t.match.c.dedup)
        & (w.period_minutes == t.match.c.period_minutes)
        & (w.threshold == t.match.c.threshold)
        & (w.kind == "match")
        & (w.start == t.match.c.window_start),
    )
    errors = select(t.rule_error.c.row_id).join(
        t.window,
        (w.rule_id == t.rule_error.c.rule_id)
        & (w.dedup == t.rule_error.c.error_class)
        & (w.kind == "error")
        & (w.start == t.rule_error.c.window_start),
    )
    every = union(matches.where(*suppressed), errors.where(*suppressed)).subquery()
    return connection.execute(select(func.count()).select_from(every)).scalar() or 0


def _as_window(row: Row) -> Window:
    return Window(
        key=row.key,
        start=row.start,
        end=row.end,
        title=row.title,
        severity=row.severity,
        row_ids=(row.first_row,),
        qualifies=row.qualifies,
    )


def _storm_row(storm: Window, was: Row | None, decision_id: int) -> Row:
    return Row(
        key=storm.key,
        start=storm.start,
        end=storm.end,
        title=storm.title,
        severity=storm.severity,
        highest=storm.severity,
        first_row=storm.row_ids[0],
        last=(storm.end, "", ""),
        matches=0,
        qualifies=True,
        alone=True,
        decision_id=was.decision_id if was else decision_id,
        alert_id=was.alert_id if was else None,
    )
