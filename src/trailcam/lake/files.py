"""Writes rows into Parquet files of one day each, whole and on disk before anybody hears of them."""

import hashlib
import os
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ulid import ULID

from trailcam.lake.tables import LakeTable
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import DAY, Micros, to_rfc3339

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ZSTD_LEVEL = 1
"""Higher levels cost half as much time again for a fiftieth of the size; compaction may use them."""


def write(rows: pa.Table, table: LakeTable, *, warehouse: Path, attempt: str) -> Iterator[StagedFile]:
    """Writes rows into one file a day, sorted by the table's time; gives the files as they are complete.

    A name is `<attempt>-<a name of its own>`: no file is ever written twice, nothing is ever overwritten.
    Digests are SHA-256, which processors compute faster than any other that nobody can forge.

    Raises:
        OSError: no space, no permission; a half-written file may be left, which nobody names.
    """
    if not rows.num_rows:
        return
    rows = rows.take(pc.sort_indices(rows, sort_keys=[(table.time, "ascending")]))
    for day, start, length in _days(rows.column(table.time)):
        path = f"{table.name}/data/{_written(day)}/{attempt}-{ULID()}.parquet"
        size, digest = _write(rows.slice(start, length), table, warehouse / path)
        yield StagedFile(path=path, table=table.name, day=day, rows=length, size_bytes=size, digest=digest)


class _Digesting(BufferedWriter):
    """A file that is written once, from its beginning to its end, and the digest of what was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("xb", buffering=0))
        self.digest = hashlib.sha256()

    def write(self, data: "ReadableBuffer", /) -> int:
        """Takes the next bytes."""
        self.digest.update(data)
        return super().write(data)


def opens(path: Path) -> bool:
    """Whether a file is there and tells its columns: what a table asks of it before it takes it in."""
    try:
        pq.read_schema(path)
    except (OSError, pa.ArrowException):
        return False
    return True


def _write(rows: pa.Table, table: LakeTable, path: Path) -> tuple[int, str]:
    """Size and digest."""
    _make_folder(path.parent)
    with _Digesting(path) as file:
        pq.write_table(
            rows,
            file,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=table.dictionaries,
            write_statistics=table.measured,
            store_schema=False,
        )
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    sync_folder(path.parent)
    return size, file.digest.hexdigest()


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Brings a folder to the disk: a file is safe only when the folder that names it is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _days(times: pa.ChunkedArray) -> Iterator[tuple[int, int, int]]:
    """(day, first row, number of rows) of sorted times."""
    days = [time // DAY for time in times.cast(pa.int64()).to_pylist()]
    start = 0
    for row in range(1, len(days) + 1):
        if row == len(days) or days[row] != days[start]:
            yield days[start], start, row - start
            start = row


def _written(day: int) -> str:
    return to_rfc3339(Micros(day * DAY))[:10]
