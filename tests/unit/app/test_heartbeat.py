"""Who goes over the past is heard for as long as it does."""

import time
from pathlib import Path

import pytest

from trailcam.app.heartbeat import Heartbeat
from trailcam.model.timestamps import SECOND, Micros
from trailcam.state import processes
from trailcam.state.database import Database
from trailcam.state.processes import Role, running


def test_who_does_not_begin_is_not_heard(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")
    database.migrate()
    with Heartbeat(database, "us", role=Role.past, now=lambda: Micros(SECOND)):
        assert running(database, now=Micros(SECOND), roles=list(Role)) == []


def test_it_is_heard_from_its_beginning_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "BEAT_SECONDS", 0.01)
    database = Database(tmp_path / "state.db")
    database.migrate()
    seconds = [1_000]

    def now() -> Micros:
        return Micros(seconds[0] * SECOND)

    def heard() -> list[str]:
        return [it.id for it in running(database, now=now(), roles=[Role.past])]

    with Heartbeat(database, "us", role=Role.past, now=now) as heartbeat:
        heartbeat.begin()
        heartbeat.begin()
        assert heard() == ["us"]
        seconds[0] += 3_600
        until = time.monotonic() + 10
        while not heard() and time.monotonic() < until:
            time.sleep(0.01)
        assert heard() == ["us"]
    assert heard() == []
