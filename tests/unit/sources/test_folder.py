"""A followed folder: whole files, each once, in the words of the contract and in the face of what files do.

No test waits: the clocks of the source are the test's.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from trailcam.contracts.source import NotFetched, Notice
from trailcam.errors import WorldError, code
from trailcam.sources.live import folder
from trailcam.sources.live.folder import FolderSource, open_source
from trailcam.sources.tables import followed_file
from trailcam.state.database import Database

QUIET_SECONDS = 5.0
BEGINNING = 1_800_000_000.0


class Clocks:
    """Time as the source sees it: `pass_` moves both clocks, `jump` only that of the wall."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._jumped = 0.0

    def monotonic(self) -> float:
        return 1_000 + self._passed

    def time_ns(self) -> int:
        return int((BEGINNING + self._passed + self._jumped) * 1e9)

    def pass_(self, seconds: float) -> None:
        self._passed += seconds

    def jump(self, seconds: float) -> None:
        self._jumped += seconds


class World:
    """A folder, who writes to it, and who follows it."""

    def __init__(self, tmp_path: Path, clocks: Clocks) -> None:
        self.path = tmp_path / "followed"
        self.path.mkdir()
        self.elsewhere = tmp_path / "elsewhere"
        self.elsewhere.mkdir()
        self.clocks = clocks
        self.database = Database(tmp_path / "state.db", lock_seconds=0.05)
        self.database.migrate()
        self.source = self.opened()

    def opened(self, name: str = "drop") -> FolderSource:
        options = {"path": self.path, "quiet_seconds": QUIET_SECONDS}
        return open_source(name, options, database=self.database)

    def write(self, name: str, data: bytes = b"{}", *, folder: Path | None = None) -> Path:
        """A file as it lies there when somebody has written to it now."""
        path = (folder or self.path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.touch(path)
        return path

    def touch(self, path: Path) -> None:
        now = self.clocks.time_ns()
        os.utime(path, ns=(now, now))

    def moved_in(self, name: str, *, seconds_ago: float = 60) -> Path:
        """A file that was written elsewhere, some time ago, and is moved here now."""
        self.clocks.pass_(-seconds_ago)
        path = self.write(name.rpartition("/")[2], folder=self.elsewhere)
        self.clocks.pass_(seconds_ago)
        return path.rename(self.path / name)

    def looked(self) -> list[Notice]:
        """What one look announces; a look is due by now."""
        self.clocks.pass_(1.0)
        return list(self.source.receive(wait_seconds=0))

    def names(self) -> list[str]:
        return [os.path.relpath(it.name, self.path) for it in self.looked()]

    def read(self, notice: Notice) -> bytes:
        with self.source.fetch(notice, spool=self.elsewhere).open() as chunks:
            return b"".join(chunks)

    def kept(self) -> list[str]:
        with self.database.read() as state:
            return [row.path for row in state.execute(select(followed_file))]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clocks = Clocks()
    monkeypatch.setattr(folder, "time", clocks)
    yield World(tmp_path, clocks)


def test_a_file_that_is_moved_in_is_announced_at_the_second_look(world: World) -> None:
    world.moved_in("a.json")
    assert world.names() == []
    assert world.names() == ["a.json"]
    assert world.names() == []


def test_a_file_is_announced_when_it_was_not_written_to_for_long_enough(world: World) -> None:
    world.write("a.json")
    looks = [world.names() for _ in range(7)]
    assert looks == [[], [], [], [], ["a.json"], [], []]


def test_a_file_that_is_written_to_again_and_again_is_not_announced(world: World) -> None:
    path = world.write("a.json", b"")
    for _ in range(10):
        assert world.names() == []
        with path.open("ab") as file:
            file.write(b"{}\n")
        world.touch(path)
    assert [name for _ in range(6) for name in world.names()] == ["a.json"]


def test_a_file_that_grew_after_it_was_read_is_read_again_as_a_whole(world: World) -> None:
    path = world.moved_in("a.json")
    world.looked()
    (notice,) = world.looked()
    before = world.source.fetch(notice, spool=world.elsewhere).origin
    path.write_bytes(b'{"grown": 1}')
    world.touch(path)
    assert world.names() == []  # it is still in hand
    world.source.settle([notice])
    looks = [world.looked() for _ in range(7)]
    (again,) = [it for found in looks for it in found]
    assert world.read(again) == b'{"grown": 1}'
    assert world.source.fetch(again, spool=world.elsewhere).origin.id != before.id


def test_hidden_files_and_other_names_are_passed_over(world: World) -> None:
    for name in (".a.json", ".git/a.json", "a.json.tmp", "a.txt", "a", "a.json.part", "b/.c/a.json"):
        world.write(name)
    for name in ("a.json", "B.JSON", "c/d/e.log.gz", "f.jsonl", "g.ndjson", "h.log"):
        world.write(name)
    world.names()
    world.clocks.pass_(10)
    assert world.names() == ["B.JSON", "a.json", "c/d/e.log.gz", "f.jsonl", "g.ndjson", "h.log"]


def test_links_are_followed_each_folder_once_and_those_to_nowhere_are_passed_over(world: World) -> None:
    target = world.write("a.json", b"linked", folder=world.elsewhere / "files")
    world.write("in/b.json", folder=world.elsewhere / "folders")
    (world.path / "link.json").symlink_to(target)
    (world.path / "nowhere.json").symlink_to(world.path / "none")
    (world.path / "itself.json").symlink_to(world.path / "itself.json")
    (world.path / "folder").symlink_to(world.elsewhere / "folders")
    (world.path / "again").symlink_to(world.elsewhere / "folders" / "in")
    (world.path / "circle").symlink_to(world.path)
    (world.elsewhere / "folders" / "in" / "circle").symlink_to(world.elsewhere / "folders")
    world.names()
    world.clocks.pass_(10)
    again, link = world.looked()
    assert os.path.relpath(again.name, world.path) == "again/b.json"
    assert (Path(link.name).name, world.read(link)) == ("link.json", b"linked")


@pytest.fixture
def locked(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Path]]:
    """Folders that cannot be listed, also by root."""
    folders: set[Path] = set()
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path) in folders:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    yield folders


