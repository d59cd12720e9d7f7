"""Rows on the disk, found by their keys: an SQLite file that is written once and then only read.

However large a table is and however many of its versions are asked, a process holds some pages of each.
"""

import errno
import json
import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from trailcam.contracts.enrichment import Row
from trailcam.errors import Problem, WorldError, code

ENDING = ".index"
"""By it what was made of a version is known; it can be made anew, so no backup has it."""

_FORM = """
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA page_size = 8192;
    CREATE TABLE made (form TEXT NOT NULL, key TEXT NOT NULL);
    CREATE TABLE row (number INTEGER PRIMARY KEY, key BLOB NOT NULL, row BLOB NOT NULL);
"""
_DOUBLES = """
    SELECT number, key, (SELECT min(number) FROM row AS other WHERE other.key = row.key) AS first
    FROM row WHERE number > first ORDER BY number LIMIT ?
"""
_REMEMBERED_BYTES = 1 << 20
"""Of answers that are kept in memory: the same few addresses stand in most events."""
_LONGEST_REMEMBERED = 2_000
_OVERHEAD_BYTES = 200
"""What an answer takes beside its bytes, about."""


class Index:
    """See `trailcam.contracts.enrichment.Snapshot`.

    Raises:
        WorldError: TC0605 the file is not there, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, bytes | None] = {}
        self._known_bytes = 0
        try:
            name = quote(os.fsencode(path))
            self._connection = sqlite3.connect(
                f"file:{name}?mode=ro&immutable=1",
                uri=True,
                check_same_thread=False,  # garbage is collected in any thread, and closed there
            )
        except sqlite3.Error as error:
            raise self._damaged(error) from None
        weakref.finalize(self, self._connection.close)  # whoever forgets an index leaves no file open

    def row(self, value: str) -> Row | None:
        """The row whose key is this text; None when there is none.

        Raises:
            WorldError: TC0605 the file is damaged.
        """
        written = self._known[value] if value in self._known else self._read(value)
        if written is None:
            return None
        try:
            row: Row = json.loads(written)
        except ValueError as error:
            raise self._damaged(error) from None
        return row

    def made(self) -> tuple[str, str]:
        """(form, key) of the file that it was made of."""
        form, key = self._connection.execute("SELECT form, key FROM made").fetchone()
        return form, key

    def rows(self) -> Iterator[tuple[int, bytes, bytes]]:
        """(number, key, row) of all rows, by their numbers."""
        return self._connection.execute("SELECT number, key, row FROM row ORDER BY number")

    def close(self) -> None:
        """Closes the file; what was read stays."""
        self._connection.close()

    def _read(self, value: str) -> bytes | None:
        try:
            found = self._connection.execute("SELECT row FROM row WHERE key = ?", (_bytes(value),)).fetchone()
        except sqlite3.Error as error:
            raise self._damaged(error) from None
        written: bytes | None = found[0] if found else None
        size = len(value) + len(written or b"")
        if size <= _LONGEST_REMEMBERED:
            if self._known_bytes > _REMEMBERED_BYTES:
                self._known.clear()
                self._known_bytes = 0
            self._known[value] = written
            self._known_bytes += size + _OVERHEAD_BYTES
        return written

    def _damaged(self, error: Exception) -> WorldError:
        message = f"the index of a lookup table cannot be read: {error}"
        hint = "while nothing runs, remove it if it is there: the next run makes it anew"
        return WorldError(Problem(code=code("state_damaged"), message=message, path=self._path, hint=hint))


class Writer:
    """Writes an index of a file of `form` by its column `key`: on the disk when its block ends without an
    exception.

    Raises:
        OSError: the disk refuses; while it is open too.
    """

    def __init__(self, path: Path, *, form: str, key: str) -> None:
        self._path = path
        self._made = (form, key)

    def __enter__(self) -> Self:
        try:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
        except sqlite3.Error as error:
            raise _refused(error, self._path) from None
        try:
            self._connection.executescript(_FORM)
            self._connection.execute("BEGIN")
            self._connection.execute("INSERT INTO made VALUES (?, ?)", self._made)
        except sqlite3.Error as error:
            self._connection.close()
            raise _refused(error, self._path) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with closing(self._connection):
                if error is None:
                    self._connection.execute("COMMIT")
        except sqlite3.Error as failure:
            raise _refused(failure, self._path) from None
        if isinstance(error, sqlite3.Error):
            raise _refused(error, self._path) from None
        if error is None:
            with self._path.open("rb") as written:
                os.fsync(written.fileno())

    def add(self, number: int, key: str, row: bytes) -> None:
        """Adds a row under a number of its own."""
        self._connection.execute("INSERT INTO row VALUES (?, ?, ?)", (number, _bytes(key), row))

    def doubles(self, most: int) -> tuple[list[tuple[int, str, int]], int]:
        """(number, key, number of the first row with this key) of rows whose key another has before them: the
        first `most`, and how many there are. After it, no row can be added."""
        run = self._connection.execute
        run("CREATE INDEX by_key ON row (key)")
        (more,) = run("SELECT count(*) - count(DISTINCT key) FROM row").fetchone()
        found = run(_DOUBLES, (most,)).fetchall() if more else []
        return [(number, key.decode("utf-8", "surrogatepass"), first) for number, key, first in found], more


def same(one: Path, other: Path) -> bool:
    """Whether two indexes hold the same rows in the same order.

    Raises:
        sqlite3.Error: one is damaged.
    """
    with closing(Index(one)) as left, closing(Index(other)) as right:
        pairs = zip_longest(left.rows(), right.rows())
        return all(a == b for a, b in pairs)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _refused(error: sqlite3.Error, path: Path) -> OSError:
    number = errno.ENOSPC if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL else errno.EIO
    return OSError(number, os.strerror(number), str(path))
