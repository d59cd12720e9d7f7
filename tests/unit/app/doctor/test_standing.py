"""What is told of what has come of a source."""

from pathlib import Path

import pytest
from tests.unit.app.ledger import SOURCE, home_with_run, keep

from trailcam.app.doctor import standing
from trailcam.app.home import Home
from trailcam.commit.group import Purpose
from trailcam.contracts.source import Grade
from trailcam.model.timestamps import DAY, MINUTE, Micros
from trailcam.settings.sources import SourceSettings

NOW = Micros(20_000 * DAY)
LATELY, BEFORE = NOW - 10 * MINUTE, NOW - 2 * DAY


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_with_run(tmp_path / "home")


def told(home: Home) -> list[tuple[Grade, str]]:
    found = standing.look(SourceSettings(name=SOURCE, type="s3"), home, now=NOW)
    return [(it.grade, it.found) for it in found if it.check == "dead letters"]


def test_dead_letters_of_a_day_are_told_while_they_stand(home: Home) -> None:
    made = keep(home, "a", Purpose.WHOLE, events=0, dead_letters=3, now=LATELY)
    assert told(home) == [(Grade.BROKEN, "3 within a day, beside 0 events")]
    made = keep(home, "a", Purpose.MENDED, events=2, dead_letters=1, part=str(made), now=LATELY)
    assert told(home) == [(Grade.WARNING, "1 within a day, beside 2 events")]
    keep(home, "a", Purpose.MENDED, events=1, dead_letters=0, part=str(made), now=LATELY)
    assert told(home) == []


def test_dead_letters_that_came_before_are_not_told_because_others_of_them_were_mended(home: Home) -> None:
    made = keep(home, "a", Purpose.WHOLE, events=0, dead_letters=3, now=BEFORE)
    keep(home, "a", Purpose.MENDED, events=2, dead_letters=1, part=str(made), now=LATELY)
    assert told(home) == []