def test_a_folder_in_it_that_cannot_be_listed_is_told_again_and_again_and_the_others_are_read(
    world: World, locked: set[Path]
) -> None:
    locked.add(world.path / "locked")
    (world.path / "locked").mkdir()
    world.moved_in("a.json")
    told, given = [], []
    for _ in range(12):
        try:
            given += world.names()
        except WorldError as error:
            told.append(error.problems[0])
    assert given == ["a.json"]
    assert len(told) == 3
    assert told[0].message == f"source drop cannot look at {world.path / 'locked'}: Permission denied"
    locked.clear()
    assert [world.names() for _ in range(6)] == [[]] * 6


def test_what_cannot_be_listed_for_a_while_is_not_forgotten(world: World, locked: set[Path]) -> None:
    (world.path / "in").mkdir()
    path = world.moved_in("in/a.json")
    world.looked()
    world.source.settle(world.looked())
    for folder_ in (world.path / "in", world.path):
        locked.add(folder_)
        world.clocks.pass_(10)
        with pytest.raises(WorldError, match="Permission denied"):
            world.looked()
        locked.clear()
        assert world.names() == []
    assert world.kept() == [str(path)]


def test_a_file_that_cannot_be_looked_at_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.moved_in("a.json")
    stat = Path.stat

    def broken(self: Path, **asked: Any) -> Any:
        if self == path:
            raise OSError(errno.EIO, "Input/output error", str(self))
        return stat(self, **asked)

    monkeypatch.setattr(Path, "stat", broken)
    with pytest.raises(WorldError, match=r"cannot look at .*a\.json: Input/output error"):
        world.looked()


def test_a_folder_that_cannot_be_reached_is_the_world(world: World) -> None:
    source = open_source("drop", {"path": world.path / ("long" * 100)}, database=world.database)
    with pytest.raises(WorldError, match="File name too long"):
        source.receive(wait_seconds=0)


def test_nothing_waits_for_who_writes_to_a_pipe(world: World) -> None:
    os.mkfifo(world.path / "pipe.json")
    (world.path / "folder.json").mkdir()
    world.names()
    world.clocks.pass_(10)
    assert world.names() == []


def test_a_folder_that_is_gone_is_the_world_and_its_files_are_not_forgotten(world: World) -> None:
    world.moved_in("a.json")
    world.looked()
    world.source.settle(world.looked())
    away = world.path.rename(world.path.with_name("away"))
    for _ in range(2):
        with pytest.raises(WorldError, match="source drop is not there") as failed:
            world.looked()
        assert failed.value.problems[0].code == code("source_unreachable")
    away.rename(world.path)
    world.clocks.pass_(10)
    assert [world.names() for _ in range(3)] == [[], [], []]


def test_who_begins_anew_reads_nothing_again(world: World) -> None:
    world.moved_in("a.json")
    world.moved_in("b.json")
    world.looked()
    first, _ = world.looked()
    world.source.settle([first])
    world.source.close()
    world.source = world.opened()
    assert [world.names(), world.names()] == [[], ["b.json"]]
    world.source = world.opened("another")
    assert [world.names(), world.names()] == [[], ["a.json", "b.json"]]


def test_a_file_that_is_gone_is_forgotten_and_one_of_its_name_is_new(world: World) -> None:
    path = world.moved_in("a.json")
    world.looked()
    world.source.settle(world.looked())
    assert world.kept() == [str(path)]
    path.unlink()
    world.looked()
    assert world.kept() == []
    world.moved_in("a.json")
    assert [world.names(), world.names()] == [[], ["a.json"]]


