"""Reads alerts and their history out of the state."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from trailcam.alerts.tables import alert, alert_history
from trailcam.model.alert import Alert, AlertEvent, Status
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros
from trailcam.model.window import WindowKey


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


def find(connection: Connection, prefix: str) -> list[Alert]:
    """The alerts whose ids begin so, in any case."""
    rows = connection.execute(
        select(alert).where(alert.c.id.startswith(prefix.upper(), autoescape=True)).order_by(alert.c.id)
    )
    return [alert_of(row) for row in rows]


def listed(
    connection: Connection,
    *,
    statuses: Sequence[Status] = (),
    rule_ids: Sequence[str] = (),
    least: Severity = Severity.INFO,
    most: int | None = None,
) -> list[Alert]:
    """Alerts, the newest windows first; `most` of them."""
    chosen = select(alert).where(alert.c.severity >= int(least))
    if statuses:
        chosen = chosen.where(alert.c.status.in_([status.value for status in statuses]))
    if rule_ids:
        chosen = chosen.where(alert.c.rule_id.in_(rule_ids))
    chosen = chosen.order_by(alert.c.window_start.desc(), alert.c.id.desc()).limit(most)
    return [alert_of(row) for row in connection.execute(chosen)]


def history(connection: Connection, alert_id: str) -> list[AlertEvent]:
    """What happened to an alert, oldest first."""
    rows = connection.execute(
        select(alert_history).where(alert_history.c.alert_id == alert_id).order_by(alert_history.c.number)
    )
    return [
        AlertEvent(alert_id=row.alert_id, number=row.number, at=Micros(row.at), what=row.what, why=row.why)
        for row in rows
    ]
