"""What the world refuses to keep is tried again, from where that can succeed."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.unit.app.live.followed import Fake

from trailcam.app.home import make_home
from trailcam.app.live.follow import Follower
from trailcam.app.live.in_hand import Followed
from trailcam.commit.correlation_standing import Arrived
from trailcam.commit.naming import FilesGone
from trailcam.commit.run_kind import RunKind
from trailcam.engines.local import GroupResult
from trailcam.engines.messages import WorkGroup
from trailcam.errors import Problem, WorldError, code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.timestamps import MINUTE, SECOND, Micros
from trailcam.settings.schema import Settings
from trailcam.settings.sources import SourceSettings

LETTER = DeadLetter(
    origin_id="a", origin_name="a", position=0, size_bytes=1, reason=code("json_broken"), detail="", raw=b"x"
)


def follower(folder: Path, told: list[str]) -> Follower:
    def tells(what: str, /, **_: Any) -> None:
        told.append(what)

    return Follower(
        settings=Settings(), home=make_home(folder), kind=RunKind.live, role=None, stop=threading.Event(),
        told=tells, workers=1, followed=[],
    )  # fmt: skip


def later_of(it: Follower, error: WorldError) -> GroupResult:
    """What is tried again of a group that could not be kept for this."""

    def keep(_: GroupResult) -> None:
        raise error

    line: Any = SimpleNamespace(decides=lambda: None, keeper=SimpleNamespace(keep=keep))
    it._keep(line, GroupResult(WorkGroup(()), dead_letters=[LETTER]))
    return it.later.pop().result


def test_a_group_whose_staged_files_are_gone_is_worked_on_anew(tmp_path: Path) -> None:
    it = follower(tmp_path, [])
    gone = FilesGone(Problem(code=code("staged_gone"), message="it is not there"))
    assert later_of(it, gone).dead_letters == []
    locked = WorldError(Problem(code=code("state_locked"), message="database is locked"))
    assert later_of(it, locked).dead_letters == [LETTER]


def test_a_fault_that_several_meet_is_told_once_and_is_over_when_it_is_for_all(tmp_path: Path) -> None:
    told: list[str] = []
    it = follower(tmp_path, told)
    locked = WorldError(Problem(code=code("state_locked"), message="database is locked"))

    def refused() -> None:
        raise locked

    it._trying("state", refused, part="beat")
    it._trying("state", refused, part="watch")
    it._trying("state", lambda: None, part="beat")
    assert told == ["state fails"]
    it._trying("state", refused, part="beat")
    it._trying("state", lambda: None, part="watch")
    it._trying("state", lambda: None, part="beat")
    assert told == ["state fails", "state works again"]


def test_what_no_worker_has_got_through_yet_has_not_arrived_however_long_it_takes(tmp_path: Path) -> None:
    it = follower(tmp_path, [])
    it.settings = Settings(sources=(SourceSettings(name="trail", type="s3"),))
    seconds = [1_000_000.0]
    it.now = lambda: seconds[0]
    it.followed_since = Micros(0)
    it.intake = it._intake()
    it.intake.hand.clock = lambda: seconds[0]
    source = Fake(label="trail")
    announced = Followed(name="trail", source=source, tries=1), source.notice(source.announce("a"))
    it.intake.hand.take(*announced, {})
    seconds[0] += 80 * 60
    before = Arrived(until=Micros((1_000_000 - 3600) * SECOND))
    assert it._arrived() == before
    it.intake.hand.let_go(*announced)
    assert it._arrived() == Arrived(until=Micros(before.until + 80 * MINUTE))


def test_who_stops_gives_back_what_is_in_hand_and_takes_nothing_for_absent(tmp_path: Path) -> None:
    it = follower(tmp_path, [])
    it.settings = Settings(sources=(SourceSettings(name="trail", type="s3"),))
    it.followed_since = Micros(0)
    it.intake = it._intake()
    assert it._arrived() is not None
    it.stop.set()
    assert it._arrived() is None