def test_a_file_that_goes_away_while_it_is_in_hand_harms_nothing(world: World) -> None:
    path = world.moved_in("a.json")
    world.looked()
    (notice,) = world.looked()
    path.unlink()
    with pytest.raises(NotFetched) as refused:
        world.source.fetch(notice, spool=world.elsewhere)
    assert refused.value.reason == code("origin_unreadable")
    world.looked()
    world.source.postpone([notice], seconds=0)
    world.source.settle([notice])
    assert [world.names(), world.names()] == [[], []]
    assert world.kept() == []


def test_what_is_given_back_is_announced_again_and_its_tries_are_counted(world: World) -> None:
    path = world.moved_in("a.json")
    world.looked()
    (notice,) = world.looked()
    for tries in (1, 2, 3):
        assert notice.tries == tries
        world.source.postpone([notice], seconds=30)
        world.clocks.pass_(28)
        assert world.names() == []
        (notice,) = world.looked()
    world.source.postpone([notice], seconds=30)
    path.write_bytes(b"mended")
    world.touch(path)
    looks = [world.looked() for _ in range(8)]
    assert [it.tries for found in looks for it in found] == [1]


def test_a_file_that_cannot_be_read_is_not_fetched(world: World) -> None:
    (world.path / "a.json").symlink_to("/proc/self/mem")  # a file, whose first byte is an error for root too
    world.looked()
    world.clocks.pass_(10)
    (notice,) = world.looked()
    with pytest.raises(NotFetched) as refused:
        world.source.fetch(notice, spool=world.elsewhere)
    assert refused.value.reason == code("origin_unreadable")


@pytest.mark.parametrize("seconds", [3_600, -3_600, 86_400 * 365])
def test_a_clock_that_jumps_makes_no_half_file_whole(world: World, seconds: float) -> None:
    path = world.write("a.json", b"half")
    assert world.names() == []
    world.clocks.jump(seconds)
    assert [world.names() for _ in range(3)] == [[], [], []]
    with path.open("ab") as file:
        file.write(b", whole")
    world.touch(path)
    looks = [world.looked() for _ in range(8)]
    (notice,) = [it for found in looks for it in found]
    assert world.read(notice) == b"half, whole"


def test_a_file_of_the_future_is_read_when_it_was_quiet_for_long_enough(world: World) -> None:
    path = world.write("a.json")
    os.utime(path, (BEGINNING * 2, BEGINNING * 2))
    looks = [world.names() for _ in range(7)]
    assert looks == [[], [], [], [], [], ["a.json"], []]


def test_a_name_that_is_no_text_is_followed_remembered_and_forgotten(world: World) -> None:
    path = world.moved_in(os.fsdecode(b"caf\xe9.json"))
    world.looked()
    (notice,) = world.looked()
    assert world.read(notice) == b"{}"
    world.source.settle([notice])
    assert world.names() == []
    assert world.kept() == [f"{world.path}/caf\\udce9.json"]
    path.unlink()
    assert world.names() == []
    assert world.kept() == []


def test_a_number_of_a_file_that_needs_all_bits_is_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.moved_in("a.json")
    stat = Path.stat

    def large(self: Path, **asked: Any) -> Any:
        found = stat(self, **asked)
        return SimpleNamespace(
            st_size=found.st_size, st_mtime_ns=found.st_mtime_ns, st_mode=found.st_mode, st_ino=(1 << 64) - 1
        )

    monkeypatch.setattr(Path, "stat", large)
    world.looked()
    world.source.settle(world.looked())
    world.source = world.opened()
    assert [world.names(), world.names()] == [[], []]
    assert len(world.kept()) == 1


def test_many_files_are_given_out_in_turn_after_one_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(250):
        world.write(f"{number:03}.json")
    world.looked()
    world.clocks.pass_(10)
    looks = []
    looking = FolderSource._look

    def counted(self: FolderSource) -> list[Notice]:
        looks.append(1)
        return looking(self)

    monkeypatch.setattr(FolderSource, "_look", counted)
    given = [list(world.source.receive(wait_seconds=0)) for _ in range(4)]
    assert [len(notices) for notices in given] == [100, 100, 50, 0]
    assert len({it.name for notices in given for it in notices}) == 250
    assert len(looks) == 1


def test_looking_takes_a_small_share_of_the_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = FolderSource._look

    def slow(self: FolderSource) -> list[Notice]:
        found = looking(self)
        world.clocks.pass_(3)
        return found

    monkeypatch.setattr(FolderSource, "_look", slow)
    world.moved_in("a.json")
    world.looked()
    world.clocks.pass_(50)
    assert world.source.receive(wait_seconds=0) == []
    world.clocks.pass_(10)
    assert len(world.source.receive(wait_seconds=0)) == 1


def test_what_cannot_be_remembered_is_settled_all_the_same(world: World) -> None:
    world.moved_in("a.json")
    world.looked()
    notices = world.looked()
    with world.database.write():
        world.source.settle(notices)
    assert world.kept() == []
    assert [world.names(), world.names()] == [[], []]


def test_a_source_that_is_closed_answers_at_once(world: World) -> None:
    world.source.close()
    assert world.source.receive(wait_seconds=60) == ()
