"""Canaries are planted and missed by the clock that never jumps."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from trailcam.app.canaries import Canaries
from trailcam.app.canary_table import canary
from trailcam.app.health import Health
from trailcam.app.home import make_home
from trailcam.model.timestamps import DAY, SECOND, Micros
from trailcam.settings.sources import SourceSettings

NOON = 1_770_000_000 * SECOND
SETTINGS = SourceSettings(name="trail", type="s3", canary_seconds=60, canary_within_seconds=600)


class Garden:
    """A source in which canaries are planted, and the clocks beside it."""

    def __init__(self, folder: Path) -> None:
        self.database = make_home(folder).database
        self.health = Health()
        self.planted = 0
        self.clock = 0.0
        self.canaries = self.anew()

    def plant(self, data: bytes) -> None:
        self.planted += 1

    def anew(self) -> Canaries:
        """As another process begins."""
        return Canaries(
            source=self, settings=SETTINGS, database=self.database, health=self.health, told=print,
            clock=lambda: self.clock,
        )  # fmt: skip

    def tend(self, now: int, *, after: float = 0) -> Sequence[str]:
        """What is said of missed ones when somebody looks so many seconds later, and it is `now` on the wall."""
        self.clock += after
        self.canaries.tend(now=Micros(now))
        said = self.health.receive(wait_seconds=0)
        self.health.settle(said)
        return [it.name for it in said]


def test_a_clock_that_jumps_ahead_misses_no_canary(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    assert garden.tend(NOON) == []
    assert garden.tend(NOON + DAY, after=1) == []
    assert len(garden.tend(NOON + DAY, after=600)) == 2


def test_a_clock_that_is_set_back_does_not_end_them(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.tend(NOON)
    garden.tend(NOON - DAY, after=1)
    assert garden.planted == 2
    garden.tend(NOON - DAY + 30 * SECOND, after=30)
    assert garden.planted == 2
    garden.tend(NOON - DAY + 60 * SECOND, after=30)
    assert garden.planted == 3


def test_a_canary_of_a_process_that_has_ended_gets_its_time_again(tmp_path: Path) -> None:
    garden = Garden(tmp_path)
    garden.tend(NOON)
    garden.canaries = garden.anew()
    assert garden.tend(NOON + DAY, after=DAY / SECOND) == []
    assert len(garden.tend(NOON + DAY, after=601)) == 2
    with garden.database.read() as state:
        assert len(state.execute(select(canary).where(canary.c.missed_at.is_not(None))).all()) == 2
