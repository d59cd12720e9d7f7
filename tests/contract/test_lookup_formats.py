"""What every form of a lookup table keeps. A module inherits this suite by lying among the formats.

A form that is new here writes its example below: the same three rows, in its own way.
"""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.mmdb import database
from tests.unit.enrichments.opened import prepared

from trailcam import registry
from trailcam.contracts.enrichment import LookupFormat, Snapshot
from trailcam.errors import TrailcamError, code

ROWS = [
    {"ip": "198.51.100.7", "note": "first"},
    {"ip": "203.0.113.9", "note": "ü"},
    {"ip": "2001:db8::1", "note": ""},
]

WRITTEN: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "csv": lambda rows: "\n".join(["ip,note", *(f"{row['ip']},{row['note']}" for row in rows)]).encode(),
    "json": lambda rows: json.dumps(rows).encode(),
    "jsonl": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "mmdb": lambda rows: database({row["ip"]: row for row in rows}),
}

HOSTILE = [
    "", " ", "\x00", "\n", "x" * 1_000_000, "\ud800", "198.51.100.7 ", "198.51.100.7%eth0", "::ffff:198.51.100.8",
    "999.1.1.1", "2001:db8::g", "0", "-1", "null", "{}", "[]", "ip", "\uff11.1.1.1",
]  # fmt: skip

each_format = pytest.mark.parametrize("name", registry.names("lookup_format"))


def form(name: str) -> Any:
    return registry.load("lookup_format", name)


def write(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / f"table.{name}"
    path.write_bytes(data)
    return path


def opened(tmp_path: Path, name: str) -> Snapshot:
    path = write(tmp_path, name, WRITTEN[name](ROWS))
    key = "ip" if form(name).KEYED else ""
    return prepared(path, name, key=key)


@each_format
def test_a_format_has_what_the_contract_asks_for(name: str) -> None:
    module: LookupFormat = form(name)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in module.SUFFIXES)
    assert isinstance(module.KEYED, bool)
    assert module.__doc__


def test_no_ending_shows_two_formats() -> None:
    endings = [suffix for name in registry.names("lookup_format") for suffix in form(name).SUFFIXES]
    assert len(endings) == len(set(endings))


@each_format
def test_every_row_is_found_by_its_key_and_nothing_else_is(tmp_path: Path, name: str) -> None:
    snapshot = opened(tmp_path, name)
    assert [snapshot.row(row["ip"]) for row in ROWS] == ROWS
    assert snapshot.row("198.51.100.8") is None


@each_format
def test_no_value_makes_it_raise(tmp_path: Path, name: str) -> None:
    snapshot = opened(tmp_path, name)
    assert [value for value in HOSTILE if snapshot.row(value) is not None] == []


@each_format
def test_who_changes_a_row_changes_no_other_answer(tmp_path: Path, name: str) -> None:
    snapshot = opened(tmp_path, name)
    row = snapshot.row("198.51.100.7")
    assert row is not None
    row["note"] = "changed"
    assert snapshot.row("198.51.100.7") == ROWS[0]


@each_format
def test_a_row_is_what_json_can_hold(tmp_path: Path, name: str) -> None:
    row = opened(tmp_path, name).row("203.0.113.9")
    assert json.loads(json.dumps(row)) == row
    assert pickle.loads(pickle.dumps(row)) == row


@each_format
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\xff\xfe\x00",
        b"\x00" * 100,
        b'{"ip": "x"',
        b'"text"',
        b"[1, 2]",
        b"[" * 100_000,
        b"7\n8\n",
    ],
    ids=["empty", "blank", "no text", "zeros", "cut short", "a text", "no objects", "too deep", "numbers"],
)
def test_what_is_not_of_its_form_is_refused_with_its_place(tmp_path: Path, name: str, data: bytes) -> None:
    path = write(tmp_path, name, data)
    key = "ip" if form(name).KEYED else ""
    with pytest.raises(TrailcamError) as refused:
        form(name).prepare(path, key=key, named="the table", target=tmp_path / "prepared")
    assert {problem.code for problem in refused.value.problems} <= {code("lookup_broken"), code("lookup_key")}
    assert {problem.path for problem in refused.value.problems} == {"the table"}


@each_format
def test_a_file_cut_short_is_refused_or_gives_no_wrong_row(tmp_path: Path, name: str) -> None:
    whole = WRITTEN[name](ROWS)
    key = "ip" if form(name).KEYED else ""
    for length in range(0, len(whole), max(1, len(whole) // 20)):
        path = write(tmp_path, name, whole[:length])
        try:
            snapshot = prepared(path, name, key=key)
        except TrailcamError:
            continue
        assert name in ("csv", "jsonl")  # a table with fewer rows is one, and who wrote it cannot be asked
        assert snapshot.row("2001:db8::1") in (None, ROWS[2])


@each_format
def test_a_file_that_is_not_there_is_told_as_such(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrailcamError) as refused:
        form(name).prepare(tmp_path / "nowhere", key="ip", named="the table", target=tmp_path / "prepared")
    assert [problem.code for problem in refused.value.problems] == [code("lookup_unreadable")]
