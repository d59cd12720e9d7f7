"""Processes by their heartbeats."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from trailcam.model.timestamps import SECOND, Micros
from trailcam.state.database import Database
from trailcam.state.processes import BEAT_SECONDS, Role, beat, begin, end, process, running

BEGINNING = Micros(1_800_000_000 * SECOND)


def after(seconds: float) -> Micros:
    return Micros(BEGINNING + int(seconds * SECOND))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db")
    made.migrate()
    return made


def ids(database: Database, now: Micros) -> list[str]:
    return [it.id for it in running(database, now=now)]


def test_a_process_that_begins_runs(database: Database) -> None:
    id_ = begin(database, Role.serve, now=lambda: BEGINNING)
    (found,) = running(database, now=BEGINNING)
    assert (found.id, found.role, found.host, found.pid) == (
        id_,
        Role.serve,
        socket.gethostname(),
        os.getpid(),
    )
    assert (found.started_at, found.seen_at) == (BEGINNING, BEGINNING)


def test_processes_come_in_the_order_in_which_they_began(database: Database) -> None:
    second = begin(database, Role.worker, now=lambda: after(2))
    first = begin(database, Role.serve, now=lambda: after(1))
    assert ids(database, after(3)) == [first, second]


def test_who_is_not_heard_for_long_is_not_counted_on_until_it_is_heard_again(database: Database) -> None:
    id_ = begin(database, Role.worker, now=lambda: BEGINNING)
    assert ids(database, after(29.9)) == [id_]
    assert ids(database, after(30)) == []
    beat(database, id_, now=lambda: after(40))
    (found,) = running(database, now=after(69))
    assert (found.started_at, found.seen_at) == (BEGINNING, after(40))


def test_who_was_heard_in_the_future_is_not_counted_on_until_its_next_beat(database: Database) -> None:
    """Its clock was ahead, or was set back since: killed, it holds up nobody until that day."""
    id_ = begin(database, Role.serve, now=lambda: after(86_400))
    assert ids(database, BEGINNING) == ids(database, after(72_000)) == []
    beat(database, id_, now=lambda: after(72_001))
    assert ids(database, after(72_001)) == [id_]


def test_two_clocks_may_differ_a_little(database: Database) -> None:
    id_ = begin(database, Role.serve, now=lambda: after(29.9))
    assert ids(database, BEGINNING) == [id_]
    assert ids(database, after(-0.1)) == []


def test_some_beats_may_be_missed(database: Database) -> None:
    id_ = begin(database, Role.serve, now=lambda: BEGINNING)
    assert ids(database, after(5 * BEAT_SECONDS)) == [id_]


def test_who_has_ended_does_not_run_and_is_remembered(database: Database) -> None:
    ended, other = (
        begin(database, Role.serve, now=lambda: BEGINNING),
        begin(database, Role.worker, now=lambda: BEGINNING),
    )
    end(database, ended, now=lambda: after(1))
    assert ids(database, after(1)) == [other]
    with database.read() as state:
        rows = {row.id: row.stopped_at for row in state.execute(select(process))}
    assert rows == {ended: after(1), other: None}


def test_a_beat_is_that_of_one_process(database: Database) -> None:
    silent, beating = (
        begin(database, Role.worker, now=lambda: BEGINNING),
        begin(database, Role.worker, now=lambda: BEGINNING),
    )
    assert silent != beating
    beat(database, beating, now=lambda: after(31))
    assert ids(database, after(31)) == [beating]


class BusyDatabase(Database):
    """Others hold it for 40 seconds of a clock before it can be written."""

    clock = BEGINNING

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            self.clock = Micros(self.clock + 40 * SECOND)
            yield connection


def test_a_beat_is_heard_when_it_is_written_not_when_it_began_to_wait_for_others(tmp_path: Path) -> None:
    database = BusyDatabase(tmp_path / "state.db")
    database.migrate()
    id_ = begin(database, Role.serve, now=lambda: database.clock)
    assert ids(database, database.clock) == [id_]
    beat(database, id_, now=lambda: database.clock)
    assert ids(database, database.clock) == [id_]
    end(database, id_, now=lambda: database.clock)
    with database.read() as state:
        assert state.execute(select(process.c.stopped_at)).scalar() == database.clock


def test_who_goes_over_the_past_follows_nothing(database: Database) -> None:
    past, server = (
        begin(database, Role.past, now=lambda: BEGINNING),
        begin(database, Role.serve, now=lambda: BEGINNING),
    )
    assert ids(database, BEGINNING) == [server]
    assert [it.id for it in running(database, now=BEGINNING, roles=[Role.past])] == [past]
