"""Canaries: planted events that must come out as alerts, each in its time, or else that is the alert."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update

from trailcam.app.canary_table import canary
from trailcam.app.health import Health
from trailcam.commit import tables as t
from trailcam.contracts.source import Plants
from trailcam.errors import WorldError
from trailcam.model.timestamps import SECOND, Micros, to_rfc3339
from trailcam.settings.sources import SourceSettings
from trailcam.state.database import Database

RULE = "Trailcam.Canary"
"""The rule that says yes to them."""


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

    def tend(self, *, now: Micros) -> None:
        """Looks whether those under way have come out, and plants the next when it is time.

        Raises:
            WorldError: the state cannot be read or written.
        """
        for row in self._open():
            self._look(row, now=now)
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

    def _open(self) -> list[Any]:
        c = canary.c
        with self.database.read() as state:
            return list(
                state.execute(select(canary).where(c.source == self.settings.name, c.seen_at.is_(None)))
            )

    def _plant(self, *, now: Micros) -> None:
        """Noted first and planted then: what was planted is waited for, whatever becomes of us."""
        event_id = str(uuid.uuid4())
        self.waited_from[event_id] = self.clock()
        with self.database.write() as state:
            state.execute(
                insert(canary).values(
                    event_id=event_id,
                    source=self.settings.name,
                    planted_at=now,
                    due_at=now + int(self.settings.canary_within_seconds * SECOND),
                )
            )
        try:
            self.source.plant(_record(event_id, self.settings.name, now))
        except WorldError as error:  # then it is missed, which is told in its time
            problem = error.problems[0]
            self.told("no canary", source=self.settings.name, code=problem.code, why=problem.message)

    def _look(self, row: Any, *, now: Micros) -> None:
        c, m, w = canary.c, t.match.c, t.window.c
        came_out = (
            select(w.alert_id)
            .join(t.match, (m.rule_id == w.rule_id) & (m.dedup == w.dedup) & (m.window_start == w.start))
            .where(w.rule_id == RULE, m.event_id == row.event_id, w.alert_id.is_not(None))
        )
        with self.database.read() as state:
            seen = state.execute(came_out).first() is not None
        within = self.settings.canary_within_seconds
        waited = self.clock() - self.waited_from.setdefault(row.event_id, self.clock())
        if seen:
            with self.database.write() as state:
                state.execute(update(canary).where(c.event_id == row.event_id).values(seen_at=now))
            del self.waited_from[row.event_id]
        elif waited >= within and row.missed_at is None:
            self.health.say(
                "canary_missed",
                self.settings.name,
                f"planted at {to_rfc3339(Micros(row.planted_at))}, it did not come out within {within:g} s",
                time=Micros(row.due_at),
                source=self.settings.name,
                kept=lambda: self._missed(row.event_id, now),
            )

    def _missed(self, event_id: str, now: Micros) -> None:
        with self.database.write() as state:
            state.execute(update(canary).where(canary.c.event_id == event_id).values(missed_at=now))


def _record(event_id: str, source: str, now: Micros) -> bytes:
    """A file of CloudTrail with one event of no call that AWS knows."""
    event = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": "canary.trailcam"},
        "eventTime": f"{to_rfc3339(now)[:19]}Z",
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
