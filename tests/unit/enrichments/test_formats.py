"""Lookup tables in each of their forms: what a row may hold, and everything that is refused with its line."""

import json
import math
import random
import re
import shutil
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import maxminddb
import pytest
from tests.mmdb import database
from tests.unit.enrichments.opened import prepared

from trailcam import registry
from trailcam.contracts.enrichment import Snapshot
from trailcam.enrichments.formats import _mmdb_walk
from trailcam.errors import TrailcamError, WorldError

DATA = Path(__file__).parents[4] / "shared" / "data" / "mmdb"


def read(tmp_path: Path, name: str, data: str | bytes, *, key: str = "ip") -> Snapshot:
    path = tmp_path / f"table.{name}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return prepared(path, name, key=key)


def problems(
    tmp_path: Path, name: str, data: str | bytes, *, key: str = "ip"
) -> list[tuple[str, int | None, str]]:
    with pytest.raises(TrailcamError) as refused:
        read(tmp_path, name, data, key=key)
    return [(problem.code, problem.line, problem.message) for problem in refused.value.problems]


# -- rows that are found -----------------------------------------------------------------------------------


def test_every_value_of_csv_is_a_text(tmp_path: Path) -> None:
    table = read(tmp_path, "csv", 'ip,n,"a ""b"""\r\n192.0.2.1,07,"x,\ny"\r\n\r\n192.0.2.2,,\r\n')
    assert table.row("192.0.2.1") == {"ip": "192.0.2.1", "n": "07", 'a "b"': "x,\ny"}
    assert table.row("192.0.2.2") == {"ip": "192.0.2.2", "n": "", 'a "b"': ""}


def test_values_of_json_stay_as_they_are_nested_ones_too(tmp_path: Path) -> None:
    row = {"ip": "192.0.2.1", "a": {"b": [1, None, True, 1.5, {"c": "ü"}]}, "n": 10**30}
    assert read(tmp_path, "json", json.dumps([row])).row("192.0.2.1") == row
    assert read(tmp_path, "jsonl", json.dumps(row)).row("192.0.2.1") == row


@pytest.mark.parametrize(
    ("key", "text"), [(443, "443"), (True, "true"), (1.5, "1.5"), ("443", "443"), (10**20, str(10**20))]
)
def test_a_key_is_found_by_its_text(tmp_path: Path, key: Any, text: str) -> None:
    row = {"ip": key, "x": 1}
    assert read(tmp_path, "jsonl", json.dumps(row)).row(text) == row


