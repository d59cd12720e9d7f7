"""What is told of sources counts every origin once, however often it was read."""

from pathlib import Path

import pytest
from tests.unit.app.ledger import RUN, SOURCE, home_with_run, keep

from trailcam.app.home import Home
from trailcam.app.sources import overview
from trailcam.commit.answered import answer_now
from trailcam.commit.group import Purpose
from trailcam.commit.places import note
from trailcam.model.place import Place, Seen
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.settings.schema import Settings
from trailcam.settings.sources import SourceSettings
from trailcam.state.processes import Role, begin, end

HOUR = 60 * MINUTE
NOW = Micros(1)
SETTINGS = Settings(sources=(SourceSettings(name=SOURCE, type="s3"),))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_with_run(tmp_path / "home")


def counts(home: Home) -> tuple[int, int, int, int]:
    """(origins, events, dead letters, bytes)."""
    (it,) = overview(home, SETTINGS, now=NOW).sources
    return it.origins, it.events, it.dead_letters, it.size_bytes


def test_dead_letters_that_were_mended_are_events_and_nothing_else_grows(home: Home) -> None:
    keep(home, "a", Purpose.WHOLE, events=5, dead_letters=3)
    assert counts(home) == (1, 5, 3, 100)
    keep(home, "a", Purpose.MENDED, events=2, dead_letters=1, part="1")
    assert counts(home) == (1, 7, 1, 100)
    keep(home, "a", Purpose.RULES, events=0, dead_letters=0, part="later")
    assert counts(home) == (1, 7, 1, 100)


def test_of_what_could_not_be_read_to_its_end_the_last_reading_counts(home: Home) -> None:
    keep(home, "a", Purpose.PART, events=4, dead_letters=1, part="4")
    keep(home, "a", Purpose.PART, events=6, dead_letters=1, part="6")
    assert counts(home) == (1, 6, 1, 100)
    keep(home, "a", Purpose.WHOLE, events=9, dead_letters=0)
    assert counts(home) == (1, 9, 0, 100)


def test_what_stands_under_a_name_counts_until_something_of_that_name_was_read(home: Home) -> None:
    keep(home, "s3://b/k", Purpose.PART, events=0, dead_letters=1, part="TC0417", size=0)
    keep(home, "s3://b/k#etag", Purpose.WHOLE, events=9, dead_letters=0)
    assert counts(home) == (2, 9, 1, 100)
    answer_now(home.database, ["s3://b/k"], run_id=RUN, now=NOW)
    assert counts(home) == (1, 9, 0, 100)


def test_a_source_of_which_nothing_was_read_has_none_of_it(home: Home) -> None:
    assert counts(home) == (0, 0, 0, 0)


def test_while_a_server_runs_the_source_that_absence_waits_for_is_told(home: Home) -> None:
    now = Micros(NOW + 100 * HOUR)
    settings = Settings(sources=tuple(SourceSettings(name=name, type="s3") for name in ("live", "old")))
    with home.database.write() as state:
        for name, event in (("live", now), ("old", now - 50 * HOUR)):
            seen = {Place(name, "", ""): Seen(1, Micros(event))}
            note(state, seen, followed_since=Micros(0), now=now)
    assert overview(home, settings, now=now).behind is None
    begin(home.database, Role.serve, now=lambda: now)
    behind = overview(home, settings, now=now).behind
    assert behind is not None
    assert (behind.name, behind.complete_until) == ("old", now - 51 * HOUR)
    past = begin(home.database, Role.past, now=lambda: now)
    held = overview(home, settings, now=now)
    assert (held.is_held, held.behind) == (True, None), (
        "it waits for the end of that, however far sources are"
    )
    end(home.database, past, now=lambda: now)
    assert not overview(home, settings, now=now).is_held
