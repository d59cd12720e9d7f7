"""Alerts for a person: a list of them, and one with its history and its matches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from trailcam.alerts import read
from trailcam.alerts.read import Wanted
from trailcam.app.home import Home
from trailcam.commit import tables as t
from trailcam.commit.windows import stored, window_row
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.alert import Alert, AlertEvent
from trailcam.model.match import Match, RuleError
from trailcam.model.timestamps import MINUTE, Micros, parse

_MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Some alerts, the newest windows first, and how many there are of their kind."""

    alerts: Sequence[Alert]
    all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An alert, what happened to it, and what it stands for, both oldest first."""

    alert: Alert
    history: Sequence[AlertEvent]
    matches: Sequence[Match | RuleError]
    """Empty when its window is gone, or is another alert's by now."""


def list_alerts(home: Home, wanted: Wanted, *, most: int | None = None) -> Listed:
    """The alerts that fit; `most` of them."""
    with home.database.read() as state:
        return Listed(alerts=read.listed(state, wanted, most=most), all=read.counted(state, wanted))


def show_alert(home: Home, name: str) -> Shown:
    """The alert with this id, or with the only id that begins so.

    Raises:
        TrailcamError: TC0609 there is none, or several.
    """
    with home.database.read() as state:
        found = read.find(state, name, most=_MOST_CANDIDATES + 1)
        if not found:
            message = f'no id of an alert is "{name}" or begins so'
            raise TrailcamError(Problem(code=code("no_such_alert"), message=message))
        if len(found) > 1:
            ids = [alert.id for alert in found[:_MOST_CANDIDATES]]
            more = " and more" if len(found) > _MOST_CANDIDATES else ""
            message = f'several ids of alerts begin with "{name}"'
            hint = f"name one of {', '.join(ids)}{more}"
            raise TrailcamError(Problem(code=code("no_such_alert"), message=message, hint=hint))
        (alert,) = found
        return Shown(alert=alert, history=read.history(state, alert.id), matches=_matches(state, alert))


def moment(text: str) -> Micros:
    """The instant that a date (its first moment) or a time names, both UTC when they name no zone.

    Raises:
        TrailcamError: TC0104 it is neither.
    """
    instant = parse(text if len(text) > len("2026-03-01") else f"{text}T00:00:00Z")
    if instant is None:
        message = f'a time is written as 2026-03-01 or 2026-03-01T10:00:00Z; found "{text}"'
        raise TrailcamError(
            Problem(code=code("bad_option"), message=message, hint="see trailcam alerts --help")
        )
    return instant


def _matches(state: Connection, alert: Alert) -> list[Match | RuleError]:
    found: list[Match | RuleError] = []
    for window in state.execute(_windows(alert)):
        if window.alert_id not in (None, alert.id):
            continue
        row = window_row(window)
        found += [item for item, _ in stored(state, row.key, row.start, row.end, whole=True)]
    return sorted(found, key=lambda item: (item.event_time, item.row_id, getattr(item, "function", "")))


def _windows(alert: Alert) -> Select[Any]:
    """The windows whose matches are the alert's: its own, or those that a storm stands for."""
    w = t.window.c
    key = alert.key
    chosen = select(t.window).where(w.rule_id == key.rule_id)
    if key.kind == "storm":
        hour = (alert.window_start, alert.window_start + 60 * MINUTE)
        return chosen.where(w.suppressed.is_(True), w.start >= hour[0], w.start < hour[1])
    return chosen.where(
        w.dedup == key.dedup,
        w.period_minutes == key.period_minutes,
        w.threshold == key.threshold,
        w.kind == key.kind,
        w.start == alert.window_start,
    )
