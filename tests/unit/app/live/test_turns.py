"""The thread that has turns: under the rules in force, told once when the world refuses, and never in silence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.app.live.followed import out_of_order, until

from trailcam.app.line import Line
from trailcam.app.live import turns
from trailcam.app.live.turns import Turns


@dataclass
class FakeLane:
    """A lane that is due as long as it is told so, and fails when it is told so."""

    due: bool = True
    failing: BaseException | None = None
    drained: int = 0

    def is_due(self) -> bool:
        return self.due

    def drain(self, _engine: object, *, stopped: Callable[[], bool]) -> None:
        assert not stopped()
        if self.failing is not None:
            raise self.failing
        self.drained += 1


@dataclass
class FakeLine:
    lane: FakeLane = field(default_factory=FakeLane)
    engines: list[str] = field(default_factory=list)

    @contextmanager
    def new_engine(self, workers: int) -> Iterator[object]:
        self.engines.append(f"{workers} started")
        try:
            yield object()
        finally:
            self.engines.append("ended")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_LOOK_SECONDS", 0.005)
    monkeypatch.setattr(turns, "_PAUSE_SECONDS", 0.005)


def following(current: list[FakeLine], told: list[str]) -> Turns:
    def tell(event: str, **_: Any) -> None:
        told.append(event)

    return Turns(lambda: cast("Line", current[-1]), told=tell)


def test_a_worker_starts_with_the_first_candidate_and_ends_with_the_line() -> None:
    first, second = FakeLine(FakeLane(due=False)), FakeLine()
    lines = [first]
    with following(lines, []) as running:
        running.look()
        assert first.engines == []
        first.lane.due = True
        until(lambda: first.lane.drained > 2)
        assert first.engines == ["1 started"]
        lines.append(second)
        until(lambda: second.lane.drained > 2)
        assert first.engines == ["1 started", "ended"]
    assert second.engines == ["1 started", "ended"]


def test_what_the_world_refuses_is_told_once_and_tried_until_it_works() -> None:
    line, told = FakeLine(FakeLane(failing=out_of_order())), list[str]()
    with following([line], told) as running:
        until(lambda: len(line.engines) > 4)
        assert told == ["rules that keep state wait"]
        line.lane.failing = None
        until(lambda: len(told) == 2)
        assert told[-1] == "rules that keep state run again"
        running.look()


def test_a_defect_does_not_go_unseen() -> None:
    line = FakeLine(FakeLane(failing=KeyError("defect")))
    with following([line], []) as running:
        until(lambda: running._broken is not None)
        with pytest.raises(KeyError, match="defect"):
            running.look()
