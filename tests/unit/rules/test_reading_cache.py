import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from trailcam.contracts.rule_format import Reading
from trailcam.errors import TrailcamError
from trailcam.model.rule import Pack
from trailcam.rules.loader import load_packs
from trailcam.rules.reading_cache import ReadingCache

RULE = """\
AnalysisType: rule
RuleID: Example.One
Filename: one.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: Low
"""
PYTHON = "def rule(event):\n    return True\n"


def no_samples(log_type: str, name: str) -> dict[str, Any]:
    raise KeyError(name)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "one.yml").write_text(RULE)
    (folder / "one.py").write_text(PYTHON)
    (folder / "helper.py").write_text("X = 1\n")
    return folder


def load(pack: Path, cache: ReadingCache | None = None) -> tuple[Pack, ...]:
    return load_packs([pack], log_types=["AWS.CloudTrail"], sample=no_samples, cache=cache)


class Reads:
    """Counts how often the format is asked for a file of a rule."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from trailcam.rules.formats import panther

        self.files: list[str] = []
        read = panther.read

        def counting(path: Path, **known: Any) -> Reading | None:
            self.files.append(path.name)
            return read(path, **known)

        monkeypatch.setattr(panther, "read", counting)


def test_what_was_read_before_is_not_read_again_and_is_the_same(
    tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load(pack)
    assert load(pack, ReadingCache(tmp_path / "cache")) == plain
    reads = Reads(monkeypatch)
    assert load(pack, ReadingCache(tmp_path / "cache")) == plain
    assert reads.files == []


@pytest.mark.parametrize("file", ["one.yml", "one.py"])
def test_a_file_that_changed_or_whose_companion_changed_is_read_again(
    tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    load(pack, ReadingCache(tmp_path / "cache"))
    stamp = (pack / file).stat()
    text = (pack / file).read_text()
    (pack / file).write_text(
        text.replace("Low", "Inf") if file == "one.yml" else text.replace("True", "None")
    )
    os.utime(pack / file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # the content decides, not the time
    reads = Reads(monkeypatch)
    if file == "one.yml":
        with pytest.raises(Exception, match="Severity must be one of"):
            load(pack, ReadingCache(tmp_path / "cache"))
    else:
        (found,) = load(pack, ReadingCache(tmp_path / "cache"))
        assert "return None" in found.rules[0].body
    assert reads.files == ["one.yml"]


def test_a_companion_that_vanished_is_told(tmp_path: Path, pack: Path) -> None:
    load(pack, ReadingCache(tmp_path / "cache"))
    (pack / "one.py").unlink()
    with pytest.raises(Exception, match="TC0207"):
        load(pack, ReadingCache(tmp_path / "cache"))


TABLE = """\
AnalysisType: lookup_table
LookupName: rows
Enabled: true
Filename: rows.csv
LogTypeMap: {PrimaryKey: ip, AssociatedLogTypes: []}
"""


def test_a_file_of_rows_that_comes_or_vanishes_is_seen(tmp_path: Path, pack: Path) -> None:
    (pack / "table.yml").write_text(TABLE)
    for there in (False, True, False, True):
        (pack / "rows.csv").unlink(missing_ok=True)
        if there:
            (pack / "rows.csv").write_text("ip\n")
            assert load(pack, ReadingCache(tmp_path / "cache"))[0].lookup_tables
        else:
            with pytest.raises(Exception, match="TC0207"):
                load(pack, ReadingCache(tmp_path / "cache"))


@pytest.mark.parametrize("file", ["one.py", "rows.csv"])
def test_what_is_told_of_a_missing_companion_is_what_is_there_now(
    tmp_path: Path, pack: Path, file: str
) -> None:
    def told() -> str:
        with pytest.raises(TrailcamError) as caught:
            load(pack, ReadingCache(tmp_path / "cache"))
        (problem,) = [it for it in caught.value.problems if it.code == "TC0207"]
        return f"{problem.message}; {problem.hint}"

    (pack / "table.yml").write_text(TABLE)
    (pack / "rows.csv").write_text("ip\n")
    (pack / file).unlink()
    assert told() == f"there is no file {file} beside this one; "
    near = file.replace(".", "s.")
    (pack / near).write_text("")
    assert told() == f'there is no file {file} beside this one; did you mean "{near}"?'
    os.mkfifo(pack / file)
    assert told() == f"{file} is no regular file; "


def test_other_rows_are_no_reason_to_read_again(
    tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pack / "table.yml").write_text(TABLE)
    (pack / "rows.csv").write_text("ip\n")
    load(pack, ReadingCache(tmp_path / "cache"))
    (pack / "rows.csv").write_text("ip\n192.0.2.1\n")
    reads = Reads(monkeypatch)
    load(pack, ReadingCache(tmp_path / "cache"))
    assert reads.files == []


def test_problems_are_kept_as_well(tmp_path: Path, pack: Path) -> None:
    (pack / "one.yml").write_text(RULE + "Tresh: 1\n")
    told = []
    for _ in range(2):
        with pytest.raises(Exception, match="TC0203") as caught:
            load(pack, ReadingCache(tmp_path / "cache"))
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_another_context_or_another_name_knows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("x")
    kept = ReadingCache(tmp_path / "cache", name=["n"], context=["1"])
    kept.keep(file, Reading(not_run="kept"))
    kept.save()
    again = ReadingCache(tmp_path / "cache", name=["n"], context=["1"]).find(file)
    assert again == Reading(not_run="kept")
    assert ReadingCache(tmp_path / "cache", name=["n"], context=["2"]).find(file) is None
    assert ReadingCache(tmp_path / "cache", name=["m"], context=["1"]).find(file) is None


def test_what_nobody_asks_for_any_more_is_dropped(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.yml", "b.yml")]
    cache = ReadingCache(tmp_path / "cache")
    for file in files:
        file.write_text(file.name)
        cache.keep(file, Reading(not_run=file.name))
    cache.save()
    second = ReadingCache(tmp_path / "cache")
    assert second.find(files[0]) is not None
    second.save()
    third = ReadingCache(tmp_path / "cache")
    assert (third.find(files[0]) is not None, third.find(files[1])) == (True, None)


@pytest.mark.parametrize("damage", [b"", b"trailcam", b"trailcam readings 2\n" + bytes(32) + b"\x80", "cut"])
def test_a_damaged_cache_is_none(tmp_path: Path, pack: Path, damage: bytes | str) -> None:
    plain = load(pack, ReadingCache(tmp_path / "cache"))
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:-10] if isinstance(damage, str) else damage)
    assert load(pack, ReadingCache(tmp_path / "cache")) == plain


def test_whichever_byte_of_a_cache_is_damaged_nothing_of_it_is_used(tmp_path: Path, pack: Path) -> None:
    load(pack, ReadingCache(tmp_path / "cache"))
    assert ReadingCache(tmp_path / "cache").find(pack / "one.yml") is not None
    (file,) = (tmp_path / "cache").iterdir()
    sound = file.read_bytes()
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        assert ReadingCache(tmp_path / "cache").find(pack / "one.yml") is None, place


def test_a_reading_whose_class_is_gone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yml"
    file.write_text("x")
    kept = ReadingCache(tmp_path / "cache")
    kept.keep(file, Reading(not_run="kept"))
    kept.save()
    monkeypatch.delattr("trailcam.contracts.rule_format.Reading")
    assert ReadingCache(tmp_path / "cache").find(file) is None


def test_a_cache_that_somebody_else_made_is_never_read(
    tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load(pack, ReadingCache(tmp_path / "cache"))
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    monkeypatch.setattr(pickle, "loads", lambda _: pytest.fail("it was read"))
    assert load(pack, ReadingCache(tmp_path / "cache")) == plain


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, pack: Path) -> None:
    (tmp_path / "file").write_text("")
    assert load(pack, ReadingCache(tmp_path / "file" / "cache")) == load(pack)
    assert (tmp_path / "file").read_text() == ""


def test_files_that_nobody_has_asked_for_in_a_month_are_removed(tmp_path: Path, pack: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    old, left, new = f"{1:032x}.readings", ".new-abc_1.readings", f"{2:032x}.readings"
    for name, age in ((old, 31), (left, 31), (new, 29)):
        (folder / name).write_text("")
        grow_old(folder / name, age)
    load(pack, ReadingCache(folder))
    assert not (folder / old).exists()
    assert not (folder / left).exists()
    assert (folder / new).exists()


def test_files_that_are_not_of_the_cache_stay(tmp_path: Path, pack: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "photos").mkdir(parents=True)
    (folder / f"{3:032x}.readings").mkdir()  # cannot be unlinked
    others = ["notes.txt", ".new-plan", "my.readings", f"{1:032x}.readings.txt"]
    for name in others:
        (folder / name).write_text("")
    for path in folder.iterdir():
        grow_old(path, 400)
    load(pack, ReadingCache(folder))
    assert {*others, "photos"} <= {path.name for path in folder.iterdir()}
    assert ReadingCache(folder).find(pack / "one.yml") is not None  # and it was written


def grow_old(path: Path, days: int) -> None:
    os.utime(path, (0, path.stat().st_mtime - days * 86_400))


@pytest.mark.parametrize("file", ["one.py", "one.yml"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_in_place_of_a_file_is_never_opened(
    tmp_path: Path, pack: Path, file: str, linked: bool
) -> None:
    load(pack, ReadingCache(tmp_path / "cache"))
    (pack / file).unlink()
    os.mkfifo(tmp_path / "pipe" if linked else pack / file)
    if linked:
        (pack / file).symlink_to(tmp_path / "pipe")
    for cache in (ReadingCache(tmp_path / "cache"), ReadingCache(None)):
        try:
            load(pack, cache)  # a pipe that no link names is no file of a pack
        except TrailcamError as error:
            assert "is no regular file" in str(error)
