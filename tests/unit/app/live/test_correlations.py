"""How far followed sources are, for those who wait for what must be absent."""

from collections import Counter
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import insert, update

from trailcam.app.line import Line
from trailcam.app.live import correlations as module
from trailcam.app.live.correlations import Correlations
from trailcam.app.live.watermarks import arrived, watermarks
from trailcam.commit import tables as t
from trailcam.commit.correlation_standing import Arrived
from trailcam.commit.places import note
from trailcam.model.place import Place, Seen
from trailcam.model.timestamps import BEGINNING, MINUTE, SECOND, Micros
from trailcam.sources.tables import source as source_table
from trailcam.state.database import Database

NOW = Micros(20_000_000 * MINUTE)


def at(minutes: int) -> Micros:
    return Micros(NOW + minutes * MINUTE)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db")
    made.migrate()
    return made


def heard(database: Database, source: str, *, event: int, arrival: int, account: str = "") -> None:
    with database.write() as connection:
        connection.execute(
            insert(t.place).values(
                source=source,
                account=account,
                region="",
                events=1,
                first_arrival=at(arrival),
                last_arrival=at(arrival),
                last_believed=at(arrival) if event <= 10 else BEGINNING,
                last_event=at(event),
                silences="{}",
            )
        )


def arrived_by(database: Database, *, since: int = -600) -> Arrived | None:
    return arrived(database, ["trail", "other"], lateness_seconds=3600, followed_since=at(since), now=NOW)


def test_all_is_there_that_is_earlier_than_the_latest_by_the_lateness(database: Database) -> None:
    heard(database, "trail", event=-2, arrival=0)
    heard(database, "other", event=0, arrival=0)
    assert arrived_by(database) == Arrived(until=at(-62))


def test_of_several_sources_the_one_that_is_behind_counts_until_it_is_silent(database: Database) -> None:
    heard(database, "trail", event=-2, arrival=0)
    heard(database, "other", event=-500, arrival=-59)
    assert arrived_by(database) == Arrived(until=at(-560))
    with database.write() as connection:
        connection.execute(update(t.place).where(t.place.c.source == "other").values(last_believed=at(-60)))
    assert arrived_by(database) == Arrived(until=at(-62))
    assert arrived_by(database, since=-59) == Arrived(until=at(-560)), "nobody has listened for so long"


def test_of_the_places_of_a_source_the_latest_counts(database: Database) -> None:
    heard(database, "trail", event=-2, arrival=0)
    heard(database, "trail", event=-500, arrival=-1, account="111122223333")
    assert arrived_by(database) == Arrived(until=at(-62))


def test_a_backlog_has_not_arrived_before_it_is_worked_up(database: Database) -> None:
    heard(database, "trail", event=-500, arrival=0)
    assert arrived_by(database) == Arrived(until=at(-560))


def test_where_nothing_comes_time_goes_on(database: Database) -> None:
    heard(database, "trail", event=-500, arrival=-60)
    heard(database, "other", event=-700, arrival=-600)
    assert arrived_by(database) == Arrived(until=at(-60))
    assert arrived_by(database, since=-59) == Arrived(until=at(-760)), "nobody has listened for so long"


def test_nothing_is_known_before_anything_has_come(database: Database) -> None:
    assert arrived_by(database, since=-59) is None
    assert arrived_by(database, since=-60) == Arrived(until=at(-60))
    heard(database, "trail", event=-2, arrival=0)
    assert arrived_by(database, since=-59) is None, "nothing is known of the other"


def test_while_a_source_fails_what_it_has_not_brought_is_not_absent(database: Database) -> None:
    heard(database, "trail", event=-2, arrival=0)
    with database.write() as connection:
        connection.execute(
            insert(source_table).values(name="other", type="s3", fault="refused", fault_since=NOW)
        )
    assert arrived_by(database) is None
    with database.write() as connection:
        connection.execute(update(source_table).values(fault=None))
    assert arrived_by(database) == Arrived(until=at(-62))


def test_what_is_in_hand_and_not_decided_has_not_arrived(database: Database) -> None:
    def until(held_minutes: float) -> Arrived | None:
        held = {"trail": held_minutes * 60}
        return arrived(
            database, ["trail"], lateness_seconds=3600, followed_since=at(-600), now=NOW, held_seconds=held
        )

    heard(database, "trail", event=-80, arrival=-80)
    assert until(0) == Arrived(until=at(-60))
    assert until(15) == Arrived(until=at(-75)), "silence counts up to what was announced"
    assert until(79) == Arrived(until=at(-140)), "it was not silent for so long before"
    heard(database, "trail", event=0, arrival=0, account="111122223333")
    assert until(79) == Arrived(until=at(-139)), "others go by what is in hand"


