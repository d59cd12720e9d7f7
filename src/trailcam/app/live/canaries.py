"""Canaries: planted events that must come out as alerts, each in its time, or else that is the alert."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from trailcam.app.live.canary_table import canary
from trailcam.app.live.health import Health
from trailcam.commit import tables as t
from trailcam.contracts.source import Plants
from trailcam.errors import WorldError, code
from trailcam.model.timestamps import DAY, SECOND, Micros, to_rfc3339, to_seconds
from trailcam.settings.sources import SourceSettings
from trailcam.state.database import Database

RULE = "Trailcam.Canary"
"""The rule that says yes to them; its dedup string is the source."""

_KEPT = DAY
"""How long one is kept that was seen, or told as missed: it may still come out."""


@dataclass(slots=True)
class Canaries:
    """Plants one after another in one source, and looks for what came of them."""

    source: Plants
    settings: SourceSettings
    database: Database
    health: Health
    told: Callable[..., None]
    clock: Callable[[], float] = time.monotonic
    waited_from: dict[str, float] = field(default_factory=dict)
    """Since when we wait for a canary, on the clock that never jumps: one that was planted before us may come
    out as long as one of ours."""

    planting: threading.Thread | None = None
    """The last planting: where the source lies may accept and not answer, and nobody shall wait for that."""

    def tend(self, *, now: Micros) -> None:
        """Looks whether those under way have come out, and plants the next when it is time.

        Raises:
            WorldError: the state cannot be read or written.
        """
        self._look(now=now)
        if now - self._last(now) >= self.settings.canary_seconds * SECOND:
            self._plant(now=now)

    def _last(self, now: Micros) -> int:
        """When the last was planted; those of a time to come were planted before the clock was set back."""
        c = canary.c
        with self.database.read() as state:
            found = state.execute(
                select(c.planted_at)
                .where(c.source == self.settings.name, c.planted_at <= now)
                .order_by(c.planted_at.desc())
                .limit(1)
            ).scalar()
        return found or 0

    def _plant(self, *, now: Micros) -> None:
        """Noted first and planted then: what was planted is waited for, whatever becomes of us."""
        c = canary.c
        event_id = str(uuid.uuid4())
        self.waited_from[event_id] = self.clock()
        with self.database.write() as state:
            state.execute(
                delete(canary).where(
                    c.source == self.settings.name,
                    (c.seen_at <= now - _KEPT) | (c.missed_at <= now - _KEPT),
                )
            )
            state.execute(
                insert(canary).values(
                    event_id=event_id,
                    source=self.settings.name,
                    planted_at=now,
                    due_at=now + int(self.settings.canary_within_seconds * SECOND),
                )
            )
        if self.planting is not None and self.planting.is_alive():  # then this one is missed too
            self._not_planted(code("source_unreachable"), "the one before is still being written")
            return
        record = _record(event_id, self.settings.name, now)
        self.planting = threading.Thread(
            target=self._write, args=(record,), name=f"trailcam-canary-{self.settings.name}", daemon=True
        )
        self.planting.start()

    def _write(self, record: bytes) -> None:
        try:
            self.source.plant(record)
        except WorldError as error:  # then it is missed, which is told in its time
            self._not_planted(error.problems[0].code, error.problems[0].message)

    def _not_planted(self, code_: str, why: str) -> None:
        self.told("no canary", source=self.settings.name, code=code_, why=why)

    def _look(self, *, now: Micros) -> None:
        rows = self._open()
        self._seen([row.event_id for row in rows if row.came_out], now)
        waiting = [row for row in rows if not row.came_out]
        clock, within = self.clock(), self.settings.canary_within_seconds
        self.waited_from = {row.event_id: self.waited_from.get(row.event_id, clock) for row in waiting}
        for row in waiting:
            if clock - self.waited_from[row.event_id] >= within and row.missed_at is None:
                planted = to_rfc3339(Micros(row.planted_at))
                self.health.say(
                    "canary_missed",
                    self.settings.name,
                    f"planted at {planted}, it did not come out within {within:g} s",
                    time=Micros(row.due_at),
                    source=self.settings.name,
                    kept=partial(self._missed, row.event_id, now),
                )

    def _open(self) -> Sequence[Any]:
        """Those that were not seen before, each with whether it has come out by now."""
        c, m, w = canary.c, t.match.c, t.window.c
        is_open = (c.source == self.settings.name) & c.seen_at.is_(None)
        oldest = select(func.min(c.planted_at)).where(is_open).correlate(None).scalar_subquery()
        came_out = (
            select(m.event_id)
            .join(t.window, (m.rule_id == w.rule_id) & (m.dedup == w.dedup) & (m.window_start == w.start))
            .where(
                m.rule_id == RULE,
                m.dedup == self.settings.name,
                m.event_time >= oldest - SECOND,  # the event's time is in whole seconds
                w.alert_id.is_not(None),
            )
        )
        with self.database.read() as state:
            found = state.execute(select(canary, c.event_id.in_(came_out).label("came_out")).where(is_open))
            return found.all()

    def _seen(self, event_ids: Sequence[str], now: Micros) -> None:
        if not event_ids:
            return
        it = canary.c.event_id == bindparam("it")
        with self.database.write() as state:
            state.execute(update(canary).where(it).values(seen_at=now), [{"it": id_} for id_ in event_ids])

    def _missed(self, event_id: str, now: Micros) -> None:
        with self.database.write() as state:
            state.execute(update(canary).where(canary.c.event_id == event_id).values(missed_at=now))


def _record(event_id: str, source: str, now: Micros) -> bytes:
    """A file of CloudTrail with one event of no call that AWS knows."""
    event = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": "canary.trailcam"},
        "eventTime": to_seconds(now),
        "eventSource": "canary.trailcam",
        "eventName": "PlantCanary",
        "awsRegion": "",
        "sourceIPAddress": "canary.trailcam",
        "requestParameters": {"source": source},
        "eventID": event_id,
        "eventType": "AwsServiceEvent",
        "recipientAccountId": "",
    }
    return json.dumps({"Records": [event]}).encode()
