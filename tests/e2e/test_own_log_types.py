"""Log types of one's own that do not go with each other, or with what is kept: refused before anything is done."""

from pathlib import Path

import pytest
from pyiceberg.types import DateType
from tests.kept import everything
from tests.support import summary, trailcam

from trailcam.app.home import open_home
from trailcam.errors import code

SCHEMA = """
schema: {name}
description: Who went through which door.
signature:
  requires: [door]
fields:
  - name: door
    type: string
    required: true
  - {{name: {column}, type: {kind}, column: true}}
"""


def write_schema(
    folder: Path, *, name: str = "Custom.Door", column: str = "floor", kind: str = "int"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.yml").write_text(SCHEMA.format(name=name, column=column, kind=kind))
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "door.jsonl").write_text('{"door": "north", "floor": 1}\n')
    return tmp_path / "door.jsonl"


@pytest.mark.parametrize(("column", "kind"), [("floor", "string"), ("Floor", "int")])
def test_a_column_that_is_kept_otherwise_is_refused_before_anything_is_read(
    tmp_path: Path, home: Path, log: Path, column: str, kind: str
) -> None:
    types = write_schema(tmp_path / "door")
    assert trailcam("run", log, "--log-types", types).returncode == 0
    before = everything(home)
    write_schema(types, column=column, kind=kind)
    log.write_text('{"door": "south", "floor": "first"}\n')
    refused = trailcam("run", log, "--log-types", types)
    assert refused.returncode == 2
    assert code("column_changed") in refused.stderr
    assert f'"{column}" is' in refused.stderr
    assert everything(home) == before
    write_schema(types, column="level", kind="string")
    assert trailcam("run", log, "--log-types", types).returncode == 0


@pytest.mark.parametrize("times", [1, 2])
def test_a_changed_column_is_refused_though_the_catalog_is_damaged(
    tmp_path: Path, home: Path, log: Path, times: int
) -> None:
    types = write_schema(tmp_path / "door")
    assert trailcam("run", log, "--log-types", types).returncode == 0
    for _ in range(times - 1):  # what was damaged once and made anew may be so again
        (home / "lake/catalog.db").write_text("junk" * 100)
        assert trailcam("verify").returncode == 0
    (home / "lake/catalog.db").write_text("junk" * 100)
    write_schema(types, kind="string")
    refused = trailcam("run", log, "--log-types", types)
    assert (refused.returncode, code("column_changed") in refused.stderr) == (2, True)


def test_columns_that_others_have_added_to_a_table_are_no_matter(
    tmp_path: Path, home: Path, log: Path
) -> None:
    types = write_schema(tmp_path / "door")
    assert trailcam("run", log, "--log-types", types).returncode == 0
    table = open_home(home).iceberg.find("custom_door")
    assert table is not None
    with table.update_schema() as update:
        update.add_column("checked_on", DateType())
    log.write_text('{"door": "south", "floor": 2}\n')
    exit_code, told = summary(log, "--log-types", types)
    assert (exit_code, told["new_events"]) == (0, 1)
    write_schema(types, column="checked_on", kind="string")
    refused = trailcam("run", log, "--log-types", types)
    assert (refused.returncode, "checked_on" in refused.stderr) == (2, True)


@pytest.mark.parametrize("column", ["own", "decision", "decision_id", "origin", "p_row"])
def test_a_column_may_be_named_as_what_is_counted_by(
    tmp_path: Path, home: Path, log: Path, column: str
) -> None:
    types = write_schema(tmp_path / "door", column=column)
    log.write_text(f'{{"door": "north", "{column}": 1}}\n')
    for new in (1, 0):
        exit_code, told = summary(log, "--log-types", types)
        assert (exit_code, told["events"], told["new_events"]) == (0, 1, new)
    assert trailcam("verify", "--read", "--log-types", types).returncode == 0
    kept = trailcam("query", f"SELECT {column} FROM custom_door", "--format", "jsonl").stdout
    assert kept == f'{{"{column}": 1}}\n'


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "Matches"}, 'would be "matches"'),
        ({"name": "Events"}, 'would be "events"'),
        ({"name": "AWS_CloudTrail"}, "which is that of AWS.CloudTrail"),
        ({"column": "raw", "kind": "string"}, '"raw" names two columns'),
        ({"column": "P_Row_ID", "kind": "string"}, '"P_Row_ID" names two columns'),
        ({"column": "Filename", "kind": "string"}, 'no column can be named "Filename"'),
        ({"column": "file_row_number", "kind": "string"}, 'no column can be named "file_row_number"'),
    ],
)
def test_names_that_are_taken_are_refused(
    tmp_path: Path, home: Path, log: Path, changed: dict[str, str], told: str
) -> None:
    refused = trailcam("run", log, "--log-types", write_schema(tmp_path / "door", **changed))
    assert refused.returncode == 2
    assert code("bad_schema") in refused.stderr
    assert told in refused.stderr
    assert not home.exists()
