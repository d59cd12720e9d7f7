"""A lake whose tables are damaged, lost or elsewhere: the files are there, and nothing but the tables is to
be made anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kept import everything, write_rules, write_tree
from tests.support import trailcam

from trailcam.errors import code


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


def move(home: Path) -> None:
    (home / "lake").rename(home / "away")
    shutil.copytree(home / "away", home / "lake")
    moved = home.with_name("moved")
    home.rename(moved)
    home.symlink_to(moved)


DAMAGES: list[Callable[[Path], None]] = [write_junk, remove_metadata, remove_manifests, move]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_with_its_cure_and_the_cure_brings_everything_back(
    tmp_path: Path, made: Path, damage: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    done = trailcam("run", made / "logs", "--packs", made / "rules", "--home", home)
    before = everything(home)
    damage(home)
    for command in (["verify"], ["query", "SELECT count(*) FROM matches"]):
        told = trailcam(*command, "--home", home)
        assert told.returncode == 3, told.stdout
        assert code("lake_refused") in told.stderr
        assert "Traceback" not in told.stderr
        assert "lake/catalog.db: `trailcam verify`" in " ".join(told.stderr.split())
    (home / "lake/catalog.db").unlink()
    assert trailcam("verify", "--home", home).returncode == 0
    assert everything(home) == before
    again = trailcam("run", made / "logs", "--packs", made / "rules", "--home", home)
    assert again.returncode == done.returncode
    assert everything(home) == before


def test_a_query_misses_nothing_while_the_tables_are_lost(tmp_path: Path, made: Path) -> None:
    home = tmp_path / "home"
    trailcam("run", made / "logs", "--packs", made / "rules", "--home", home)
    ask: list[str | Path] = ["query", "SELECT count(*) AS n FROM events", "--format", "jsonl", "--home", home]
    before = trailcam(*ask).stdout
    assert json.loads(before)["n"] > 0
    (home / "lake/catalog.db").unlink()
    assert trailcam(*ask).stdout == before
