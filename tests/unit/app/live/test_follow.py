"""What is followed goes on, and ends, whatever the world refuses to keep."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from tests.kept import write_rules
from tests.unit.app.live.followed import Fake, out_of_order, until

from trailcam.app.home import make_home
from trailcam.app.keeper import Keeper
from trailcam.app.line import Line
from trailcam.app.live import follow
from trailcam.app.live.follow import Follower
from trailcam.app.live.in_hand import Followed
from trailcam.app.load import load
from trailcam.commit.run_kind import RunKind
from trailcam.settings.schema import LiveSettings, Settings
from trailcam.settings.sources import SourceSettings
from trailcam.sources.tables import source as source_table
from trailcam.state import processes
from trailcam.state.processes import Role

LIVE = LiveSettings(group_seconds=0.01, publish_seconds=60, wait_seconds=0.05)


def following(tmp_path: Path, fakes: Sequence[Fake], told: list[tuple[str, dict[str, Any]]]) -> Follower:
    """A process that follows fakes, in this one."""
    settings = Settings(home=tmp_path / "home", packs=(write_rules(tmp_path / "rules"),), live=LIVE)
    return Follower(
        settings=settings,
        home=make_home(settings.home),
        kind=RunKind.live,
        role=None,
        stop=threading.Event(),
        told=lambda what, /, **values: told.append((what, values)),
        workers=1,
        followed=[Followed(name=it.label, source=it, tries=1) for it in fakes],
    )


def run(follower: Follower) -> threading.Thread:
    loaded = load(settings=follower.settings)
    thread = threading.Thread(target=follower.run, args=(loaded,), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("what", ["unreadable", "a.json"])
def test_who_is_told_to_stop_stops_also_when_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise out_of_order("disk_full")

    monkeypatch.setattr(Keeper, "refuse", refuses)
    monkeypatch.setattr(Keeper, "keep", refuses)
    monkeypatch.setattr(follow, "_PAUSE_SECONDS", 0.3)
    fake = Fake()
    told: list[tuple[str, dict[str, Any]]] = []
    fake.announce(what, b'{"Records": []}')
    follower = following(tmp_path, [fake], told)
    thread = run(follower)
    until(lambda: "home fails" in [it for it, _ in told], seconds=60)
    follower.stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert fake.settled == []
    assert fake.postponed == [(what, 0)]


def test_what_could_not_be_kept_is_kept_when_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [2]
    refuse, keep = Keeper.refuse, Keeper.keep

    def at_last(does: Any) -> Any:
        def done(*given: Any, **named: Any) -> Any:
            if failures[0]:
                failures[0] -= 1
                raise out_of_order("disk_full")
            return does(*given, **named)

        return done

    monkeypatch.setattr(Keeper, "refuse", at_last(refuse))
    monkeypatch.setattr(Keeper, "keep", at_last(keep))
    monkeypatch.setattr(follow, "_PAUSE_SECONDS", 0.1)
    fake = Fake()
    told: list[tuple[str, dict[str, Any]]] = []
    fake.announce("unreadable", b"hello")
    fake.announce("a.json", b'{"Records": []}')
    follower = following(tmp_path, [fake], told)
    thread = run(follower)
    until(lambda: sorted(fake.settled) == ["a.json", "unreadable"], seconds=60)
    follower.stop.set()
    thread.join(20)
    assert not thread.is_alive()
    said = [it for it, _ in told]
    assert said.count("home fails") >= 1
    assert said.count("home works again") == said.count("home fails")
    assert said.count("dead letter") == 1


def test_who_follows_for_a_short_time_leaves_behind_when_its_sources_last_answered(tmp_path: Path) -> None:
    fake = Fake(label="brief")
    follower = following(tmp_path, [fake], [])
    follower.settings = replace(follower.settings, sources=(SourceSettings(name="brief", type="folder"),))
    follower.role = Role.serve
    follower.clock = lambda: 0.0  # no beat is due before the end
    thread = run(follower)
    until(lambda: fake.received > 3, seconds=60)
    follower.stop.set()
    thread.join(20)
    assert not thread.is_alive()
    with follower.home.database.read() as connection:
        (row,) = connection.execute(sqlalchemy.select(source_table))
    assert row.name == "brief"
    assert row.asked_at is not None


def test_who_waits_for_a_worker_in_its_main_loop_is_heard_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "BEAT_SECONDS", 0.02)
    goes_on = threading.Event()
    follower = following(tmp_path, [Fake()], [])
    follower.role = Role.serve
    day = [1]
    follower.now = lambda: time.time() + day[0] * 86_400

    def wait(_: Line) -> None:
        goes_on.wait(60)

    def heard() -> list[processes.Process]:
        return processes.running(follower.home.database, now=follower._micros())

    follower.ticked = wait
    thread = run(follower)
    until(heard, seconds=60)
    day[0] = 2
    assert [it.id for it in until(heard)] == [follower.process_id]
    follower.stop.set()
    goes_on.set()
    thread.join(20)
    assert not thread.is_alive()
    assert heard() == []
