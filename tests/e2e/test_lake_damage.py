"""A lake whose tables are damaged, lost or elsewhere: the files are there, and nothing but the tables is to
be made anew."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kept import everything, read, verified, write_rules, write_tree
from tests.support import trailcam

from trailcam.app.home import open_home
from trailcam.app.load import load
from trailcam.app.verify import verify
from trailcam.errors import WorldError, code
from trailcam.lake import iceberg
from trailcam.settings.schema import Settings


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_tree(folder / "logs", objects=3)
    write_rules(folder / "rules")
    return folder


def write_junk(home: Path) -> None:
    (home / "lake/catalog.db").write_text("junk" * 100)


def remove_metadata(home: Path) -> None:
    for path in home.glob("lake/warehouse/matches/metadata/*.json"):
        path.unlink()


def remove_manifests(home: Path) -> None:
    for path in home.glob("lake/warehouse/matches/metadata/*.avro"):
        path.unlink()


def cut_metadata(home: Path) -> None:
    for path in home.glob("lake/warehouse/matches/metadata/*.json"):
        path.write_bytes(path.read_bytes()[:200])


def cut_manifests(home: Path) -> None:
    for path in home.glob("lake/warehouse/matches/metadata/*.avro"):
        path.write_bytes(path.read_bytes()[:-60])


DAMAGES: list[Callable[[Path], None]] = [
    write_junk,
    remove_metadata,
    remove_manifests,
    cut_metadata,
    cut_manifests,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_tables_are_told_and_made_anew(
    tmp_path: Path, made: Path, damage: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    exit_code = read(made / "logs", made / "rules", home).exit_code
    before = everything(home)
    rows = published(home)
    damage(home)
    told = trailcam("verify", "--home", home, "--no-repair")
    assert told.returncode == 1, told.stderr
    assert "table matches: the tables of the lake cannot be read: " in told.stdout
    told = trailcam("verify", "--home", home)
    assert told.returncode == 0, told.stdout + told.stderr
    made_anew = next(line for line in told.stdout.splitlines() if line.startswith("made anew"))
    assert "matches" in made_anew
    assert published(home) == rows
    assert everything(home) == before
    assert "made anew" not in trailcam("verify", "--home", home).stdout
    assert read(made / "logs", made / "rules", home).exit_code == exit_code
    assert everything(home) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_takes_in_what_comes_though_tables_are_damaged(
    tmp_path: Path, made: Path, damage: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    read(made / "logs", made / "rules", home)
    damage(home)
    for path in home.glob("lake/warehouse/*/data/*/*.parquet"):
        os.utime(path, (0, 0))  # old enough to be looked at by what clears away
    write_tree(tmp_path / "more", objects=1, seed=2)
    told = read(tmp_path / "more", made / "rules", home)
    assert told.new.events == told.events.distinct > 0
    assert {problem.code for problem in told.problems} == {code("lake_refused")}
    checked = verified(home)
    assert checked.holds, checked.missing
    again = read(tmp_path / "more", made / "rules", home)
    assert (again.new.events, again.problems) == (0, [])


def test_a_table_that_shows_a_file_twice_is_told_and_made_anew(tmp_path: Path, made: Path) -> None:
    home = tmp_path / "home"
    read(made / "logs", made / "rules", home)
    rows = published(home)
    tables = open_home(home).iceberg
    table = tables.find("matches")
    assert table is not None
    table.add_files(tables.files("matches"), check_duplicate_files=False)
    assert published(home) != rows
    told = trailcam("verify", "--home", home, "--no-repair")
    assert told.returncode == 1, told.stderr
    assert "table matches holds" in told.stdout
    assert "more than once" in told.stdout
    (first, *_) = sorted(home.glob("lake/warehouse/matches/data/*/*.parquet"))
    first.rename(first.with_suffix(".away"))
    seen = open_home(home).iceberg.files("matches")
    told = trailcam("verify", "--home", home)
    assert (told.returncode, "made anew" in told.stdout) == (1, False)
    assert open_home(home).iceberg.files("matches") == seen  # what cannot be made anew shows what it has
    first.with_suffix(".away").rename(first)
    told = trailcam("verify", "--home", home)
    assert told.returncode == 0, told.stdout + told.stderr
    assert published(home) == rows


def test_a_catalog_that_is_locked_is_not_taken_for_a_damaged_one(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iceberg, "_LOCK_SECONDS", 0)
    home = tmp_path / "home"
    trailcam("run", made / "logs", "--home", home)
    catalog = sqlite3.connect(home / "lake/catalog.db")
    catalog.execute("BEGIN EXCLUSIVE")
    opened = open_home(home)
    with pytest.raises(WorldError) as caught:
        verify([], load(), Settings(), opened)
    assert [problem.code for problem in caught.value.problems] == [code("state_locked")]
    catalog.rollback()
    catalog.close()
    checked = verify([], load(), Settings(), opened)
    assert (checked.holds, checked.made_anew) == (True, [])


@pytest.mark.parametrize("damage", [*DAMAGES, lambda home: (home / "lake/catalog.db").unlink()])
def test_queries_need_no_tables(tmp_path: Path, made: Path, damage: Callable[[Path], None]) -> None:
    home = tmp_path / "home"
    read(made / "logs", made / "rules", home)
    ask: list[str | Path] = ["query", "FROM events, matches", "--format", "csv", "--home", home]
    before = trailcam(*ask).stdout
    assert len(before.splitlines()) > 1
    damage(home)
    assert sorted(trailcam(*ask).stdout.splitlines()) == sorted(before.splitlines())


@pytest.mark.parametrize("moving", [Path.rename, shutil.copytree])
def test_a_home_may_be_moved_or_copied(
    tmp_path: Path, made: Path, moving: Callable[[Path, Path], object]
) -> None:
    first, second = tmp_path / "home", tmp_path / "elsewhere"
    exit_code = read(made / "logs", made / "rules", first).exit_code
    before, rows = everything(first), published(first)
    moving(first, second)
    left = files_of(first)
    write_tree(tmp_path / "more", objects=1, seed=5)
    for command in (["run", made / "logs", tmp_path / "more", "--packs", made / "rules"], ["verify"]):
        done = trailcam(*command, "--home", second)
        assert done.returncode in (0, exit_code), done.stderr
    assert published(second)["aws_cloudtrail"] > rows["aws_cloudtrail"]
    assert files_of(first) == left
    if left:
        assert everything(first) == before
        assert published(first) == rows


def published(home: Path) -> dict[str, int]:
    """How many rows of each table any reader of Iceberg sees."""
    iceberg = open_home(home).iceberg
    found = {}
    for _, name in iceberg.catalog.list_tables("trailcam"):
        table = iceberg.find(name)
        assert table is not None
        found[name] = table.scan().to_arrow().num_rows
    return found


def files_of(home: Path) -> set[Path]:
    return set(home.glob("lake/**/*"))


def test_a_run_tells_what_it_found_even_when_damaged_files_keep_tables_from_growing(
    tmp_path: Path, made: Path
) -> None:
    home = tmp_path / "home"
    run: list[str | Path] = ["run", made / "logs", "--packs", made / "rules", "--home", home, "--windows"]
    first = trailcam(*run)
    (home / "lake/catalog.db").unlink()
    for path in home.glob("lake/warehouse/runs/data/*/*.parquet"):
        path.write_bytes(b"PAR1" + bytes(path.stat().st_size - 4))
    done = trailcam(*run)
    assert (done.returncode, done.stdout) == (3, first.stdout)
    assert done.stderr.count(code("lake_refused")) == 1
    assert "table runs" in done.stderr
    assert published(home)["aws_cloudtrail"] > 0
