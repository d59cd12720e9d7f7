"""The world fails a run: it says so with a cure and exit code 3, and the next run ends where this one would have."""

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.kept import everything
from tests.support import trailcam
from tests.world import KILL, Step, acting, boxed, fill, powerless

from trailcam.errors import ERRORS, code

PYTHON = [sys.executable, "-m", "trailcam"]


def running(tree: Path, home: Path) -> list[str]:
    """The arguments of a run over the tree."""
    return ["run", str(tree / "logs"), "--packs", str(tree / "rules"), "--home", str(home)]


def refused(done: "subprocess.CompletedProcess[str]", name: str, *, place: Path) -> None:
    """Asserts that a run failed of this, and says where, and what to do."""
    assert (done.returncode, f"error[{code(name)}]" in done.stderr) == (3, True), done.stderr
    assert "Traceback" not in done.stderr
    assert f"--> {place}" in done.stderr
    assert f"hint: {ERRORS[code(name)].cure}" in done.stderr


def recovers(tree: Path, home: Path, undisturbed: dict[str, Any]) -> None:
    """Asserts that the next run gives what an undisturbed one does."""
    again = trailcam(*running(tree, home))
    assert again.returncode == 1, again.stderr  # a rule fails on some events
    assert everything(home) == undisturbed
    verified = trailcam("verify", "--home", home)
    assert verified.returncode == 0, verified.stdout + verified.stderr


# -- a full disk -------------------------------------------------------------------------------------------


def on_small_disk(
    command: list[str], disk: Path, *, size: str, freeing: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """A command with a small disk in the place of a folder; what the disk held lies in the folder then."""
    disk.mkdir()
    kept = disk.with_name("kept")
    steps = [f"{shlex.join(command)} && code=0 || code=$?"]
    if freeing is not None:
        steps.append(shlex.join(["rm", str(freeing)]))
    steps += [shlex.join(["cp", "-a", str(disk), str(kept)]), "exit $code"]
    done = subprocess.run(
        boxed(["sh", "-c", "\n".join(steps)], disk, size=size),
        capture_output=True,
        check=False,
        timeout=120,
        text=True,
    )
    disk.rmdir()
    kept.rename(disk)
    return done


FILLED: list[Step] = [
    ("trailcam.app.keeper", "decide", "before", 1),
    ("trailcam.commit.revisions", "write", "after", 1),
    ("trailcam.commit.publish", "_commit", "before", 2),
    ("trailcam.app.line", "Line.finish", "before", 1),
]

FILLED_TOO: list[Step] = [
    ("trailcam.app.home", "recover", "before", 1),
    ("trailcam.app.line", "Line._begin", "after", 1),
    ("trailcam.app.run", "publish", "before", 1),
    ("trailcam.commit.publish", "_commit", "before", 1),
    ("trailcam.commit.publish", "_mark", "before", 1),
    ("trailcam.app.run", "report", "before", 1),
    ("trailcam.app.line", "Line.finish", "after", 1),
]


@pytest.mark.parametrize(
    "step", [*FILLED, *(pytest.param(step, marks=pytest.mark.slow) for step in FILLED_TOO)], ids=str
)
def test_a_disk_that_fills_up_on_the_way(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any], step: Step
) -> None:
    disk = tmp_path / "disk"
    ballast = disk / "ballast"
    command = acting(fill(ballast), step, running(tree, disk / "home"))
    done = on_small_disk(command, disk, size="20m", freeing=ballast)
    refused(done, "disk_full", place=disk / "home")
    recovers(tree, disk / "home", undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [60, 400, 600, 700, 800])
def test_a_disk_that_is_too_small(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any], kilobytes: int
) -> None:
    disk = tmp_path / "disk"
    done = on_small_disk([*PYTHON, *running(tree, disk / "home")], disk, size=f"{kilobytes}k")
    refused(done, "disk_full", place=disk / "home")
    recovers(tree, disk / "home", undisturbed)


NO_ROOM = (
    "from trailcam.query import scope; import duckdb\n"
    "raise duckdb.OutOfMemoryException('failed to offload data block: No space left on device')"
)


def test_a_disk_that_is_too_small_for_what_counting_spills(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any]
) -> None:
    disk = tmp_path / "disk"
    ballast = disk / "ballast"
    step = ("trailcam.query.scope", "_one", "before", 1)
    done = on_small_disk(
        acting(fill(ballast) + NO_ROOM, step, running(tree, disk / "home")), disk, size="20m", freeing=ballast
    )
    refused(done, "disk_full", place=disk / "home/scratch")
    recovers(tree, disk / "home", undisturbed)


def test_a_disk_that_is_too_small_for_standard_input(tmp_path: Path, tree: Path) -> None:
    disk = tmp_path / "disk"
    piped = (
        f"cat /dev/zero | head -c 5000000 | {shlex.join([*PYTHON, 'run', '-', '--home', str(disk / 'home')])}"
    )
    done = on_small_disk(["sh", "-c", piped], disk, size="2m")
    refused(done, "disk_full", place=disk / "home")
    assert list((disk / "home/spool").iterdir()) == []