@pytest.mark.parametrize("name", ["csv", "json", "jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path, name: str) -> None:
    text = {"csv": "ip,x\n1,2", "json": '[{"ip":"1","x":"2"}]', "jsonl": '{"ip":"1","x":"2"}'}[name]
    assert read(tmp_path, name, b"\xef\xbb\xbf" + text.encode()).row("1") == {"ip": "1", "x": "2"}


def test_a_line_of_json_ends_at_its_newline_and_at_no_other_separator(tmp_path: Path) -> None:
    table = read(tmp_path, "jsonl", '{"ip":"1","x":"a\u2028b\x85c"}\r\n\n{"ip":"2"}')
    assert table.row("1") == {"ip": "1", "x": "a\u2028b\x85c"}
    assert table.row("2") == {"ip": "2"}


def test_an_address_has_the_row_of_the_smallest_network_around_it(tmp_path: Path) -> None:
    table = read(tmp_path, "mmdb", database({"192.0.2.0/24": {"n": 1}, "2001:db8::/32": {"n": 2}}), key="")
    assert [table.row(text) for text in ("192.0.2.255", "192.0.3.0", "2001:db8:1::1", "2001:db9::1")] == [
        {"n": 1}, None, {"n": 2}, None,
    ]  # fmt: skip


def test_a_database_of_ipv4_has_no_row_for_ipv6(tmp_path: Path) -> None:
    table = read(tmp_path, "mmdb", database({"192.0.2.0/24": {"n": 1}}, version=4), key="")
    assert (table.row("192.0.2.1"), table.row("2001:db8::1")) == ({"n": 1}, None)


def test_what_json_cannot_hold_becomes_what_it_can(tmp_path: Path) -> None:
    row = {"b": b"\x01\xff", "f": [math.nan, math.inf, 1.5], "t": True, "d": {"x": "y"}}
    table = read(tmp_path, "mmdb", database({"192.0.2.0/24": row}), key="")
    assert table.row("192.0.2.1") == {"b": "01ff", "f": [None, None, 1.5], "t": True, "d": {"x": "y"}}


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_neither_looking_at_a_file_nor_asking_it_takes_memory_for_its_rows(tmp_path: Path, name: str) -> None:
    rows = [{"ip": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "note": "x" * 500} for n in range(20_000)]
    lines = map(json.dumps, rows) if name == "jsonl" else (f"{row['ip']},{row['note']}" for row in rows)
    path = tmp_path / f"table.{name}"
    path.write_text("\n".join((["ip,note"] if name == "csv" else []) + list(lines)))
    tracemalloc.start()
    table = prepared(path, name, key="ip")
    assert all(table.row(row["ip"]) == row for row in rows[::1_000])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


# -- what is refused ---------------------------------------------------------------------------------------


def test_rows_as_deep_as_a_record_and_values_of_megabytes_are_taken(tmp_path: Path) -> None:
    row = {"ip": "1", "x": json.loads("[" * 199 + "]" * 199)}
    assert read(tmp_path, "jsonl", json.dumps(row)).row("1") == row
    assert read(tmp_path, "json", json.dumps([row])).row("1") == row
    long = "x" * 1_000_000
    assert read(tmp_path, "csv", f"ip,x\n1,{long}\n").row("1") == {"ip": "1", "x": long}


def test_a_key_of_any_characters_is_found_and_no_other(tmp_path: Path) -> None:
    keys = ["\x00", "a\x00b", "a", "A", "ä", "a\u0308", "x" * 5_000]
    table = read(tmp_path, "jsonl", "\n".join(json.dumps({"ip": key, "x": key}) for key in keys))
    found = [table.row(key) for key in keys * 2]
    assert [row and row["x"] for row in found] == keys * 2
    assert table.row("a\x00") is None


def test_answers_are_the_same_however_many_were_given_before(tmp_path: Path) -> None:
    table = read(tmp_path, "jsonl", "\n".join(json.dumps({"ip": f"k{n}", "n": n}) for n in range(20_000)))
    for _ in range(2):
        for n in range(0, 25_000, 2):
            row = table.row(f"k{n}")
            assert (row is None) if n >= 20_000 else (row is not None and row["n"] == n)


def test_an_index_that_is_damaged_is_told_with_its_cure(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text("\n".join(json.dumps({"ip": f"k{n}", "n": n}) for n in range(2_000)))
    prepared(path, "jsonl", key="ip")
    index = tmp_path / "table.jsonl.prepared"
    index.write_bytes(index.read_bytes()[:9_000] + b"\xff" * (index.stat().st_size - 9_000))
    with pytest.raises(WorldError) as told:
        registry.load("lookup_format", "jsonl").read(path, index).row("k7")
    assert told.value.problems[0].code == "TC0605"
    assert "next run makes it anew" in told.value.problems[0].hint


def test_an_index_that_is_not_there_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    form = registry.load("lookup_format", "jsonl")
    with pytest.raises(WorldError) as told:
        form.read(tmp_path / "table.jsonl", tmp_path / "gone").row("x")
    assert told.value.problems[0].code == "TC0605"
    (tmp_path / "table.jsonl").write_text('{"ip":"1"}')
    with pytest.raises(OSError, match="gone"):
        form.prepare(tmp_path / "table.jsonl", key="ip", named="t", target=tmp_path / "gone" / "index")


def test_a_path_of_any_bytes_can_be_opened(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9 ?#%41"
    folder.mkdir()
    (folder / "table.jsonl").write_text('{"ip":"1"}')
    assert prepared(folder / "table.jsonl", "jsonl", key="ip").row("1") == {"ip": "1"}


def test_two_rows_with_one_key_are_told_with_both_lines(tmp_path: Path) -> None:
    text = '{"ip":443}\n\n{"ip":"443"}\n{"ip":"1"}\n{"ip":"1"}\n'
    assert problems(tmp_path, "jsonl", text) == [
        ("TC0703", 3, '"443" is the key of line 1 too'),
        ("TC0703", 5, '"1" is the key of line 4 too'),
    ]
    assert problems(tmp_path, "csv", "ip,x\n1,2\n1,3\n") == [("TC0703", 3, '"1" is the key of line 2 too')]
    assert problems(tmp_path, "json", '[{"ip":1},{"ip":1}]') == [
        ("TC0703", None, 'row 2: "1" is the key of row 1 too')
    ]


def test_a_column_that_is_not_there_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as refused:
        read(tmp_path, "csv", "IP_address,x\n1,2\n", key="ip_address")
    (found,) = refused.value.problems
    assert (found.code, found.line, found.hint) == ("TC0703", 2, 'did you mean "IP_address"?')


@pytest.mark.parametrize("key", [None, "", {}, [1]])
def test_a_row_without_a_key_is_told(tmp_path: Path, key: Any) -> None:
    ((found, line, _),) = problems(tmp_path, "jsonl", json.dumps({"ip": key}))
    assert (found, line) == ("TC0703", 1)


def test_problems_of_a_thousand_rows_are_told_shortly(tmp_path: Path) -> None:
    found = problems(tmp_path, "jsonl", "\n".join('{"x":1}' for _ in range(1_000)))
    assert len(found) == 21
    assert found[-1][2] == "980 rows more have such problems"


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("jsonl", '{"ip":"1"}\n{"ip":NaN}', 2, "NaN"),
        ("jsonl", '{"ip":"1"}\n{"ip":1e999}', 2, "1e999"),
        ("jsonl", '{"ip":"1"}\n{"ip":' + "9" * 5_000 + "}", 2, "4300"),
        ("jsonl", '{"ip":"1"}\n{"ip":"\\ud800"}', 2, "surrogate"),
        ("jsonl", '{"ip":"1"}\n{"ip":', 2, "not JSON"),
        ("jsonl", '{"ip":"1"}\n' + "[" * 100_000, 2, "deep"),
        ("json", '[\n{"ip":"1"},\n{"ip" 1}]', 3, "not JSON"),
        ("json", '{"ip":"1"}', None, "list of objects"),
        ("csv", "ip,x\n1,2\n3\n", 3, "1 values under 2 columns"),
        ("csv", 'ip,x\n1,2\n"3\n', 3, "not CSV"),
        ("csv", "ip,ip\n1,2\n", 1, 'named "ip"'),
        ("csv", "ip,x\n", None, "no rows"),
        ("csv", b"\x1f\x8b\x08\x00", None, "packed with gzip"),
        ("json", b"PK\x03\x04", None, "packed with zip"),
        ("jsonl", b"\xff\xfe{\x00", None, "UTF-16"),
        ("csv", "ip;x\n1;2\n", 1, "separated by ';'"),
        ("jsonl", '{"ip":"1"}\n{"ip":"a","ip":"b"}', 2, '"ip" stands twice in one object'),
        ("jsonl", '{"ip":"1"}\n{"ip":"2","x":' + "[" * 201 + "]" * 201 + "}", 2, "deep"),
        ("json", '[{"ip":"2","x":' + "[" * 200 + "]" * 200 + "}]", None, "deep"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_with_its_line(
    tmp_path: Path, name: str, text: str | bytes, line: int | None, said: str
) -> None:
    ((found, where, message),) = problems(tmp_path, name, text)
    assert (found, where) == ("TC0702", line)
    assert said in message


@pytest.mark.parametrize("name", ["csv", "json", "jsonl"])
def test_another_encoding_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    first = {"csv": "ip", "json": "[", "jsonl": '{"ip":"1"}'}[name]
    ((found, line, message),) = problems(tmp_path, name, f"{first}\nü\n".encode("latin-1"))
    assert (found, line) == ("TC0702", 2)
    assert message == f"byte {len(first) + 1} of the file is not UTF-8"


def test_a_row_that_is_no_object_is_told(tmp_path: Path) -> None:
    assert [found[:2] for found in problems(tmp_path, "jsonl", '{"ip":"1"}\n[1]\n"x"')] == [
        ("TC0702", 2),
        ("TC0702", 3),
    ]
    ((found, _, message),) = problems(tmp_path, "mmdb", database({"192.0.2.0/24": ["x"]}), key="")
    assert found == "TC0702"
    assert "192.0.2.0/24 is a list of 1" in message


@pytest.mark.parametrize("node", [1, 20, 100])
def test_a_database_that_ends_its_reader_is_refused_and_this_process_lives(tmp_path: Path, node: int) -> None:
    data = bytearray(database({"2001:db8::1/128": {"n": 1}}))
    data[node * 6 : node * 6 + 3] = node.to_bytes(3, "big")  # one way from the node leads back to it
    ((found, _, message),) = problems(tmp_path, "mmdb", bytes(data), key="")
    assert found == "TC0702"
    assert re.search(r"damaged: its reader was ended by SIG(ABRT|SEGV|BUS)", message)


def test_a_tree_that_is_longer_than_an_address_is_damage(tmp_path: Path) -> None:
    data = bytearray(database({"80.0.0.0/4": {"n": 1}}, version=4))
    data[3 * 6 + 3 : 3 * 6 + 6], data[3 * 6 : 3 * 6 + 3] = (3).to_bytes(3, "big"), data[3 * 6 + 3 : 3 * 6 + 6]
    ((found, _, message),) = problems(tmp_path, "mmdb", bytes(data), key="")
    assert (found, message) == ("TC0702", "the database is damaged: its tree leads astray")


@pytest.mark.parametrize("seed", range(3))
def test_no_change_of_some_bytes_ends_who_looks_at_it(tmp_path: Path, seed: int) -> None:
    rows = {f"192.0.{n}.0/24": {"n": n, "l": [n, {"t": "x" * n}]} for n in range(20)}
    whole, chosen = database(rows), random.Random(seed)
    for _ in range(4):
        data = bytearray(whole)
        for _ in range(3):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        with suppress(TrailcamError):
            table = read(tmp_path, "mmdb", bytes(data), key="")
            for address in ("192.0.7.1", "2001:db8::1", "0.0.0.0"):
                row = table.row(address)
                assert json.loads(json.dumps(row, allow_nan=False)) == row


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (SystemError("returned a result"), "its reader fails with SystemError"),
        (TypeError(), "its reader fails with TypeError"),
        (RecursionError(), "its reader fails with RecursionError"),
        (MemoryError(), "takes all memory"),
        (maxminddb.InvalidDatabaseError("bad data"), "bad data"),
    ],
)
def test_whatever_the_reader_raises_is_damage(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, said: str
) -> None:
    def reader(_: str) -> Iterator[Any]:
        yield "192.0.2.0/24", {}
        raise raised

    monkeypatch.setattr(maxminddb, "open_database", reader)
    monkeypatch.setattr(signal, "alarm", lambda _: None)  # this process goes on
    told = _mmdb_walk._walk("x.mmdb")
    assert told.startswith("the database is damaged: ")
    assert said in told


def test_a_database_without_networks_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "mmdb", database({}), key="") == [
        ("TC0702", None, "the database holds no networks")
    ]


def test_a_row_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    row: Any = 1
    for _ in range(99):
        row = [row]
    table = read(tmp_path, "mmdb", database({"192.0.2.0/24": {"n": row}}), key="")
    assert table.row("192.0.2.1") == {"n": row}
    ((_, _, message),) = problems(tmp_path, "mmdb", database({"192.0.2.0/24": {"n": [row]}}), key="")
    assert message == "the row of 192.0.2.0/24 is nested too deeply"


def test_a_walk_that_was_ended_from_elsewhere_says_nothing_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = tmp_path / "ended"
    ended.write_text("#!/bin/sh\nkill -KILL $$\n")
    ended.chmod(0o755)
    for command, said in ((str(ended), "ended with -9"), (shutil.which("false"), "ended with 1")):
        monkeypatch.setattr(sys, "executable", command)
        with pytest.raises(WorldError, match=said) as refused:
            read(tmp_path, "mmdb", database({"192.0.2.0/24": {"n": 1}}), key="")
        assert [problem.code for problem in refused.value.problems] == ["TC0504"]


def test_a_walk_imports_nothing_that_lies_in_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "maxminddb.py").write_text("raise SystemExit(7)")
    assert read(tmp_path, "mmdb", database({"192.0.2.0/24": {"n": 1}}), key="").row("192.0.2.1") == {"n": 1}


@pytest.mark.shared
@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data does not lie beside the repository")
def test_a_database_with_broken_pointers_is_refused_and_the_others_answer(tmp_path: Path) -> None:
    form = registry.load("lookup_format", "mmdb")
    for path in sorted(DATA.glob("*.mmdb")):
        if "broken" in path.name:
            with pytest.raises(TrailcamError, match="damaged"):
                form.prepare(path, key="", named=path, target=tmp_path / "prepared")
        else:
            form.prepare(path, key="", named=path, target=tmp_path / "prepared")
    asn = form.read(DATA / "GeoLite2-ASN-Test.mmdb", tmp_path / "prepared")
    assert asn.row("1.128.0.0")["autonomous_system_number"] == 1221
