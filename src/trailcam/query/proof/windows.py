"""Windows against the cutting of all matches anew; alerts against windows and their own history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select

from trailcam.alerts.tables import alert, alert_history
from trailcam.commit import tables as t
from trailcam.commit.windows import Row as WindowRow
from trailcam.commit.windows import error_item, match_item, window_row
from trailcam.model.alert import Status
from trailcam.model.window import WindowKey
from trailcam.pipeline.storm import limit_storms
from trailcam.pipeline.window import Item, cut

_LIVE = frozenset(Status) - {Status.RETRACTED, Status.MERGED}


@dataclass(slots=True)
class Bound:
    """What stands in the state."""

    matches: int = 0
    windows: int = 0
    qualifying: int = 0
    alerts: int = 0
    missing: list[str] = field(default_factory=list)


def windows(state: Connection) -> Bound:
    """Whether the windows are those of cutting all matches anew, and each that qualifies has one alert, which
    says what it says."""
    bound = Bound()
    rules = sorted(
        {
            *state.execute(select(t.match.c.rule_id).distinct()).scalars(),
            *state.execute(select(t.rule_error.c.rule_id).distinct()).scalars(),
            *state.execute(select(t.window.c.rule_id).distinct()).scalars(),
        }
    )
    live = {row.id: row for row in state.execute(select(alert)) if row.status in _LIVE}
    for rule_id in rules:
        items: list[Item] = [
            match_item(row) for row in state.execute(select(t.match).where(t.match.c.rule_id == rule_id))
        ]
        bound.matches += len(items)
        errors = select(t.rule_error).where(t.rule_error.c.rule_id == rule_id)
        items += [error_item(row) for row in state.execute(errors)]
        kept = select(t.window).where(t.window.c.rule_id == rule_id)
        rows = [window_row(row) for row in state.execute(kept)]
        bound.windows += len(rows)
        bound.qualifying += sum(row.alerts for row in rows)
        bound.missing += _differences(rule_id, items, rows)
        bound.missing += _alerts(rule_id, rows, live, bound)
    if live:
        bound.missing.append(f"{len(live):,} alerts stand without a window: {min(live)}")
    bound.missing += _histories(state)
    return bound


def _differences(rule_id: str, items: Sequence[Item], rows: Sequence[WindowRow]) -> Iterator[str]:
    """In words, where the windows of a rule are not as its matches cut them."""
    fresh = {
        (w.key, w.start): (w.end, w.title, w.severity, w.row_ids[0], len(w.row_ids), w.qualifies)
        for w in limit_storms(cut(items))
    }
    kept = {
        (row.key, row.start): (row.end, row.title, row.severity, row.first_row, row.matches, row.alerts)
        for row in rows
    }
    differing = sum(kept.get(place) != fresh.get(place) for place in fresh.keys() | kept.keys())
    if differing:
        yield f"{rule_id}: {differing:,} windows are not as its matches cut them"


def _alerts(
    rule_id: str, rows: Sequence[WindowRow], live: dict[str, Row[Any]], bound: Bound
) -> Iterator[str]:
    """In words, which windows of a rule lack their alert, and which alerts do not say what their windows do;
    takes the alerts that it finds out of `live`."""
    without = 0
    differing = []
    for row in rows:
        its = live.pop(row.alert_id, None) if row.alert_id is not None else None
        if its is None:
            without += row.alerts
            continue
        bound.alerts += 1
        key = WindowKey(its.rule_id, its.dedup, its.period_minutes, its.threshold, its.kind)
        says = (key, its.title, its.window_start, its.window_end, its.matches)
        # an alert's severity only rises: it may be above all that its window holds by now
        if says != (row.key, row.title, row.start, row.end, row.matches) or its.severity < row.highest:
            differing.append(its.id)
    if without:
        yield f"{rule_id}: {without:,} windows that qualify have no alert of their own"
    if differing:
        yield f"{rule_id}: {len(differing):,} alerts are not as their windows are: {min(differing)}"


def _histories(state: Connection) -> Iterator[str]:
    """Every alert was opened, and what ended it stands in its history too."""
    h = alert_history.c
    lasts: Mapping[str, str] = {Status.MERGED: "merged", Status.RETRACTED: "retracted"}
    for status, what in [(None, "opened"), *lasts.items()]:
        said = select(h.alert_id).where(h.alert_id == alert.c.id, h.what == what)
        chosen = select(func.count(), func.min(alert.c.id)).where(~said.exists())
        if status is not None:
            chosen = chosen.where(alert.c.status == status)
        count, example = state.execute(chosen).one()
        if count:
            yield f"{count:,} alerts whose history does not say that they were {what}: {example}"
    numbers = (
        select(h.alert_id)
        .group_by(h.alert_id)
        .having((func.count() != func.max(h.number)) | (func.min(h.number) != 1))
        .subquery()
    )
    count, example = state.execute(select(func.count(), func.min(numbers.c.alert_id))).one()
    if count:
        yield f"{count:,} alerts whose history has gaps: {example}"