def test_a_source_that_always_has_something_in_hand_whose_times_are_not_believed_holds_nobody_up(
    database: Database,
) -> None:
    heard(database, "trail", event=11, arrival=0)
    held = {"trail": 2.0}
    found = arrived(
        database, ["trail"], lateness_seconds=3600, followed_since=at(-61), now=NOW, held_seconds=held
    )
    assert found == Arrived(until=Micros(at(-60) - 2 * SECOND))


def test_what_is_not_followed_any_more_does_not_count(database: Database) -> None:
    heard(database, "trail", event=-20, arrival=0)
    heard(database, "trailcam", event=0, arrival=0)
    assert arrived_by(database) == Arrived(until=at(-80))


def test_a_time_far_ahead_is_not_believed(database: Database) -> None:
    heard(database, "trail", event=-20, arrival=0)
    heard(database, "trail", event=11, arrival=0, account="111122223333")
    assert arrived_by(database) == Arrived(until=at(-80))


def test_matches_of_which_the_first_values_are_looked_at_are_told_once() -> None:
    told: list[tuple[str, dict[str, object]]] = []
    turned = Event()

    def go_on(_: object) -> None:
        turned.set()

    correlating = SimpleNamespace(
        rules=["Who"], cut=Counter({("Who", "Whose"): 3}), go_on=go_on, kept_without=[], left={}
    )
    line = cast(Line, SimpleNamespace(correlating=correlating))
    beside = Correlations(
        lambda: line, arrived=lambda: None, told=lambda event, **told_of: told.append((event, told_of))
    )
    with beside:
        assert turned.wait(10)
    beside.look()
    assert told == [("first values alone", {"rule": "Who", "looks_at": "Whose", "matches": 3})]


def test_a_server_tells_once_that_absence_waits_for_a_run_and_once_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[str, object]] = []
    enough = Event()
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    held = iter([{}, {"A": "", "B": ""}, {"A": "", "B": ""}, {}, {}])
    correlating = SimpleNamespace(rules=["A", "B"], cut=Counter(), kept_without=[], left={})

    def go_on(_: object) -> None:
        correlating.left = next(held, {})
        if not correlating.left and told:
            enough.set()

    line = cast(Line, SimpleNamespace(correlating=correlating))
    correlating.go_on = go_on
    beside = Correlations(
        lambda: line, arrived=lambda: None, told=lambda event, **of: told.append((event, of.get("rules")))
    )
    with beside:
        assert enough.wait(30)
    beside.look()
    assert told == [("absence waits", 2), ("absence goes on", None)]


def test_a_source_of_whose_times_none_is_believed_is_not_waited_for_for_ever(database: Database) -> None:
    heard(database, "trail", event=0, arrival=0)
    heard(database, "other", event=11, arrival=-1)
    assert arrived_by(database, since=-59) is None
    assert arrived_by(database, since=-60) == Arrived(until=at(-60))


def test_a_source_whose_clock_comes_to_run_ahead_is_not_waited_for_for_ever(database: Database) -> None:
    def come(minute: int, event: int) -> Arrived | None:
        with database.write() as state:
            seen = {Place("trail", "", ""): Seen(1, at(event))}
            note(state, seen, followed_since=at(0), now=at(minute))
        return arrived(
            database, ["trail"], lateness_seconds=3600, followed_since=at(0), now=Micros(at(minute))
        )

    assert come(0, 0) == Arrived(until=at(-60))
    assert come(59, 70) == Arrived(until=at(-60))
    assert come(60, 71) == Arrived(until=at(0))
    assert come(300, 311) == Arrived(until=at(240))
    assert come(330, 320) == Arrived(until=at(260)), "its clock is right again"


def test_who_sends_nothing_but_old_times_is_told_as_furthest_behind(database: Database) -> None:
    heard(database, "trail", event=0, arrival=0)
    heard(database, "old", event=-9_000, arrival=0)
    found = watermarks(
        database, ["trail", "old", "new"], lateness_seconds=3600, followed_since=at(-1), now=NOW
    )
    assert found == {"trail": at(-60), "old": at(-9_060), "new": None}
