"""Reads alerts and their history out of the state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from trailcam.alerts.tables import alert, alert_history
from trailcam.model.alert import Alert, AlertEvent, Status
from trailcam.model.severity import Severity
from trailcam.model.text import storable
from trailcam.model.timestamps import Micros
from trailcam.model.window import WindowKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which alerts: those that fit all of it. Empty sequences and None leave nothing out."""

    statuses: Sequence[Status] = ()
    rules: Sequence[str] = ()
    """Ids of rules, in which `*` is any text."""
    least: Severity = Severity.INFO
    since: Micros | None = None
    """Alerts whose windows end later."""


def alert_of(row: Any) -> Alert:
    """A row of the table as read."""
    return Alert(
        id=row.id,
        key=WindowKey(row.rule_id, row.dedup, row.period_minutes, row.threshold, row.kind),
        title=row.title,
        severity=Severity(row.severity),
        status=Status(row.status),
        window_start=Micros(row.window_start),
        window_end=Micros(row.window_end),
        matches=row.matches,
        opened_at=Micros(row.opened_at),
        updated_at=Micros(row.updated_at),
        merged_into=row.merged_into,
        revision=row.revision,
    )


def find(connection: Connection, prefix: str, *, most: int | None = None) -> list[Alert]:
    """The alerts whose ids begin so, in any case; `most` of them."""
    begins = alert.c.id.startswith(storable(prefix).upper(), autoescape=True)
    rows = connection.execute(select(alert).where(begins).order_by(alert.c.id).limit(most))
    return [alert_of(row) for row in rows]


def listed(connection: Connection, wanted: Wanted, *, most: int | None = None) -> list[Alert]:
    """Alerts, the newest windows first; `most` of them."""
    chosen = select(alert).where(*_fits(wanted))
    chosen = chosen.order_by(alert.c.window_start.desc(), alert.c.id.desc()).limit(most)
    return [alert_of(row) for row in connection.execute(chosen)]


def counted(connection: Connection, wanted: Wanted) -> int:
    """How many alerts there are."""
    return connection.execute(select(func.count()).select_from(alert).where(*_fits(wanted))).scalar_one()


def history(connection: Connection, alert_id: str) -> list[AlertEvent]:
    """What happened to an alert, oldest first."""
    rows = connection.execute(
        select(alert_history).where(alert_history.c.alert_id == alert_id).order_by(alert_history.c.number)
    )
    return [
        AlertEvent(alert_id=row.alert_id, number=row.number, at=Micros(row.at), what=row.what, why=row.why)
        for row in rows
    ]


def _fits(wanted: Wanted) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = [alert.c.severity >= int(wanted.least)]
    if wanted.statuses:
        fits.append(alert.c.status.in_([status.value for status in wanted.statuses]))
    if wanted.rules:
        fits.append(or_(*(alert.c.rule_id.op("GLOB")(_glob(rule)) for rule in wanted.rules)))
    if wanted.since is not None:
        fits.append(alert.c.window_end > wanted.since)
    return fits


def _glob(rule: str) -> str:
    """A pattern as SQLite reads it, in which nothing but `*` is more than itself."""
    return "".join(f"[{char}]" if char in "[?" else char for char in storable(rule))
