"""Canaries are planted and missed by the clock that never jumps, and hold nobody up."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from trailcam.app.home import make_home
from trailcam.app.live.canaries import Canaries
from trailcam.app.live.canary_table import canary
from trailcam.app.live.health import Health
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group
from trailcam.errors import Problem, WorldError, code
from trailcam.model.match import Match
from trailcam.model.severity import Severity
from trailcam.model.timestamps import BEGINNING, DAY, SECOND, Micros, parse
from trailcam.settings.sources import SourceSettings
from trailcam.state.database import Database

NOON = 1_770_000_000 * SECOND
SETTINGS = SourceSettings(name="trail", type="s3", canary_seconds=60, canary_within_seconds=600)


class Garden:
    """A source in which canaries are planted, and the clocks beside it."""

    def __init__(self, folder: Path) -> None:
        self.database = make_home(folder).database
        self.health = Health()
        self.records: list[dict[str, Any]] = []
        self.told: list[dict[str, str]] = []
        self.refuses = False
        self.answers = threading.Event()
        """Cleared: what is planted is accepted, and nothing answers."""
        self.answers.set()
        self.clock = 0.0
        self.canaries = self.anew()

    def plant(self, data: bytes) -> None:
        assert self.answers.wait(20)
        if self.refuses:
            raise WorldError(Problem(code=code("source_unreachable"), message="it is refused"))
        self.records += json.loads(data)["Records"]

    def anew(self) -> Canaries:
        """As another process begins."""
        return Canaries(
            source=self, settings=SETTINGS, database=self.database, health=self.health,
            told=lambda _, **values: self.told.append(values), clock=lambda: self.clock,
        )  # fmt: skip

    def tend(self, now: int, *, after: float = 0) -> Sequence[str]:
        """What is said of missed ones when somebody looks so many seconds later, and it is `now` on the wall."""
        self.clock += after
        self.canaries.tend(now=Micros(now))
        if self.answers.is_set():
            self.written()
        said = self.health.receive(wait_seconds=0)
        self.health.settle(said)
        return [it.name for it in said]

    def come_out(self) -> None:
        """All that were planted become matches, and an alert."""
        run = {"id": "run", "started_at": 0, "version": "0", "pack": "p", "rules": 1, "paths": "[]"}
        with self.database.write() as state:
            state.execute(insert(t.run).values({**run, "published": False}))
        matches = [
            Match(
                rule_id="Trailcam.Canary", row_id=it["eventID"], log_type="AWS.CloudTrail",
                event_id=it["eventID"], event_time=parse(it["eventTime"]) or BEGINNING, title="it came out",
                dedup=it["requestParameters"]["source"], severity=Severity.INFO, period_minutes=1440, threshold=1,
            )
            for it in self.records
        ]  # fmt: skip
        group = Group(
            run_id="run", pack="p", rules={}, treated=[], files=[], matches=matches, errors=[], not_run={},
        )  # fmt: skip
        decide(self.database, group, warehouse=self.database.path.parent, now=Micros(NOON))

    def written(self) -> None:
        """Waits until the last is planted, or refused."""
        assert self.canaries.planting is not None
        self.canaries.planting.join(20)

    def kept(self) -> Sequence[int]:
        """When those that are remembered were planted."""
        with self.database.read() as state:
            return list(state.execute(select(canary.c.planted_at).order_by(canary.c.planted_at)).scalars())


def test_a_clock_that_jumps_ahead_misses_no_canary(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    assert garden.tend(NOON) == []
    assert garden.tend(NOON + DAY, after=1) == []
    assert len(garden.tend(NOON + DAY, after=600)) == 2


def test_a_clock_that_is_set_back_does_not_end_them(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.tend(NOON)
    garden.tend(NOON - DAY, after=1)
    assert len(garden.records) == 2
    garden.tend(NOON - DAY + 30 * SECOND, after=30)
    assert len(garden.records) == 2
    garden.tend(NOON - DAY + 60 * SECOND, after=30)
    assert len(garden.records) == 3


def test_a_canary_of_a_process_that_has_ended_gets_its_time_again(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.tend(NOON)
    garden.canaries = garden.anew()
    assert garden.tend(NOON + DAY, after=DAY / SECOND) == []
    assert len(garden.tend(NOON + DAY, after=601)) == 2
    with garden.database.read() as state:
        assert len(state.execute(select(canary).where(canary.c.missed_at.is_not(None))).all()) == 2


def test_nobody_waits_for_a_canary_that_is_accepted_and_not_answered(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.answers.clear()
    garden.tend(NOON)
    garden.tend(NOON + 60 * SECOND, after=60)
    assert [it["why"] for it in garden.told] == ["the one before is still being written"]
    assert len(garden.tend(NOON + 90 * SECOND, after=600)) == 2  # they are missed all the same
    garden.answers.set()
    garden.written()
    garden.tend(NOON + 120 * SECOND, after=30)
    assert len(garden.records) == 2


def test_a_canary_that_is_refused_is_told_at_once_and_missed_in_its_time(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.refuses = True
    assert garden.tend(NOON) == []
    assert garden.told == [{"source": "trail", "code": code("source_unreachable"), "why": "it is refused"}]
    assert len(garden.tend(NOON + SECOND, after=600)) == 1


def test_a_canary_that_came_out_is_not_missed(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    for number in range(3):
        garden.tend(NOON + number * 60 * SECOND + 999_999, after=60)
    garden.come_out()
    assert garden.tend(NOON + 150 * SECOND, after=30) == []
    with garden.database.read() as state:
        assert set(state.execute(select(canary.c.seen_at)).scalars()) == {NOON + 150 * SECOND}
    assert garden.tend(NOON + 151 * SECOND, after=600) == []


def test_those_under_way_are_looked_for_with_one_question_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden = Garden(tmp_path)
    garden.tend(NOON)
    rows = [{"event_id": f"{it}", "source": "trail", "planted_at": NOON, "due_at": NOON} for it in range(100)]
    with garden.database.write() as state:
        state.execute(insert(canary), rows)
    asked = []
    reads = Database.read

    def read(database: Database) -> Any:
        asked.append(database)
        return reads(database)

    monkeypatch.setattr(Database, "read", read)
    garden.canaries.tend(now=Micros(NOON + 1))
    assert len(asked) == 2  # the other one: when was the last planted


def test_a_canary_that_was_told_as_missed_or_came_out_is_forgotten_after_a_day(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.tend(NOON)
    garden.come_out()
    garden.tend(NOON + 60 * SECOND, after=60)
    garden.tend(NOON + 120 * SECOND, after=600)
    assert garden.kept() == [NOON, NOON + 60 * SECOND, NOON + 120 * SECOND]
    garden.tend(NOON + DAY + 60 * SECOND)
    assert garden.kept() == [NOON + 60 * SECOND, NOON + 120 * SECOND, NOON + DAY + 60 * SECOND]
    garden.tend(NOON + DAY + 120 * SECOND)
    assert garden.kept() == [NOON + 120 * SECOND, NOON + DAY + 60 * SECOND, NOON + DAY + 120 * SECOND]
