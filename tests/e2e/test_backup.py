"""Backup and restore: a home as a whole, elsewhere; whole or not at all."""

import hashlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.kept import everything, read, verified, write_rules, write_tree
from tests.support import summary, trailcam
from tests.world import acting, boxed, powerless

from trailcam.app.backup import SUMS, digest_line
from trailcam.app.home import open_home
from trailcam.app.restore import restore
from trailcam.errors import TrailcamError, code

COMMAND = [sys.executable, "-m", "trailcam"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs, rules, a home that has read them in three runs, the summary of the last, and the backup."""
    folder = tmp_path_factory.mktemp("tree")
    write_tree(folder / "logs", objects=12)
    write_rules(folder / "rules")
    first = sorted((folder / "logs").rglob("*.gz"))[:5]
    for paths in (first, [folder / "logs"]):
        run(folder, *paths, home=folder / "home")
    (folder / "summary.json").write_text(json.dumps(run(folder, home=folder / "home")))
    done = trailcam("backup", folder / "backup.tar", "--home", folder / "home")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder


def run(tree: Path, *paths: Path, home: Path) -> dict[str, Any]:
    exit_code, told = summary(*(paths or [tree / "logs"]), "--packs", tree / "rules", "--home", home)
    assert exit_code in (0, 1)  # a rule fails on some events
    return {name: value for name, value in told.items() if name != "seconds"}


def refused(archive: bytes, home: Path) -> str:
    """The code with which an archive is refused; nothing of it is left."""
    with pytest.raises(TrailcamError) as caught:
        restore(io.BytesIO(archive), Path("x.tar"), home)
    assert list(home.parent.iterdir()) == []
    (problem,) = caught.value.problems
    return problem.code


def members(archive: Path) -> dict[str, bytes]:
    found = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            content = opened.extractfile(member)
            assert content is not None, member.name
            found[member.name] = content.read()
    return found


def rebuilt(content: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    """An archive of this content with digests that are right, and further members before them."""
    content = {name: data for name, data in content.items() if name != SUMS}
    sums = "".join(digest_line(hashlib.sha256(data).hexdigest(), name) for name, data in content.items())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in content.items():
            archive.addfile(sized(name, data), io.BytesIO(data))
        for member in more:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
        archive.addfile(sized(SUMS, sums.encode()), io.BytesIO(sums.encode()))
    return out.getvalue()


def sized(name: str, data: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    return member


def published(home: Path) -> dict[str, list[str]]:
    """The rows of every table as Iceberg's own reader sees them."""
    iceberg = open_home(home).iceberg
    found = {}
    for _, name in iceberg.catalog.list_tables("trailcam"):
        table = iceberg.find(name)
        assert table is not None
        found[name] = sorted(map(repr, table.scan().to_arrow().to_pylist()))
    return found


# -- there and back ----------------------------------------------------------------------------------------


def test_a_restored_home_is_the_same_at_another_place_and_needs_nothing_of_the_old_one(
    tmp_path: Path, tree: Path
) -> None:
    before, rows = everything(tree / "home"), published(tree / "home")
    assert {"aws_cloudtrail", "matches", "alerts", "runs", "rule_errors"} <= set(rows)
    (tree / "home").rename(tree / "away")
    try:
        done = trailcam("restore", tree / "backup.tar", "--home", tmp_path / "deep" / "new home")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert everything(tmp_path / "deep" / "new home") == before
        assert published(tmp_path / "deep" / "new home") == rows
        verified = trailcam("verify", "--home", tmp_path / "deep" / "new home")
        assert verified.returncode == 0, verified.stdout
    finally:
        (tree / "away").rename(tree / "home")


def test_a_run_after_restoring_finds_nothing_new_and_says_the_same(tmp_path: Path, tree: Path) -> None:
    assert trailcam("restore", tree / "backup.tar", "--home", tmp_path / "new").returncode == 0
    told = run(tree, home=tmp_path / "new")
    assert {name for name in told if name.startswith("new_") and told[name]} == set()
    assert told == json.loads((tree / "summary.json").read_text())
    assert told["events"] > 0 < told["alerts"]


def test_what_is_new_after_restoring_is_added(tmp_path: Path, tree: Path) -> None:
    assert trailcam("restore", tree / "backup.tar", "--home", tmp_path / "new").returncode == 0
    write_tree(tmp_path / "logs", objects=3, seed=2)
    told = run(tree, tmp_path / "logs", home=tmp_path / "new")
    assert told["new_events"] == 15
    assert len(published(tmp_path / "new")["aws_cloudtrail"]) == everything(tmp_path / "new")["event rows"]


def test_columns_that_a_log_type_has_lost_since_are_restored(tmp_path: Path) -> None:
    types, home = tmp_path / "types", tmp_path / "home"
    assert trailcam("new", "log-type", "Custom.Door", "--folder", types).returncode == 0
    samples, schema = types / "custom_door" / "samples", types / "custom_door" / "schema.yml"
    reading: list[str | Path] = ["--log-types", types, "--home", home]
    assert trailcam("run", samples / "first.json", *reading).returncode == 0
    text = schema.read_text()
    assert "  - name: address" in text
    schema.write_text(text.partition("  - name: address")[0])
    assert trailcam("run", samples / "second.json", *reading).returncode == 0
    rows = published(home)["custom_door"]
    assert sum("'address': '" in row for row in rows) == 1
    assert trailcam("backup", tmp_path / "b.tar", "--home", home).returncode == 0
    done = trailcam("restore", tmp_path / "b.tar", "--home", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert published(tmp_path / "new")["custom_door"] == rows


def test_a_backup_of_a_restored_home_holds_the_same_files(tmp_path: Path, tree: Path) -> None:
    assert trailcam("restore", tree / "backup.tar", "--home", tmp_path / "new").returncode == 0
    assert trailcam("backup", tmp_path / "again.tar", "--home", tmp_path / "new").returncode == 0
    first, second = members(tree / "backup.tar"), members(tmp_path / "again.tar")
    files = {name for name in first if name.endswith(".parquet")}
    assert files == {name for name in second if name.endswith(".parquet")} != set()
    assert all(first[name] == second[name] for name in files)


def test_a_backup_passes_through_a_pipe(tmp_path: Path, tree: Path) -> None:
    command = f"trailcam backup - --home {tree / 'home'} | trailcam restore - --home {tmp_path / 'new'}"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert everything(tmp_path / "new") == everything(tree / "home")
    assert list((tree / "home" / "scratch").iterdir()) == []


def test_the_digests_are_checked_by_other_tools_too(tmp_path: Path, tree: Path) -> None:
    subprocess.run(["tar", "-xf", tree / "backup.tar", "-C", tmp_path], check=True, timeout=60)
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=tmp_path, check=True, timeout=60
    )
    about = json.loads((tmp_path / "backup.json").read_text())
    assert about["files"] == len(list(tmp_path.rglob("*.parquet")))


@pytest.mark.slow
def test_backups_taken_while_a_run_goes_on_are_whole(tmp_path: Path, tree: Path) -> None:
    write_tree(tmp_path / "logs", objects=60, seed=3)
    command = [*COMMAND, "run", str(tmp_path / "logs"), "--packs", str(tree / "rules")]
    trailcam("run", tree / "logs", "--home", tmp_path / "home")  # so that there is a home
    going = subprocess.Popen(
        [*command, "--home", str(tmp_path / "home")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TRAILCAM_LIMITS_GROUP_BYTES": "4 KiB"},
    )
    taken = 0
    while going.poll() is None:
        done = trailcam("backup", tmp_path / f"{taken}.tar", "--home", tmp_path / "home")
        assert done.returncode == 0, done.stderr
        taken += 1
    assert taken >= 2
    assert run(tree, tmp_path / "logs", home=tmp_path / "home")["new_events"] == 0
    whole = everything(tmp_path / "home")
    for number in {0, taken // 2}:
        home = tmp_path / f"home{number}"
        with (tmp_path / f"{number}.tar").open("rb") as archive:
            restore(archive, tmp_path / f"{number}.tar", home)
        assert verified(home).holds, verified(home)
        read(tmp_path / "logs", tree / "rules", home)
        assert everything(home) == whole


# -- archives that are none --------------------------------------------------------------------------------


def test_an_archive_that_was_cut_off_anywhere_is_told_and_nothing_is_left(tmp_path: Path, tree: Path) -> None:
    data = (tree / "backup.tar").read_bytes()
    with tarfile.open(tree / "backup.tar") as archive:
        starts = [at for member in archive for at in (member.offset, member.offset_data)]
        last = archive.getmember(SUMS)
    end = last.offset_data + last.size  # what follows is padding
    places = {0, 1, 511, 512, end - 1, *starts, *random.sample(range(end), 60)}
    for place in sorted(places):
        assert refused(data[:place], tmp_path / "home") == code("not_a_backup"), place


def test_no_altered_byte_goes_unnoticed(tmp_path: Path, tree: Path) -> None:
    data = (tree / "backup.tar").read_bytes()
    with tarfile.open(tree / "backup.tar") as archive:
        inside = [(member.offset_data, member.size) for member in archive]
        headers = [member.offset for member in archive]
    places = [start + random.randrange(size) for start, size in inside for _ in range(6)]
    # of a header all that means something, but for its checksum: " 1" in it is the same number as "01"
    meaning = [*range(148), *range(156, 345)]
    places += [start + random.choice(meaning) for start in headers for _ in range(3)]
    for place in places:
        altered = bytearray(data)
        altered[place] ^= 1 << random.randrange(8)
        assert refused(bytes(altered), tmp_path / "home") == code("not_a_backup"), place


def test_what_is_no_archive_is_told(tmp_path: Path, tree: Path) -> None:
    for data in (b"", b"\0" * 10_240, b"text\n" * 5_000, (tree / "home" / "state.db").read_bytes()):
        assert refused(data, tmp_path / "home") == code("not_a_backup")


def link(kind: bytes, name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


DAY = "lake/warehouse/aws_cloudtrail/data/2026-03-01"

INTRUDERS = {
    "a path that leads out": sized("../out", b"x"),
    "a path that leads out of a day": sized(f"{DAY}/../../../../../../../../out.parquet", b"x"),
    "a path from the root": sized("/out", b"x"),
    "a file of another kind": sized("lake/catalog.db", b"x"),
    "a second state": sized("state.db", b"x"),
    "a second beginning": sized("backup.json", b"x"),
    "a file that no digest names": sized(f"{DAY}/A-B.parquet", b"x"),
    "a link": link(tarfile.SYMTYPE, f"{DAY}/A-B.parquet", "/etc/passwd"),
    "a link in the place of a folder": link(tarfile.SYMTYPE, "lake/warehouse/matches", "/"),
    "a hard link": link(tarfile.LNKTYPE, f"{DAY}/A-B.parquet", "state.db"),
    "a device": link(tarfile.CHRTYPE, f"{DAY}/A-B.parquet", ""),
    "a pipe": link(tarfile.FIFOTYPE, f"{DAY}/A-B.parquet", ""),
    "a folder": link(tarfile.DIRTYPE, DAY, ""),
}


@pytest.mark.parametrize("intruder", INTRUDERS.values(), ids=INTRUDERS.keys())
def test_a_hostile_member_is_refused_and_touches_nothing(
    tmp_path: Path, tree: Path, intruder: tarfile.TarInfo
) -> None:
    (tmp_path / "inner").mkdir()
    content = members(tree / "backup.tar")
    assert refused(rebuilt(content, intruder), tmp_path / "inner" / "home") == code("not_a_backup")
    assert list(tmp_path.iterdir()) == [tmp_path / "inner"]


def test_an_archive_that_was_put_together_anew_is_held_against_its_state(tmp_path: Path, tree: Path) -> None:
    content = members(tree / "backup.tar")
    file = next(name for name in content if name.endswith(".parquet"))
    less = {name: data for name, data in content.items() if name != file}
    other = {**content, file: content[file][:-1] + b"x"}
    more = {**content, file.replace(".parquet", "X.parquet"): b"x"}
    headless = {name: data for name, data in content.items() if name != "state.db"}
    strange = {**content, "state.db": b"SQLite format 3\0" + b"x" * 5_000}
    assert refused(rebuilt(less), tmp_path / "home") == code("not_a_backup")
    assert refused(rebuilt(more), tmp_path / "home") == code("not_a_backup")
    assert refused(rebuilt(other), tmp_path / "home") == code("not_a_backup")
    assert refused(rebuilt(headless), tmp_path / "home") == code("not_a_backup")
    assert refused(rebuilt(strange), tmp_path / "home") == code("state_damaged")
    for about in (b"{}", b"[]", b"x", b'{"form": 2, "taken_at": "", "size_bytes": 0}'):
        assert refused(rebuilt({**content, "backup.json": about}), tmp_path / "home") == code("not_a_backup")
    restore(io.BytesIO(rebuilt(content)), Path("x.tar"), tmp_path / "home")  # so much for `rebuilt`


def test_the_state_of_a_later_version_is_refused(tmp_path: Path, tree: Path) -> None:
    content = members(tree / "backup.tar")
    (tmp_path / "state.db").write_bytes(content["state.db"])
    state = sqlite3.connect(tmp_path / "state.db")
    state.execute("UPDATE alembic_version SET version_num = '9999'")
    state.commit()
    state.close()
    content["state.db"] = (tmp_path / "state.db").read_bytes()
    (tmp_path / "state.db").unlink()
    assert refused(rebuilt(content), tmp_path / "home") == code("state_too_new")


# -- places that are taken ---------------------------------------------------------------------------------


def test_a_home_that_is_there_is_left_alone(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dear").write_text("")
    (tmp_path / "file").write_text("")
    for name in ("home", "file"):
        done = trailcam("restore", tree / "backup.tar", "--home", tmp_path / name)
        assert done.returncode == 2
        assert f"error[{code('already_there')}]" in done.stderr
        assert "--home" in done.stderr
    assert list((tmp_path / "home").iterdir()) == [tmp_path / "home" / "dear"]


def test_an_empty_folder_becomes_a_home(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "home").mkdir()
    done = trailcam("restore", tree / "backup.tar", "--home", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == [
        "lake",
        "lookups",
        "scratch",
        "spool",
        "state.db",
    ]
    assert everything(tmp_path / "home") == everything(tree / "home")


def test_a_disk_of_its_own_becomes_a_home(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "disk").mkdir()
    restoring = [*COMMAND, "restore", str(tree / "backup.tar"), "--home", str(tmp_path / "disk")]
    verifying = [*COMMAND, "verify", "--home", str(tmp_path / "disk")]
    done = in_box(tmp_path / "disk", restoring, verifying, size="50m")
    assert done.returncode == 0, done.stderr
    assert "nothing is missing" in done.stderr


def test_a_file_is_overwritten_only_by_force(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "b.tar").write_text("dear")
    done = trailcam("backup", tmp_path / "b.tar", "--home", tree / "home")
    assert (done.returncode, f"error[{code('already_there')}]" in done.stderr) == (2, True)
    assert "--force" in done.stderr
    assert (tmp_path / "b.tar").read_text() == "dear"
    assert trailcam("backup", tmp_path / "b.tar", "--force", "--home", tree / "home").returncode == 0
    restore(io.BytesIO((tmp_path / "b.tar").read_bytes()), Path("b.tar"), tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"b.tar", "new"}


def test_not_even_force_takes_the_place_of_what_is_no_file(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        done = trailcam("backup", tmp_path / name, "--force", "--home", tree / "home")
        assert (done.returncode, f"error[{code('cannot_write')}]" in done.stderr) == (3, True)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "pipe"}


# -- the world fails ---------------------------------------------------------------------------------------


def in_box(folder: Path, *commands: list[str], size: str) -> "subprocess.CompletedProcess[str]":
    """Commands with a small disk in the place of a folder; at the end, what lies there, on standard output."""
    script = "\n".join(["set -e; trap 'ls -A \"$0\"' EXIT", *(" ".join(command) for command in commands)])
    command = boxed(["sh", "-c", script, str(folder)], folder, size=size)
    return subprocess.run(command, capture_output=True, check=False, timeout=120, text=True)


@pytest.mark.parametrize("size", ["4k", "100k", "420k"])
def test_a_full_disk_leaves_no_backup(tmp_path: Path, tree: Path, size: str) -> None:
    assert (tree / "backup.tar").stat().st_size > 180_000
    command = [*COMMAND, "backup", str(tmp_path / "b.tar"), "--home", str(tree / "home")]
    done = in_box(tmp_path, command, size=size)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert f"error[{code('disk_full')}]" in done.stderr
    assert str(tmp_path / "b.tar") in done.stderr


@pytest.mark.parametrize("size", ["4k", "150k", "260k"])
@pytest.mark.parametrize("home", ["", "/new"], ids=["into the disk itself", "into a folder on it"])
def test_a_full_disk_leaves_no_home(tmp_path: Path, tree: Path, size: str, home: str) -> None:
    command = [*COMMAND, "restore", str(tree / "backup.tar"), "--home", f"{tmp_path}{home}"]
    done = in_box(tmp_path, command, size=size)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert f"error[{code('disk_full')}]" in done.stderr


@pytest.mark.slow
def test_a_disk_that_is_full_when_all_is_there_keeps_what_is_there(tmp_path: Path, tree: Path) -> None:
    """Tables are made after the home has its place; how much they need is not known before."""
    command = [*COMMAND, "restore", str(tree / "backup.tar"), "--home", f"{tmp_path}/new"]
    left = []
    for kilobytes in range(260, 1_000, 40):
        done = in_box(tmp_path, command, size=f"{kilobytes}k")
        assert "Traceback" not in done.stderr
        if done.returncode == 0:  # so it is on every larger disk
            break
        if done.stdout:
            assert done.returncode == 3, done.stderr
            assert "all that was saved is there" in done.stderr
            assert done.stdout == "new\n"
            left.append(kilobytes)
    assert left, "on none of these disks is there room for what was saved, but not for the tables"


def test_folders_without_permission_are_told(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o555)
    shutil.copy(tree / "backup.tar", tmp_path / "closed.tar")
    (tmp_path / "closed.tar").chmod(0)
    home, target = ["--home", str(tree / "home")], str(tmp_path / "shut" / "x")
    for arguments, name in (
        (["backup", target, *home], "cannot_write"),
        (["restore", str(tree / "backup.tar"), "--home", target], "home_read_only"),
        (["restore", str(tmp_path / "closed.tar"), "--home", str(tmp_path / "new")], "world_refused"),
    ):
        done = subprocess.run(
            powerless([*COMMAND, *arguments]), capture_output=True, check=False, timeout=60, text=True
        )
        assert (done.returncode, f"error[{code(name)}]" in done.stderr) == (3, True), done.stderr
    assert list((tmp_path / "shut").iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_paths_that_do_not_exist_are_told(tmp_path: Path, tree: Path) -> None:
    done = trailcam("restore", tmp_path / "none.tar", "--home", tmp_path / "new")
    assert (done.returncode, f"error[{code('path_not_found')}]" in done.stderr) == (2, True)
    done = trailcam("backup", tmp_path / "none" / "b.tar", "--home", tree / "home")
    assert (done.returncode, f"error[{code('cannot_write')}]" in done.stderr) == (3, True)
    done = trailcam("backup", tmp_path / "b.tar", "--home", tmp_path / "new")
    assert (done.returncode, f"error[{code('nothing_kept')}]" in done.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["removed", "shortened", "rotten"])
def test_a_home_that_has_lost_a_file_is_not_saved_as_if_it_were_whole(
    tmp_path: Path, tree: Path, harm: str
) -> None:
    restore(io.BytesIO((tree / "backup.tar").read_bytes()), Path("b.tar"), tmp_path / "home")
    lost = next((tmp_path / "home" / "lake" / "warehouse" / "aws_cloudtrail" / "data").rglob("*.parquet"))
    if harm == "removed":
        lost.unlink()
    elif harm == "shortened":
        os.truncate(lost, 10)
    else:
        with lost.open("r+b") as file:
            file.seek(lost.stat().st_size // 2)
            file.write(b"\0" * 16)
    done = trailcam("backup", tmp_path / "b.tar", "--home", tmp_path / "home")
    assert (done.returncode, f"error[{code('state_damaged')}]" in done.stderr) == (3, True)
    assert lost.name in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


def signalled(number: int, step: tuple[str, str, int], *arguments: str | Path) -> int:
    module, name, call = step
    act = f"os.kill(os.getpid(), {int(number)})"
    command = acting(act, (module, name, "before", call), list(map(str, arguments)))
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "step",
    [
        ("trailcam.app.backup", "Database.copy_to", 1),
        ("trailcam.app.backup", "_Hashed.read", 4),
        ("trailcam.app.backup", "_place", 1),
    ],
    ids=lambda step: step[1],
)
def test_an_interrupted_backup_leaves_nothing(
    tmp_path: Path, tree: Path, number: int, step: tuple[str, str, int]
) -> None:
    ended = signalled(number, step, "backup", tmp_path / "b.tar", "--home", tree / "home")
    assert ended == (130 if number == signal.SIGINT else 143)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "step",
    [
        ("trailcam.app.restore", "_Unpacked._unpack", 3),
        ("trailcam.app.restore", "_reset", 1),
        ("trailcam.app.restore", "_place", 1),
    ],
    ids=lambda step: step[1],
)
@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_an_interrupted_restore_leaves_nothing(
    tmp_path: Path, tree: Path, number: int, step: tuple[str, str, int], there: bool
) -> None:
    if there:
        (tmp_path / "home").mkdir()
    home = tmp_path / "home" if there else tmp_path / "deep" / "home"
    ended = signalled(number, step, "restore", tree / "backup.tar", "--home", home)
    assert ended == (130 if number == signal.SIGINT else 143)
    assert list(tmp_path.rglob("*")) == ([home] if there else [])


def test_a_restore_that_is_killed_while_it_publishes_is_ended_by_the_next_run(
    tmp_path: Path, tree: Path
) -> None:
    step = ("trailcam.commit.publish", "_mark", 2)
    ended = signalled(signal.SIGKILL, step, "restore", tree / "backup.tar", "--home", tmp_path / "home")
    assert ended == -signal.SIGKILL
    told = run(tree, home=tmp_path / "home")
    assert told["new_events"] == told["new_matches"] == told["new_alerts"] == 0
    assert everything(tmp_path / "home") == everything(tree / "home")
    assert trailcam("verify", "--home", tmp_path / "home").returncode == 0
