"""Which version of a table answers."""

import json
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.mmdb import database
from tests.unit.enrichments.opened import prepared

from trailcam import registry
from trailcam.enrichments import lookups
from trailcam.errors import WorldError
from trailcam.model.lookup import LookupTable, LookupVersion
from trailcam.model.timestamps import Micros


def table(tmp_path: Path, *since: int, name: str = "t") -> LookupTable:
    versions = []
    for time in since:
        path = tmp_path / f"{name}-{time}.jsonl"
        path.write_text(json.dumps({"k": "x", "since": time}))
        prepared(path, "jsonl", key="k")
        index, digest = path.with_name(f"{path.name}.prepared"), sha256(path.read_bytes()).hexdigest()
        versions.append(LookupVersion(since=Micros(time), path=path, index=index, digest=digest))
    return LookupTable(
        name=name,
        format="jsonl",
        key="k",
        selectors=(("A", ("f",)), ("B", ("g", "h"))),
        versions=tuple(versions),
    )


@pytest.mark.parametrize(("time", "since"), [(-5, 10), (9, 10), (10, 10), (19, 10), (20, 20), (99, 20)])
def test_the_last_version_before_answers_else_the_earliest_later_one(
    tmp_path: Path, time: int, since: int
) -> None:
    (lookup,) = lookups([table(tmp_path, 10, 20)])["A"]
    found = lookup.row("x", Micros(time))
    assert found is not None
    assert found["since"] == since
    assert lookup.row("y", Micros(time)) is None


def test_tables_are_asked_by_log_type_and_in_the_order_of_their_names(tmp_path: Path) -> None:
    found = lookups([table(tmp_path, 1, name="b"), table(tmp_path, 1, name="a")])
    assert {log_type: [each.table for each in those] for log_type, those in found.items()} == {
        "A": ["a", "b"],
        "B": ["a", "b"],
    }
    assert found["B"][0].selectors == ("g", "h")


def test_a_version_is_opened_when_it_is_first_asked_and_not_all_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = table(tmp_path, 1, 2, 3, 4)
    form = registry.load("lookup_format", "jsonl")
    opened: list[str] = []
    read = form.read

    def counted(path: Path, index: Path) -> Any:
        opened.append(path.name)
        return read(path, index)

    monkeypatch.setattr(form, "read", counted)
    monkeypatch.setattr("trailcam.enrichments.versions._MOST_OPEN", 3)
    (lookup,) = lookups([declared])["A"]
    assert opened == []
    for time in (1, 1, 2, 3, 4, 2, 1):
        lookup.row("x", Micros(time))
    assert opened == ["t-1.jsonl", "t-2.jsonl", "t-3.jsonl", "t-4.jsonl", "t-1.jsonl"]


def test_a_copy_that_is_asked_itself_and_is_not_as_it_was_kept_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.mmdb"
    path.write_bytes(database({"192.0.2.0/24": {"n": 1}}))
    digest = sha256(path.read_bytes()).hexdigest()
    version = LookupVersion(since=Micros(1), path=path, index=path, digest=digest)
    declared = LookupTable(name="t", format="mmdb", key="", selectors=(("A", ("f",)),), versions=(version,))
    (lookup,) = lookups([declared])["A"]
    assert lookup.row("192.0.2.1", Micros(1)) == {"n": 1}
    path.write_bytes(database({"192.0.2.0/24": {"n": 2}}))
    (lookup,) = lookups([declared])["A"]
    with pytest.raises(WorldError, match="not there as it was kept"):
        lookup.row("192.0.2.1", Micros(1))


def test_an_index_that_was_forgotten_is_closed_in_whatever_thread_finds_it(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"k": "x"}')
    held = [prepared(tmp_path / "t.jsonl", "jsonl", key="k")]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()  # pytest makes an error of what cannot be raised there
    assert held == []