# -- locked ------------------------------------------------------------------------------------------------

IMPATIENT = """
import sys
from trailcam.lake import iceberg
from trailcam.state.database import Database
Database.__init__.__kwdefaults__["lock_seconds"] = iceberg._LOCK_SECONDS = 1
from trailcam.cli.application import run_command_line
sys.exit(run_command_line(sys.argv[1:]))
"""


def locked(path: Path, arguments: list[str], *, first: str = "") -> "subprocess.CompletedProcess[str]":
    """The command, with little patience, while somebody else has locked a database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute(first or "BEGIN IMMEDIATE")
        command = [sys.executable, "-c", IMPATIENT, *arguments]
        return subprocess.run(command, capture_output=True, check=False, timeout=120, text=True)


def test_a_state_that_another_process_has_locked(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    (tmp_path / "empty.json").write_text("")
    assert trailcam("run", tmp_path / "empty.json", "--home", home).returncode == 0
    before = everything(home)
    done = locked(home / "state.db", running(tree, home))
    refused(done, "state_locked", place=home / "state.db")
    assert everything(home) == before


@pytest.mark.slow
def test_a_catalog_that_another_process_has_locked(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    done = locked(home / "lake/catalog.db", running(tree, home), first="BEGIN EXCLUSIVE")
    refused(done, "state_locked", place=home / "lake/catalog.db")
    recovers(tree, home, undisturbed)


# -- closed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True], ids=["an empty folder", "a home"])
def test_a_home_without_permission(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any], there: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if there:
        (tmp_path / "empty.json").write_text("")
        assert trailcam("run", tmp_path / "empty.json", "--home", home).returncode == 0
    shut = [home, *(path for path in home.rglob("*") if path.is_dir() or path.name.startswith("state.db"))]
    for path in shut:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = subprocess.run(
            powerless([*PYTHON, *running(tree, home)]),
            capture_output=True,
            check=False,
            timeout=120,
            text=True,
        )
    finally:
        for path in shut:
            path.chmod(0o755 if path.is_dir() else 0o644)
    refused(done, "home_read_only", place=home)
    if there:
        undisturbed = undisturbed | {"ledger": undisturbed["ledger"] | everything(home)["ledger"]}
    recovers(tree, home, undisturbed)


def test_a_home_on_a_disk_that_is_mounted_read_only(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any]
) -> None:
    disk = tmp_path / "disk"
    shut = shlex.join(["mount", "-o", "remount,ro", str(disk)])
    command = ["sh", "-c", f"{shut} && exec {shlex.join([*PYTHON, *running(tree, disk / 'home')])}"]
    refused(on_small_disk(command, disk, size="20m"), "home_read_only", place=disk / "home")
    recovers(tree, disk / "home", undisturbed)


def test_a_file_in_the_place_of_the_home(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "home").write_text("dear")
    refused(trailcam(*running(tree, tmp_path / "home")), "world_refused", place=tmp_path / "home")
    assert (tmp_path / "home").read_text() == "dear"


# -- what an old crash has left ----------------------------------------------------------------------------


def test_what_an_old_crash_has_left_is_removed_and_nothing_else(
    tmp_path: Path, tree: Path, undisturbed: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    step = ("trailcam.app.keeper", "decide", "after", 1)
    killed = subprocess.run(
        acting(KILL, step, running(tree, home)),
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "TRAILCAM_LIMITS_GROUP_BYTES": "4 KiB"},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    day = next((home / "lake/warehouse").glob("*/data/*"))
    whole = next(day.glob("*.parquet")).read_bytes()
    left = [
        home / "spool/tmpstandard_input",
        home / "scratch/duckdb_temp_storage_DEFAULT-0.tmp",
        home / "scratch/.trailcam-backup-abc/state.db",
        home / "spool/folder/file",
        day / "half-written.parquet",
        day / "empty.parquet",
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(whole[: len(whole) // 2] if path.name != "empty.parquet" else b"")
    young = [
        path.with_name(f"young-{path.name}")
        for path in left
        if path.parent.name in ("spool", "scratch", day.name)
    ]
    for path in young:
        path.write_bytes(b"somebody is still at it")
    for path in (*left, left[2].parent, left[3].parent):
        os.utime(path, times=(0, time.time() - 2 * 86_400))
    recovers(tree, home, undisturbed)
    assert [path for path in left if path.exists()] == []
    assert [path for path in young if not path.exists()] == []


# -- whose home it is --------------------------------------------------------------------------------------


def test_a_new_home_is_its_owners_alone_and_one_that_is_there_stays_as_open_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "there").mkdir(mode=0o750)
    for name, mode in (("new", 0o700), ("deep/er", 0o700), ("there", 0o750)):
        assert trailcam("run", tmp_path / "empty.json", "--home", tmp_path / name).returncode == 0
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
    assert trailcam("backup", tmp_path / "b.tar", "--home", tmp_path / "new").returncode == 0
    assert trailcam("restore", tmp_path / "b.tar", "--home", tmp_path / "restored").returncode == 0
    assert (tmp_path / "restored").stat().st_mode & 0o777 == 0o700
