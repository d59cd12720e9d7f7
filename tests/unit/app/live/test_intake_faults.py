"""What is received is settled, refused or given back; faults are told once, and so is their end."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.live.followed import until

from trailcam.app.live import conditions, intake
from trailcam.app.live.conditions import Part
from trailcam.app.live.in_hand import Followed, InHand
from trailcam.app.live.intake import Intake
from trailcam.contracts.source import Blob, Notice
from trailcam.errors import Problem, WorldError, code
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.sources.fetched import Fetched

UNREACHABLE = WorldError(Problem(code=code("source_unreachable"), message="it does not answer"))


class Source:
    """Announces what is put in `waiting`; `fails` says of which names fetching fails."""

    pollers = 1
    hold_seconds = 3600.0

    def __init__(self, *names: str) -> None:
        self.waiting = [notice(name) for name in names]
        self.fails: Callable[[str], bool] = lambda _: False
        self.fetched: list[str] = []
        self.settled: list[str] = []
        self.postponed: list[tuple[str, float]] = []
        self._lock = threading.Lock()

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:  # it does not wait
        with self._lock:
            given, self.waiting = self.waiting, []
        if not given:
            time.sleep(0.001)
        return given

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:  # nothing is large
        self.fetched.append(notice.name)
        if self.fails(notice.name):
            raise UNREACHABLE
        origin = Origin(
            id=notice.name,
            name=notice.name,
            source_id="s",
            source_label="s",
            size_bytes=1,
            fallback_time=Micros(0),
        )
        return Fetched(origin=origin, data=b"x")

    def hold(self, notices: Sequence[Notice]) -> None:
        pass

    def settle(self, notices: Sequence[Notice]) -> None:
        self.settled += [it.name for it in notices]

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:
        self.postponed += [(it.name, seconds) for it in notices]

    def close(self) -> None:
        pass


def notice(name: str) -> Notice:
    return Notice(name=name, origin_id=name, size_bytes=1, tries=1, receipt=None)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr(conditions, "STEADY_SECONDS", 0.3)
    monkeypatch.setattr(intake, "_SETTLED_EVERY_SECONDS", 0.01)


@contextmanager
def taken_in(
    source: Source, *, finishes: bool = False, group_seconds: float = 0.01
) -> Iterator[tuple[Intake, list[str]]]:
    """An intake of a source, and what it tells."""
    told: list[str] = []

    def tells(what: str, /, **_: Any) -> None:
        told.append(what)

    with Intake(
        followed=[Followed(name="s", source=source, tries=5, finishes=finishes)],
        spool=Path(),
        known=lambda _: {},
        told=tells,
        hand=InHand(group_bytes=1 << 20, group_seconds=group_seconds, ahead_bytes=1 << 20),
        wait_seconds=0.01,
    ) as it:
        yield it, told


def given(it: Intake, names: list[str]) -> list[str]:
    """These, and what is given out now, and done at once."""
    while (group := it.next_group()) is not None:
        for blob in group.blobs:
            names.append(blob.origin.name)
            it.hand.done(blob)
    return names


def test_a_source_that_fails_now_and_then_is_told_of_once_and_so_is_its_end() -> None:
    source = Source(*(f"{number}" for number in range(60)))
    failed = set()

    def every_third_once(name: str) -> bool:
        if int(name) % 3 or name in failed:
            return False
        failed.add(name)
        return True

    source.fails = every_third_once
    with taken_in(source) as (it, told):
        done: list[str] = []
        until(lambda: len(given(it, done)) == 60)
        assert told == ["source fails"]
        until(lambda: it.conditions["s"].faults == {})
        assert told == ["source fails", "source works again"]
    assert source.postponed == []


def test_while_nothing_can_be_fetched_what_is_in_hand_stays_there() -> None:
    source = Source("a", "b")
    source.fails = lambda _: True
    with taken_in(source) as (it, told):
        until(lambda: source.fetched.count("a") > 10)
        time.sleep(0.4)
        assert (source.postponed, told) == ([], ["source fails"])
        source.fails = lambda _: False
        done: list[str] = []
        until(lambda: len(given(it, done)) == 2)
        until(lambda: told == ["source fails", "source works again"])


def test_an_object_that_fails_while_others_come_is_given_back() -> None:
    source = Source("bad")
    source.fails = lambda name: name == "bad"
    with taken_in(source) as (it, _):
        until(lambda: source.fetched.count("bad") > 1)
        it._answers(it.followed[0], Part.objects)  # of another poller
        until(lambda: source.postponed)
        assert [name for name, seconds in source.postponed if seconds >= 30] == ["bad"]


def test_a_stop_gives_back_at_once_what_was_not_given_out() -> None:
    source = Source("a", "b")
    with taken_in(source, group_seconds=60) as (it, _):
        until(lambda: sum(map(len, it.hand._ready.values())) == 2)
        it.stop()
        assert it.next_group() is None
        until(lambda: sorted(source.postponed) == [("a", 0), ("b", 0)])
        assert it.is_drained
    assert len(source.postponed) == 2


def test_what_would_not_come_again_is_given_out_after_a_stop_too() -> None:
    source = Source("a")
    with taken_in(source, finishes=True, group_seconds=60) as (it, _):
        until(lambda: sum(map(len, it.hand._ready.values())) == 1)
        source.waiting = [notice("b")]
        it.stop()
        assert not it.is_drained
        done: list[str] = []
        until(lambda: given(it, done) and it.is_drained)
        assert sorted(done) == ["a", "b"]
    assert source.postponed == []
