"""What goes wrong while the rows of an answer are read: the person's mistake, or damage to what is kept."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from trailcam.app.home import Home, make_home
from trailcam.commit import tables as t
from trailcam.errors import TrailcamError, WorldError, code
from trailcam.lake import rows
from trailcam.lake.files import write
from trailcam.lake.tables import DEAD_LETTERS
from trailcam.logtypes.loader import builtin
from trailcam.model.deadletter import DeadLetter
from trailcam.model.timestamps import Micros
from trailcam.query.sql import ask


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home") / "home")


def read(home: Home, sql: str) -> int:
    """The number of rows that a query gives."""
    with ask(
        sql,
        database=home.database,
        warehouse=home.iceberg.warehouse,
        scratch=home.scratch,
        log_types=builtin(),
    ) as answer:
        return sum(1 for _ in answer.rows)


def keep_letters(home: Home, *, count: int) -> Path:
    letters = [
        DeadLetter(
            origin_id=f"o{number}", origin_name=f"n{number}", position=number, size_bytes=1, reason="TC0405",
            detail=f"d{number}", raw=b"x",
        )
        for number in range(count)
    ]  # fmt: skip
    staged = rows.dead_letters(letters, parse_time=Micros(0))
    (file,) = write(staged, DEAD_LETTERS, warehouse=home.iceberg.warehouse, attempt="a")
    with home.database.write() as state:
        state.execute(
            insert(t.staged_file).values(
                path=file.path,
                table_name=file.table,
                day=file.day,
                rows=count,
                size_bytes=file.size_bytes,
                digest=file.digest,
            )
        )
    return home.iceberg.warehouse / file.path


@pytest.mark.parametrize("from_row", [0, 900_000])
def test_a_mistake_that_shows_late_is_told_like_one_that_shows_at_once(home: Home, from_row: int) -> None:
    sql = f"SELECT CAST(CASE WHEN range < {from_row} THEN '1' ELSE 'x' END AS INTEGER) FROM range(1000000)"
    with pytest.raises(TrailcamError, match="Conversion Error") as raised:
        read(home, sql)
    assert [problem.code for problem in raised.value.problems] == [code("bad_query")]


@pytest.mark.parametrize("damage", ["page", "header"])
def test_a_damaged_file_is_no_mistake_of_who_asks(home: Home, damage: str) -> None:
    keep_letters(home, count=5_000)
    file = keep_letters(home, count=5_000)
    whole = file.read_bytes()
    column = pq.ParquetFile(file).metadata.row_group(0).column(6)
    start = column.dictionary_page_offset or column.data_page_offset
    length = column.total_compressed_size
    if damage == "page":
        start, length = start + length - 40, 40
    file.write_bytes(whole[:start] + bytes(length) + whole[start + length :])
    try:
        with pytest.raises(WorldError) as raised:
            read(home, "FROM dead_letters")
    finally:
        file.write_bytes(whole)
    (problem,) = raised.value.problems
    assert (problem.code, "trailcam verify" in problem.hint) == (code("world_refused"), True)
    assert read(home, "FROM dead_letters") >= 10_000
