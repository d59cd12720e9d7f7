"""How long a place may be silent, whatever the clock of the machine does meanwhile."""

from pathlib import Path

import pytest

from trailcam.commit import places
from trailcam.commit.places import Heard, came_by, heard, note
from trailcam.model.place import Place, Seen
from trailcam.model.timestamps import DAY, MINUTE, Micros
from trailcam.state.database import Database

HERE = Place("trail", "111122223333", "eu-central-1")
BEGUN = Micros(20_000 * DAY)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db")
    made.migrate()
    return made


def hear(database: Database, *times: int, since: int = BEGUN) -> None:
    """Events come, to somebody who listens since then."""
    with database.write() as state:
        for now in times:
            note(state, {HERE: Seen(1, Micros(now))}, followed_since=Micros(since), now=Micros(now))


def known(database: Database) -> Heard:
    (it,) = heard(database)
    return it


@pytest.fixture
def habit(database: Database) -> int:
    """The last arrival of a place that is heard every two hours since two days."""
    last = BEGUN + 2 * DAY
    hear(database, *range(BEGUN, last + 1, 120 * MINUTE))
    return last


@pytest.mark.parametrize("days", [30, -30])
def test_after_a_clock_that_was_wrong_a_place_is_silent_against_its_habit_as_before(
    database: Database, habit: int, days: int
) -> None:
    wrong, right = habit + days * DAY, habit + 5 * MINUTE
    hear(database, wrong, since=wrong)
    hear(database, right, since=right)
    it = known(database)
    assert (it.last_arrival, it.last_event) == (right, right)
    assert it.silent_from == right + 240 * MINUTE


def test_a_time_far_ahead_tells_nothing_of_how_far_a_place_is(database: Database) -> None:
    ahead = Micros(BEGUN + 11 * MINUTE)
    for time, latest in ((ahead, None), (BEGUN - DAY, BEGUN - DAY), (ahead, BEGUN - DAY)):
        with database.write() as state:
            note(state, {HERE: Seen(1, Micros(time))}, followed_since=BEGUN, now=BEGUN)
        assert known(database).last_event == latest


def test_a_latest_event_that_was_noted_while_the_clock_was_ahead_gives_way(database: Database) -> None:
    hear(database, BEGUN + 30 * DAY, BEGUN)
    assert known(database).last_event == BEGUN


def test_forged_accounts_do_not_fill_the_state(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_MOST_PLACES", 3)
    for start in (0, 4):
        found = {Place("trail", f"{number:012}", ""): Seen(2, BEGUN) for number in range(start, start + 4)}
        found |= {HERE: Seen(1, BEGUN), Place("other", "", ""): Seen(1, BEGUN)}
        with database.write() as state:
            note(state, found, followed_since=BEGUN, now=BEGUN)
    assert {tuple(it.place): it.events for it in heard(database)} == {
        ("other", "", ""): 2,
        ("trail", "", ""): 12,
        ("trail", "000000000000", ""): 2,
        ("trail", "000000000001", ""): 2,
        ("trail", "000000000002", ""): 2,
    }


def test_a_place_that_was_first_heard_while_the_clock_was_ahead_comes_to_have_a_habit(
    database: Database,
) -> None:
    hear(database, BEGUN + 30 * DAY, *range(BEGUN, BEGUN + DAY + 1, 120 * MINUTE))
    assert known(database).silent_from == BEGUN + DAY + 240 * MINUTE


def test_a_silence_that_was_noted_while_the_clock_was_ahead_does_not_count(
    database: Database,
) -> None:
    hear(database, BEGUN + 30 * DAY, BEGUN + 31 * DAY)
    hear(database, *range(BEGUN, BEGUN + 2 * DAY, 60 * MINUTE))
    assert known(database).longest == 60 * MINUTE


def test_an_arrival_ahead_of_the_clock_is_brought_back_unless_something_has_come_since(
    database: Database, habit: int
) -> None:
    hear(database, habit + 30 * DAY)
    ahead = known(database)
    came_by(database, ahead, now=Micros(habit))
    assert known(database).last_arrival == habit
    hear(database, habit + MINUTE)
    came_by(database, ahead, now=Micros(habit))
    assert known(database).last_arrival == habit + MINUTE
