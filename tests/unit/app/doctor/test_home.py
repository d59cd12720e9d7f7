"""What is told of the home that all sources share."""

import os
from pathlib import Path

import pytest

from trailcam.app.deploy import running
from trailcam.app.doctor import home as home_checks
from trailcam.app.doctor import standing
from trailcam.app.home import Home, make_home
from trailcam.contracts.source import Finding, Grade
from trailcam.model.timestamps import SECOND, Micros
from trailcam.settings.schema import LiveSettings, Settings
from trailcam.settings.sources import SourceSettings
from trailcam.sources.tables import source as source_table
from trailcam.state import processes
from trailcam.state.processes import Role

NOW = Micros(1_800_000_000 * SECOND)
TRAIL = SourceSettings(name="trail", type="s3")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def look(home: Home | None, path: Path, settings: Settings | None = None) -> dict[str, Finding]:
    return {it.check: it for it in home_checks.look(settings or Settings(), path, home, now=NOW)}


def test_a_home_that_is_not_made_yet_is_no_fault_and_none_is_made(tmp_path: Path) -> None:
    found = look(None, tmp_path / "a" / "home")
    assert (found["folder"].grade, found["followed by"].grade) == (Grade.OK, Grade.WARNING)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_is_broken(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert look(home, home.path)["folder"].because == f"{home.path} cannot be written"


def test_a_disk_without_room_for_what_is_ahead_is_broken(home: Home) -> None:
    found = look(home, home.path, Settings(live=LiveSettings(ahead_bytes=1 << 60)))
    assert found["disk"].because == "the disk of the home is full"


def test_a_process_that_beats_follows_and_one_that_was_stopped_does_not(home: Home) -> None:
    id_ = processes.begin(home.database, Role.serve, now=lambda: NOW)
    assert look(home, home.path)["followed by"].found.startswith("serve on ")
    processes.end(home.database, id_, now=lambda: NOW)
    found = look(home, home.path)["followed by"]
    assert (found.grade, found.because) == (Grade.WARNING, "no process follows the sources")


def test_a_process_that_was_ended_from_outside_is_broken(home: Home) -> None:
    processes.begin(home.database, Role.serve, now=lambda: Micros(NOW - 60 * SECOND))
    found = look(home, home.path)["followed by"]
    assert found.grade is Grade.BROKEN
    assert "was not stopped" in found.found


def test_a_process_that_holds_the_home_and_is_not_heard_is_told(home: Home) -> None:
    processes.begin(home.database, Role.serve, now=lambda: Micros(NOW - 60 * SECOND))
    with running.hold(home):
        assert "has not been heard for 30 s" in look(home, home.path)["followed by"].found


def test_without_rules_that_is_told(home: Home) -> None:
    assert look(home, home.path)["rules"].grade is Grade.WARNING
    assert look(home, home.path, Settings(packs=(Path("aws_top5"),)))["rules"].grade is Grade.OK


def test_a_standing_fault_of_a_followed_source_is_the_reason(home: Home) -> None:
    with home.database.write() as state:
        state.execute(
            source_table.insert().values(
                name="trail", type="s3", asked_at=NOW, announced_at=None, fault="no answer", fault_since=NOW
            )
        )
    (stale, _) = standing.look(TRAIL, home, now=NOW)
    assert (stale.grade, stale.because) == (Grade.WARNING, "")
    processes.begin(home.database, Role.serve, now=lambda: NOW)
    (fault, _) = standing.look(TRAIL, home, now=NOW)
    assert (fault.grade, fault.because) == (Grade.BROKEN, "the process that follows it says: no answer")


def test_a_source_that_has_not_answered_for_long_is_told(home: Home) -> None:
    processes.begin(home.database, Role.serve, now=lambda: NOW)
    with home.database.write() as state:
        state.execute(source_table.insert().values(name="trail", type="s3", asked_at=NOW - 600 * SECOND))
    (answered,) = standing.look(TRAIL, home, now=NOW)
    assert answered.grade is Grade.WARNING
