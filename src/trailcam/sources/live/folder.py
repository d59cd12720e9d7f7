"""A folder whose files are read when they are whole: moved there, or not written to for a while.

The folder is looked through again and again, which works on every file system, also on shared ones. A file
that changes after it was read is read again, as a whole: it is another origin then.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from trailcam.contracts.source import Blob, Finding, NotFetched, Notice, Surroundings
from trailcam.errors import Problem, WorldError, code
from trailcam.forms import PATH, SECONDS, Form, Key
from trailcam.model.deadletter import DeadLetter
from trailcam.model.text import storable
from trailcam.sources import files, folder_checks
from trailcam.sources.tables import followed_file
from trailcam.state.database import Database

_QUIET_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_SHARE_OF_TIME = 20
"""Looking takes at most one twentieth of the time."""

_AT_ONCE = 100

FORM = Form(
    "[sources.NAME] of type folder",
    {
        "path": Key(PATH, required=True, doc="The folder; its folders are followed too."),
        "quiet_seconds": Key(
            SECONDS,
            doc=f"How long a file must not have been written to; {_QUIET_SECONDS:g} if absent. What writes "
            "elsewhere and moves files here need not wait.",
        ),
    },
)


class _Stat(NamedTuple):
    """By what a file is told to be the same as before."""

    size_bytes: int
    modified_ns: int
    inode: int


@dataclass(slots=True)
class _Seen:
    """A file that is not read yet."""

    stat: _Stat
    since: float
    """Since when it is as it is, on the clock that never jumps."""
    tries: int = 0
    due: float = 0.0
    in_hand: bool = False


class _File(NamedTuple):
    path: str
    stat: _Stat


def open_source(name: str, options: dict[str, Any], *, database: Database) -> "FolderSource":
    """See `trailcam.contracts.source.SourceType`."""
    return FolderSource(name, database=database, **options)


def examine(name: str, options: dict[str, Any], *, surroundings: Surroundings) -> Iterator[Finding]:
    """See `trailcam.contracts.source.SourceType`."""
    options = {"quiet_seconds": _QUIET_SECONDS, **options}
    return folder_checks.examine(name, surroundings=surroundings, **options)


class FolderSource:
    """See `trailcam.contracts.source.Source`."""

    pollers = 1
    hold_seconds = 3600.0

    def __init__(
        self, name: str, *, path: Path, database: Database, quiet_seconds: float = _QUIET_SECONDS
    ) -> None:
        self._name = name
        self._path = path
        self._database = database
        self._quiet_seconds = quiet_seconds
        self._seen: dict[str, _Seen] = {}
        self._read: dict[str, _Stat] | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """See `trailcam.contracts.source.Source`."""
        until = time.monotonic() + wait_seconds
        while True:
            begun = time.monotonic()
            notices = self._look()
            looked = time.monotonic() - begun
            if notices or time.monotonic() >= until:
                return notices
            if self._closed.wait(max(_LOOK_SECONDS, looked * _SHARE_OF_TIME)):
                return ()

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:
        """See `trailcam.contracts.source.Source`."""
        path = Path(notice.receipt.path)
        claimed = files.claim(path, spool=spool)
        if isinstance(claimed, DeadLetter):
            raise NotFetched(claimed.reason, claimed.detail)
        named = replace(claimed.origin, source_id=self._name, source_label=self._name)
        return replace(claimed, origin=named)

    def hold(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`: files are nobody else's."""

    def settle(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`: they are not read again while they are as they are."""
        rows = []
        with self._lock:
            for notice in notices:
                path, stat = notice.receipt
                self._seen.pop(path, None)
                self._known()[path] = stat
                rows.append({"source": self._name, "path": storable(path), **stat._asdict()})
        try:
            with self._database.write() as state:
                statement = upsert(followed_file)
                new = statement.excluded
                columns = {column: new[column] for column in _Stat._fields}
                key = followed_file.primary_key.columns
                state.execute(statement.on_conflict_do_update(index_elements=key, set_=columns), rows)
        except WorldError:  # the ledger has them: after a restart they are passed over by their bytes
            return

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:
        """See `trailcam.contracts.source.Source`."""
        with self._lock:
            for notice in notices:
                seen = self._seen.get(notice.receipt.path)
                if seen is not None:
                    seen.in_hand, seen.due = False, time.monotonic() + seconds

    def close(self) -> None:
        """See `trailcam.contracts.source.Source`."""
        self._closed.set()

    def _look(self) -> list[Notice]:
        found = {file.path: file.stat for file in self._files()}
        now, clock = time.time(), time.monotonic()
        ready: list[Notice] = []
        with self._lock:
            read = self._known()
            self._forget([path for path in read if path not in found])
            for path in [path for path in self._seen if path not in found]:
                del self._seen[path]
            for path, stat in sorted(found.items()):
                if read.get(path) == stat:
                    continue
                seen = self._seen.get(path)
                if seen is None or (seen.stat != stat and not seen.in_hand):
                    self._seen[path] = _Seen(stat, clock)
                elif not seen.in_hand and clock >= seen.due and self._is_whole(seen, now, clock):
                    seen.in_hand = True
                    seen.tries += 1
                    ready.append(self._notice(_File(path, stat), seen.tries))
                    if len(ready) == _AT_ONCE:
                        break
        return ready

    def _is_whole(self, seen: _Seen, now: float, clock: float) -> bool:
        """Whether it was seen at least twice as it is, and has not been written to for long enough."""
        by_file = now - seen.stat.modified_ns / 1e9
        return max(by_file, clock - seen.since) >= self._quiet_seconds

    def _notice(self, file: _File, tries: int) -> Notice:
        return Notice(
            name=file.path, origin_id=None, size_bytes=file.stat.size_bytes, tries=tries, receipt=file
        )

    def _files(self) -> Iterable[_File]:
        if not self._path.is_dir():
            message = f"the folder of source {self._name} is not there: {self._path}"
            raise WorldError(Problem(code=code("source_unreachable"), message=message))
        for folder, folders, names in os.walk(self._path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if files.is_log(name):
                    path = Path(folder, name)
                    try:
                        status = path.stat()
                    except OSError:  # moved away meanwhile, or a link that leads nowhere
                        continue
                    yield _File(str(path), _Stat(status.st_size, status.st_mtime_ns, status.st_ino))

    def _known(self) -> dict[str, _Stat]:
        """What was read, also by those before us. Under the lock."""
        if self._read is None:
            f = followed_file.c
            with self._database.read() as state:
                rows = state.execute(select(followed_file).where(f.source == self._name))
                self._read = {row.path: _Stat(row.size_bytes, row.modified_ns, row.inode) for row in rows}
        return self._read

    def _forget(self, gone: Sequence[str]) -> None:
        """Files that are gone: one that comes back under the name is new. Under the lock."""
        if not gone:
            return
        f = followed_file.c
        for path in gone:
            self._known().pop(path)
        with self._database.write() as state:
            for path in gone:
                state.execute(delete(followed_file).where(f.source == self._name, f.path == path))
