"""Which files `trailcam test --watch` looks at."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from trailcam.cli import watching
from trailcam.model.rule import Rule


class Ended(Exception):
    """What ends watching in these tests."""


def told(
    paths: list[Path], others: list[Path], *steps: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """What is told of changed files when each step is taken between two looks."""
    said: list[str] = []
    left = list(steps)

    def sleep(_: float) -> None:
        if not left:
            raise Ended
        left.pop(0)()

    def run(_: Callable[[Rule], bool]) -> int:
        return 0

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr(watching, "say", said.append)
    with pytest.raises(Ended):
        watching.watched(paths, others, run)
    return [words.partition(": ")[2] for words in said if words.startswith("-- ")]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "helpers").mkdir(parents=True)
    (folder / "one.py").write_text("1")
    return folder


def test_files_of_rules_count_and_others_do_not(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(
        [pack],
        [],
        lambda: (pack / "report.xml").write_text("x"),
        lambda: (pack / "helpers" / "two.py").write_text("2"),
        lambda: (pack / "one.py").write_text("11"),
        monkeypatch=monkeypatch,
    )
    assert found == ["two.py", "one.py"]


def test_a_folder_that_is_deleted_leaves_its_neighbours_alone_and_may_come_back(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pack.parent / "letters.py").write_text("private")

    def come_back() -> None:
        pack.mkdir()
        (pack / "one.py").write_text("1")

    found = told(
        [pack],
        [],
        lambda: shutil.rmtree(pack),
        lambda: (pack.parent / "letters.py").write_text("private too"),
        come_back,
        monkeypatch=monkeypatch,
    )
    assert found == ["one.py", "one.py"]


def test_of_a_file_its_folder_is_watched_and_of_log_types_every_file(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemas = pack.parent / "schemas"
    schemas.mkdir()
    found = told(
        [pack / "one.py"],
        [schemas],
        lambda: (pack / "one.yml").write_text("1"),
        lambda: (schemas / "sample.json").write_text("{}"),
        monkeypatch=monkeypatch,
    )
    assert found == ["one.yml", "sample.json"]
