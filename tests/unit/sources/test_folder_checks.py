"""What is told of a followed folder."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trailcam.contracts.source import Finding, Grade, Surroundings
from trailcam.model.timestamps import Micros
from trailcam.sources.live import folder
from trailcam.sources.tables import followed_file
from trailcam.state.database import Database

Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    return made


@pytest.fixture
def look(path: Path, tmp_path: Path) -> Iterator[Look]:
    database = Database(tmp_path / "state.db")
    database.migrate()

    def looked(*, read: tuple[Path, ...] = (), later: float = 0, **options: object) -> dict[str, Finding]:
        with database.write() as state:
            for one in read:
                at = one.stat()
                row = {"source": "drop", "path": str(one), "inode": at.st_ino}
                sizes = {"size_bytes": at.st_size, "modified_ns": at.st_mtime_ns}
                state.execute(followed_file.insert().values(row | sizes))
        surroundings = Surroundings(
            tries=5,
            database=database,
            read=lambda _: (),
            names=(),
            now=Micros(int((time.time() + later) * 1e6)),
        )
        settings = {"path": path, **options}
        return {it.check: it for it in folder.examine("drop", settings, surroundings=surroundings)}

    yield looked


def write(file: Path, *, seconds_ago: float = 0) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text("{}")
    os.utime(file, (time.time() - seconds_ago,) * 2)
    return file


def test_a_folder_that_is_not_there_is_the_reason(look: Look, path: Path) -> None:
    path.rmdir()
    (found,) = look().values()
    assert (found.grade, found.because) == (Grade.BROKEN, f"{path} is not there")


def test_a_file_in_place_of_the_folder_is_the_reason(look: Look, path: Path) -> None:
    path.rmdir()
    path.touch()
    assert look()["folder"].because == f"{path} is no folder"


def test_a_folder_that_may_not_be_read_is_the_reason(
    look: Look, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert look()["folder"].because == f"{path} may not be read"


def test_an_empty_folder_is_a_warning_and_one_without_logs_is_broken(look: Look, path: Path) -> None:
    assert (look()["logs"].grade, look()["logs"].because) == (Grade.WARNING, f"no file lies in {path}")
    write(path / "notes.txt")
    write(path / ".hidden.json")
    found = look()["logs"]
    assert found.grade is Grade.BROKEN
    assert found.because == f"no file in {path} is a log by its name"
    assert found.found == f"{path} holds no logs; notes.txt is none by name; .hidden.json is hidden"


def test_a_file_that_was_written_to_a_moment_ago_waits_for_its_quiet(look: Look, path: Path) -> None:
    write(path / "a.json")
    assert look()["waiting"].found == "a.json is still being written to: read after 5 s of quiet"
    assert "after 60 s" in look(quiet_seconds=60.0, later=30)["waiting"].found


def test_a_file_that_was_moved_here_is_next_and_one_that_stays_is_told(look: Look, path: Path) -> None:
    write(path / "a.json", seconds_ago=1_000)
    assert look()["waiting"].found == "a.json will be read next"
    found = look(later=1_000)["waiting"]
    assert (found.grade, found.found) == (Grade.WARNING, "a.json is whole and not read")


def test_files_that_were_read_show_that_they_arrive_until_others_wait(look: Look, path: Path) -> None:
    file = write(path / "in" / "a.json", seconds_ago=1_000)
    found = look(read=(file,))
    assert (found["read"].found, found["read"].arrives) == ("1 files were read as they are", True)
    assert "waiting" not in found
    write(path / "b.json", seconds_ago=1_000)
    assert not look(later=1_000)["read"].arrives


def test_a_file_that_changed_after_it_was_read_is_read_again(look: Look, path: Path) -> None:
    file = write(path / "a.json", seconds_ago=1_000)
    look(read=(file,))
    file.write_text("{} {}")
    found = look()
    assert "read" not in found
    assert "a.json" in found["waiting"].found


def test_what_is_passed_over_is_told_with_the_reason(look: Look, path: Path) -> None:
    write(path / "a.json")
    write(path / ".c.json")
    assert look()["passed over"].found == ".c.json: they are hidden"
    os.mkfifo(path / "pipe.json")
    (path / ".c.json").unlink()
    assert "pipe.json" in look()["passed over"].found


def test_what_lies_behind_links_is_told_once(look: Look, path: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "b.json")
    (path / "link").symlink_to(tmp_path / "elsewhere")
    (path / "circle").symlink_to(path)
    assert look()["waiting"].found.startswith("link/b.json is still being written to")


def test_a_folder_in_it_that_may_not_be_listed_is_broken(
    look: Look, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path / "a.json")
    (path / "in").mkdir()
    scandir = os.scandir

    def refusing(it: str) -> Any:
        if Path(it) == path / "in":
            raise PermissionError(errno.EACCES, "Permission denied", it)
        return scandir(it)

    monkeypatch.setattr(os, "scandir", refusing)
    assert look()["permission"].because == "in may not be read"


def test_files_that_may_not_be_read_are_broken(
    look: Look, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path / "a.json")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda it, mode: Path(it).name != "a.json" and allowed(it, mode))
    assert look()["permission"].because == "a.json may not be read"


def test_many_files_are_told_by_some_of_them(look: Look, path: Path) -> None:
    for number in range(5):
        write(path / f"{number}.json")
    assert look()["waiting"].found.startswith("0.json, 1.json, 2.json and 2 more are still being written to")
