"""A folder whose files are read when they are whole: moved there, or not written to for a while.

The folder is looked through again and again, which works on every file system, also on shared ones. A file
that changes after it was read is read again, as a whole: it is another origin then.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from trailcam.contracts.source import Blob, Finding, NotFetched, Notice, Surroundings
from trailcam.errors import Problem, WorldError, cannot_write, code
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

_COMPLAINED_EVERY_SECONDS = 5.0
"""While a part of it cannot be looked at, what is in the others is announced between two complaints."""

_AT_ONCE = 100
_LARGEST = (1 << 63) - 1

FORM = Form(
    "[sources.NAME] of type folder",
    {
        "path": Key(PATH, required=True, doc="The folder; its folders are followed too, also behind links."),
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
    """Since when it is as it is, on the clock that never jumps: the first look, or when it was written to if
    that lay before it."""
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
        self._ready: deque[Notice] = deque()
        self._look_at = 0.0
        self._refused: list[OSError] = []
        """What the last look was refused."""
        self._complain_at = 0.0

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """See `trailcam.contracts.source.Source`."""
        until = time.monotonic() + min(wait_seconds, _LOOK_SECONDS)  # a stop waits for it
        while not self._closed.is_set():
            begun = time.monotonic()
            if not self._ready and begun >= self._look_at:
                self._ready += self._look()
                looked = time.monotonic() - begun
                self._look_at = begun + max(_LOOK_SECONDS, looked * _SHARE_OF_TIME)
            if self._refused and begun >= self._complain_at:
                self._complain_at = begun + _COMPLAINED_EVERY_SECONDS
                raise self._refusal(self._refused)
            if self._ready or begun >= until:
                return [self._ready.popleft() for _ in range(min(_AT_ONCE, len(self._ready)))]
            self._closed.wait(min(self._look_at, until) - begun)
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
        if not notices:
            return
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

    def plant(self, data: bytes) -> None:
        """See `trailcam.contracts.source.Plants`: written under a hidden name, and moved to its own."""
        path = self._path / f"trailcam-canary-{self._name}.json"
        hidden = path.with_name(f".{path.name}")
        try:
            hidden.write_bytes(data)
            hidden.replace(path)
        except OSError as error:
            raise cannot_write(error, "a canary", path=self._path) from None

    def close(self) -> None:
        """See `trailcam.contracts.source.Source`."""
        self._closed.set()

    def _look(self) -> list[Notice]:
        refused: list[OSError] = []
        found = {file.path: file.stat for file in self._files(refused=refused.append)}
        self._refused = [error for error in refused if not files.is_gone(error)]
        unseen = tuple(str(error.filename) for error in self._refused)
        now, clock = time.time_ns(), time.monotonic()
        ready: list[Notice] = []
        with self._lock:
            read = self._known()
            gone = [
                path for path in (*read, *self._seen) if path not in found and not path.startswith(unseen)
            ]
            self._forget(gone)
            for path, stat in sorted(found.items()):
                if read.get(path) == stat:
                    continue
                seen = self._seen.get(path)
                if seen is None or (seen.stat != stat and not seen.in_hand):
                    quiet = max(0, now - stat.modified_ns) / 1e9
                    self._seen[path] = _Seen(stat, clock - quiet)
                elif not seen.in_hand and clock >= seen.due and clock - seen.since >= self._quiet_seconds:
                    seen.in_hand = True
                    seen.tries += 1
                    ready.append(self._notice(_File(path, stat), seen.tries))
        return ready

    def _notice(self, file: _File, tries: int) -> Notice:
        return Notice(
            name=file.path, origin_id=None, size_bytes=file.stat.size_bytes, tries=tries, receipt=file
        )

    def _files(self, *, refused: Callable[[OSError], None]) -> Iterable[_File]:
        try:
            is_there = self._path.is_dir()
        except OSError as error:
            raise self._refusal([error]) from None
        if not is_there:
            message = f"the folder of source {self._name} is not there: {self._path}"
            raise WorldError(Problem(code=code("source_unreachable"), message=message))
        for listed in files.walk(self._path, refused=refused):
            for path in [listed.path / name for name in listed.names if files.is_log(name)]:
                status = files.status_of(path, refused=refused)
                if status is not None and S_ISREG(status.st_mode):  # to open a pipe is to wait for who writes
                    inode = status.st_ino & _LARGEST  # some file systems use all bits, databases all but one
                    yield _File(str(path), _Stat(status.st_size, status.st_mtime_ns, inode))

    def _refusal(self, errors: Sequence[OSError]) -> WorldError:
        first = errors[0]
        more = f", and {len(errors) - 1:,} more" if len(errors) > 1 else ""
        message = f"source {self._name} cannot look at {first.filename}: {first.strerror}{more}"
        return WorldError(Problem(code=code("source_unreachable"), message=message))

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
        for path in gone:
            self._seen.pop(path, None)
        gone = [path for path in gone if self._known().pop(path, None)]
        if not gone:
            return
        f = followed_file.c
        with self._database.write() as state:
            for path in gone:
                state.execute(delete(followed_file).where(f.source == self._name, f.path == storable(path)))
