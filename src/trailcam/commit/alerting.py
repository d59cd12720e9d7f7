"""Lets alerts follow the windows that have changed: opened, moved, escalated, merged, retracted."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update
from ulid import ULID

from trailcam.alerts.tables import alert as alerts
from trailcam.alerts.tables import alert_history
from trailcam.commit import tables as t
from trailcam.commit.storms import settle_storms
from trailcam.commit.windows import Change, Row
from trailcam.model.alert import Status
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros, to_rfc3339
from trailcam.model.window import WindowKey
from trailcam.pipeline.bind import Binding, bind

_CUT_ANEW = "a late match cut the day anew: no window that qualifies holds its matches"
_FAILS_NO_MORE = "on none of its events the rule fails in this way any more"


def alert(
    connection: Connection,
    changes: Sequence[Change],
    decision_id: int,
    *,
    now: Micros,
    retracting: str = _CUT_ANEW,
) -> None:
    """Binds the alerts of all changed windows anew, and opens one for each window that has none. `retracting`
    is why matches leave one without a window."""
    writer = _Writer(connection, decision_id, now, retracting)
    windows: dict[tuple[WindowKey, Micros], Row] = {}
    for change in changes:
        windows |= {(row.key, row.start): row for row in change.after}
        writer.follow(change)
    settled = settle_storms(connection, changes, decision_id)
    windows |= {(row.key, row.start): row for row in settled.changed}
    for row in windows.values():
        if row.alerts and writer.alert_of(row) is None:
            writer.open(row)
    for alert_id, storm in settled.suppressed.items():
        writer.merge(alert_id, writer.alert_of(storm), "the rule is past its hourly limit of alerts")
    for row in settled.gone:
        if row.alert_id is not None:
            writer.retract(row.alert_id, "the rule is not past its hourly limit of alerts any more")
    for row in windows.values():
        writer.grow(row)


class _Writer:
    """Writes alerts and their history."""

    def __init__(self, connection: Connection, decision_id: int, now: Micros, retracting: str) -> None:
        self._connection = connection
        self._decision_id = decision_id
        self._now = now
        self._retracting = retracting
        self._bound: dict[tuple[WindowKey, Micros], str | None] = {}

    def alert_of(self, row: Row) -> str | None:
        """The alert bound to a window, as far as this decision has come."""
        return self._bound.get((row.key, row.start), row.alert_id)

    def follow(self, change: Change) -> None:
        """Binds the alerts of a chain's old windows to its new ones."""
        held = {row.alert_id: row for row in change.before if row.alert_id is not None}
        if not held:
            return
        after = {row.start: row for row in change.after}
        shared = {
            alert_id: {
                start: count
                for (was, start), count in change.shared.items()
                if was == row.start and after[start].qualifies
            }
            for alert_id, row in held.items()
        }
        if all(
            after.get(row.start) is not None and list(shared[a]) == [row.start] for a, row in held.items()
        ):
            return  # each stays where it was
        binding = bind(shared, ages=self._ages(list(held)))
        self._rebind(binding, held, after)

    def _rebind(self, binding: Binding, held: Mapping[str, Row], after: Mapping[Micros, Row]) -> None:
        for row in after.values():
            if row.alert_id is not None:
                self._point(row, None)
        for alert_id, start in binding.bound.items():
            row = after[start]
            self._point(row, alert_id)
            if start != held[alert_id].start:
                why = f"a late match cut the day anew: its window began at {to_rfc3339(held[alert_id].start)}"
                self._note(alert_id, "moved", f"{why}, now at {to_rfc3339(start)}")
        for alert_id, survivor in binding.merged.items():
            self.merge(alert_id, survivor, "a late match made one window of theirs")
        for alert_id in binding.retracted:
            failures = held[alert_id].key.kind == "error"
            self.retract(alert_id, _FAILS_NO_MORE if failures else self._retracting)

    def open(self, row: Row) -> None:
        """A new alert for a window."""
        alert_id = str(ULID())
        self._connection.execute(
            insert(alerts).values(
                id=alert_id,
                rule_id=row.key.rule_id,
                dedup=row.key.dedup,
                period_minutes=row.key.period_minutes,
                threshold=row.key.threshold,
                kind=row.key.kind,
                title=row.title,
                severity=int(row.severity),
                status=Status.OPEN.value,
                window_start=row.start,
                window_end=row.end,
                matches=row.matches,
                opened_at=self._now,
                updated_at=self._now,
                decision_id=self._decision_id,
                revision=1,
                published_revision=0,
            )
        )
        self._note(
            alert_id, "opened", f"a window of {row.matches:,} reached the threshold of {row.key.threshold:,}"
        )
        self._point(row, alert_id)

    def merge(self, alert_id: str, survivor: str | None, why: str) -> None:
        """Ends an alert in favour of another."""
        self._update(alert_id, status=Status.MERGED.value, merged_into=survivor)
        self._note(alert_id, "merged", f"{why}: see {survivor}")

    def retract(self, alert_id: str, why: str) -> None:
        """Ends an alert whose window is gone."""
        self._update(alert_id, status=Status.RETRACTED.value)
        self._note(alert_id, "retracted", why)

    def grow(self, row: Row) -> None:
        """Brings the alert of a window to what the window is now."""
        alert_id = self.alert_of(row)
        if alert_id is None or not row.alerts:
            return
        held = self._connection.execute(select(alerts).where(alerts.c.id == alert_id)).one()
        highest = max(Severity(held.severity), row.highest)
        now: dict[str, Any] = {
            "title": row.title,
            "severity": int(highest),
            "window_start": row.start,
            "window_end": row.end,
            "matches": row.matches,
        }
        if all(getattr(held, name) == value for name, value in now.items()):
            return
        self._update(alert_id, **now)
        if row.title != held.title and row.key.kind != "storm":  # a storm's title is a count
            self._note(alert_id, "retitled", f'its first match has another title now; it was "{held.title}"')
        if row.matches > held.matches:
            self._note_growth(alert_id, held.matches, row.matches)
        elif row.matches < held.matches:
            left = f"{row.matches:,} {'match' if row.matches == 1 else 'matches'}"
            self._note(alert_id, "shrank", f"from {held.matches:,} to {left}")
        if highest > held.severity:
            was = Severity(held.severity).name
            self._note(alert_id, "escalated", f"a match of severity {highest.name}, it was {was}")

    def _ages(self, ids: list[str]) -> dict[str, tuple[int, Micros]]:
        """Clocks go back, decisions do not; of one decision's alerts the older has the earlier window."""
        c = alerts.c
        found = self._connection.execute(select(c.id, c.decision_id, c.window_start).where(c.id.in_(ids)))
        return {row.id: (row.decision_id, Micros(row.window_start)) for row in found}

    def _point(self, row: Row, alert_id: str | None) -> None:
        self._bound[row.key, row.start] = alert_id
        c = t.window.c
        key = row.key
        self._connection.execute(
            update(t.window)
            .where(
                c.rule_id == key.rule_id,
                c.dedup == key.dedup,
                c.period_minutes == key.period_minutes,
                c.threshold == key.threshold,
                c.kind == key.kind,
                c.start == row.start,
            )
            .values(alert_id=alert_id)
        )

    def _update(self, alert_id: str, **values: Any) -> None:
        self._connection.execute(
            update(alerts)
            .where(alerts.c.id == alert_id)
            .values(updated_at=self._now, revision=alerts.c.revision + 1, **values)
        )

    def _note(self, alert_id: str, what: str, why: str) -> None:
        last = self._last_note(alert_id)
        number = 1 if last is None else last.number + 1
        self._connection.execute(
            insert(alert_history).values(alert_id=alert_id, number=number, at=self._now, what=what, why=why)
        )

    def _note_growth(self, alert_id: str, before: int, after: int) -> None:
        """Growing is told once for all times that follow each other, from the first to the last."""
        last = self._last_note(alert_id)
        if last is None or last.what != "grew":
            self._note(alert_id, "grew", f"from {before:,} to {after:,} matches")
            return
        first = last.why.partition(" to ")[0]
        h = alert_history.c
        self._connection.execute(
            update(alert_history)
            .where(h.alert_id == alert_id, h.number == last.number)
            .values(at=self._now, why=f"{first} to {after:,} matches")
        )

    def _last_note(self, alert_id: str) -> Any:
        h = alert_history.c
        notes = select(alert_history).where(h.alert_id == alert_id).order_by(h.number.desc()).limit(1)
        return self._connection.execute(notes).first()
