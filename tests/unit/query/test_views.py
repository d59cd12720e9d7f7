"""Views of kept tables: every row once, whichever files its copies lie in."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trailcam.lake.tables import event_table
from trailcam.logtypes.loader import builtin
from trailcam.query.lake import connection, locked
from trailcam.query.views import only_in_raw, view

LOG_TYPE = next(each for each in builtin() if each.name == "AWS.CloudTrail")
TABLE = event_table(LOG_TYPE)
HOUR = 3_600_000_000

ODD_NAMES = [
    "a b",
    "it's",
    'q"q',
    "h#h",
    "p%20",
    "w?x",
    "ü",
    "br[1]",
    "st*r",
    "{a,b}",
    "env=prod",
    "b\\s",
    "$HOME",
    "~",
]


class Lake:
    """A folder of files and a connection that sees them."""

    def __init__(self, folder: Path, opened: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
        self.opened = opened
        self.files: list[str] = []

    def file(self, *rows: dict[str, Any], without: Sequence[str] = ()) -> None:
        """Writes a file of these rows; what they do not say is null."""
        held = pa.Table.from_pylist(
            [
                {"p_time_from_origin": False, "p_parse_time": 0, "p_event_time": 0, "raw": "{}"} | row
                for row in rows
            ],
            schema=TABLE.schema,
        )
        path = self.folder / f"{len(self.files):03}.parquet"
        pq.write_table(held.drop_columns(list(without)), path)
        self.files.append(str(path))

    def ask(self, sql: str) -> list[Any]:
        view(self.opened, "t", TABLE, self.files, nested=only_in_raw(LOG_TYPE))
        locked(self.opened)
        return self.opened.sql(sql).fetchall()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    (tmp_path / "w").mkdir()
    with connection(warehouse=tmp_path / "w", scratch=tmp_path / "s") as opened:
        yield Lake(tmp_path / "w", opened)


def test_copies_in_one_file_are_one_row(lake: Lake) -> None:
    lake.file({"p_row_id": "a"}, {"p_row_id": "a"}, {"p_row_id": "b"})
    assert lake.ask("SELECT p_row_id FROM t ORDER BY ALL") == [("a",), ("b",)]


def test_of_copies_in_several_files_the_one_that_was_read_first_stays(lake: Lake) -> None:
    lake.file({"p_row_id": "a", "p_parse_time": 2, "p_source_file": "later"})
    lake.file({"p_row_id": "a", "p_parse_time": 1, "p_source_file": "first"})
    lake.file({"p_row_id": "a", "p_parse_time": 1, "p_source_file": "as early, in a later file"})
    assert lake.ask("SELECT p_source_file FROM t") == [("first",)]


def test_copies_that_name_no_time_are_one_row_though_their_files_have_two(lake: Lake) -> None:
    lake.file({"p_row_id": "a", "p_time_from_origin": True, "p_event_time": 5 * HOUR, "p_parse_time": 1})
    lake.file({"p_row_id": "a", "p_time_from_origin": True, "p_event_time": 9 * HOUR, "p_parse_time": 2})
    assert lake.ask("SELECT epoch_us(p_event_time) FROM t") == [(5 * HOUR,)]


def test_a_filter_on_the_time_does_not_bring_back_a_copy_that_was_left_out(lake: Lake) -> None:
    lake.file({"p_row_id": "a", "p_time_from_origin": True, "p_event_time": 5 * HOUR, "p_parse_time": 1})
    lake.file({"p_row_id": "a", "p_time_from_origin": True, "p_event_time": 9 * HOUR, "p_parse_time": 2})
    assert lake.ask("SELECT count(*) FROM t WHERE p_event_time > '1970-01-01 07:00:00Z'") == [(0,)]


def test_a_filter_on_the_time_reaches_the_files_wherever_they_are_read(lake: Lake) -> None:
    for hour in range(3):
        lake.file({"p_row_id": str(hour), "p_event_time": hour * HOUR})
    lake.ask("SELECT 1")
    plan = "EXPLAIN (FORMAT json) SELECT raw FROM t WHERE p_event_time > '1970-01-01 01:30:00Z' AND NOT p_time_from_origin"
    ((_, written),) = lake.opened.execute(plan).fetchall()
    scans = [part for part in written.split('"name"') if "READ_PARQUET" in part]
    assert len(scans) >= 2  # the rows, and the search for copies
    assert all("p_event_time" in scan and "1970-01-01 01:30:00" in scan for scan in scans), written


def test_a_column_that_a_file_does_not_have_yet_is_null(lake: Lake) -> None:
    lake.file({"p_row_id": "a", "eventName": "GetObject"}, without=["eventName"])
    lake.file({"p_row_id": "b", "eventName": "GetObject"})
    assert lake.ask("SELECT p_row_id, eventName FROM t ORDER BY ALL") == [("a", None), ("b", "GetObject")]


def test_a_table_without_files_has_its_columns_and_no_rows(lake: Lake) -> None:
    assert lake.ask("SELECT eventName, userIdentity, p_event_time FROM t") == []


def test_fields_that_only_the_raw_record_holds_are_columns_too(lake: Lake) -> None:
    lake.file({"p_row_id": "a", "raw": '{"userIdentity": {"type": "Root"}}'})
    assert lake.ask("SELECT userIdentity->>'$.type', typeof(userIdentity) FROM t") == [("Root", "JSON")]


def test_a_field_may_be_called_like_what_duckdb_says_of_files(lake: Lake) -> None:
    lake.file({"p_row_id": "a", "raw": '{"filename": "x.exe", "file_row_number": 7}'})
    view(lake.opened, "t", TABLE, lake.files, nested=["filename", "file_row_number"])
    assert lake.opened.sql("SELECT filename, file_row_number FROM t").fetchall() == [('"x.exe"', "7")]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_folder_may_be_called_anything(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    (folder / "w").mkdir(parents=True)
    with connection(warehouse=folder / "w", scratch=folder / "s") as opened:
        lake = Lake(folder / "w", opened)
        lake.file({"p_row_id": "a"})
        assert lake.ask("SELECT p_row_id FROM t") == [("a",)]
        assert "env" not in lake.opened.sql("FROM t").columns


@pytest.mark.parametrize(("name", "neighbour"), [("st*r", "star"), ("w?x", "wax"), ("br[1]", "br1")])
def test_a_folder_that_is_called_like_a_pattern_is_read_alone(
    tmp_path: Path, name: str, neighbour: str
) -> None:
    for each in (name, neighbour):
        (tmp_path / each).mkdir()
    with connection(warehouse=tmp_path, scratch=tmp_path / "s") as opened:
        Lake(tmp_path / neighbour, opened).file({"p_row_id": "b"})
        lake = Lake(tmp_path / name, opened)
        lake.file({"p_row_id": "a"})
        assert lake.ask("SELECT p_row_id FROM t") == [("a",)]


def test_a_connection_writes_into_nothing_and_reads_nothing_else(lake: Lake, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    lake.ask("SELECT 1")
    for sql in (
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM read_text('{lake.folder}/../secret.csv')",
        f"SELECT * FROM glob('{tmp_path}/*')",
        f"COPY (SELECT 1) TO '{tmp_path}/written.csv'",
        f"ATTACH '{tmp_path}/state.db'",
        "SET enable_external_access = true",
        "SET memory_limit = '1TB'",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            lake.opened.execute(sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "w"]
