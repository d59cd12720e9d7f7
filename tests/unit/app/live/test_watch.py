"""What is said of places that are silent."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trailcam.app.live.health import Health
from trailcam.app.live.watch import Watch
from trailcam.commit.places import note
from trailcam.model.place import Place, Seen
from trailcam.model.timestamps import DAY, MINUTE, Micros
from trailcam.state.database import Database

BEGUN = 20_000 * DAY
AHEAD = 30 * DAY
NOBODY: Any = SimpleNamespace(conditions={})


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db")
    made.migrate()
    return made


def hear(database: Database, *times: int) -> None:
    place = Place("trail", "111122223333", "eu-central-1")
    with database.write() as state:
        for now in times:
            note(state, {place: Seen(1, Micros(now))}, followed_since=Micros(BEGUN), now=Micros(now))


def test_a_place_that_is_silent_since_the_clock_was_ahead_is_told_in_its_time(database: Database) -> None:
    watch = Watch(
        database=database, health=(health := Health()), canaries=(), started=Micros(BEGUN), serves=True
    )
    last = BEGUN + DAY
    hear(database, *range(BEGUN, last + 1, 5 * MINUTE), last + AHEAD)
    watch.begin_anew(Micros(last))
    told = []
    for now in range(last, last + 20 * MINUTE, MINUTE):
        watch.look((), NOBODY, now=Micros(now))
        told += [
            (now - last, json.loads(it.receipt.data)["message"]) for it in health.receive(wait_seconds=0)
        ]
    assert [after // MINUTE for after, _ in told] == [15], told
