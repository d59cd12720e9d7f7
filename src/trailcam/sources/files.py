"""Files, folders and standard input as origins, identified by the digest of their bytes."""

import errno
import hashlib
import os
import re
import select
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

from trailcam.contracts.codec import Unpackable
from trailcam.errors import Problem, TrailcamError, cannot_write, code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.text import storable
from trailcam.model.timestamps import Micros, parse

CHUNK_BYTES = 1 << 20
_PATIENCE_MILLISECONDS = 500

STDIN = "-"
SOURCE = "files"

LOG_NAMES = "names that end in .json, .jsonl, .ndjson, .log or .gz"
"""What is read in a folder, in words."""

_LOG_NAME = re.compile(r"\.(json|jsonl|ndjson|log|gz)$", re.IGNORECASE)
_TIME_IN_NAME = re.compile(r"_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?Z[_.]")


@dataclass(frozen=True, slots=True)
class LocalBlob:
    """A file whose bytes had the digest `origin.id` when it was claimed."""

    origin: Origin
    path: Path
    spooled: bool = False
    """The file is our own copy of a stream."""

    def acknowledge(self) -> None:
        """Removes the copy of a stream; a file is its owner's."""
        if self.spooled:
            self.path.unlink(missing_ok=True)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """See `trailcam.contracts.source.Blob`."""
        with _readable(self.path) as file:
            yield self._chunks(file)

    def _chunks(self, file: BinaryIO) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in _read(file, self.path):
            digest.update(chunk)
            yield chunk
        if _identity(digest) != self.origin.id:
            raise Unpackable(code("origin_changed"), "the file was written to between two readings")


@dataclass(slots=True)
class Found:
    """What a list of paths led to: files to read in a fixed order, and what was passed over."""

    files: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    """Files in folders whose names are not those of logs."""
    unreadable: list[DeadLetter] = field(default_factory=list)
    """Folders that could not be listed."""


def find(paths: Sequence[Path]) -> Found:
    """The files that paths lead to: a file as it is, a folder's logs at any depth, sorted by path.

    Links are followed, each folder once. What begins with a dot is left alone.

    Raises:
        TrailcamError: TC0101 a path does not exist, TC0102 a folder holds no logs; all of them at once.
    """
    found = Found()
    problems = []
    for path in paths:
        if str(path) == STDIN:
            found.files.append(path)
        elif not os.path.lexists(path):
            problems.append(Problem(code=code("path_not_found"), message=f"no such file or folder: {path}"))
        elif path.is_dir():
            logs, others, unreadable = _walk(path)
            if not logs and not unreadable:
                problems.append(
                    Problem(code=code("no_logs"), message=f"no log files in folder {path}: {LOG_NAMES}")
                )
            found.files += logs
            found.skipped += others
            found.unreadable += unreadable
        else:
            found.files.append(path)
    if problems:
        raise TrailcamError(problems)
    return found


def is_log(name: str) -> bool:
    """Whether a file in a folder is read: by its name, and when it is not hidden."""
    return not name.startswith(".") and _LOG_NAME.search(name) is not None


class Listed(NamedTuple):
    """A folder and the names in it, sorted."""

    path: Path
    names: list[str]
    """Of what is no folder."""
    hidden: list[str]
    """Of what begins with a dot, also of folders: those are not listed."""


def walk(folder: Path, *, refused: Callable[[OSError], None]) -> Iterator[Listed]:
    """A folder and those below it, also behind links, each once: a link may lead in a circle.

    `refused` is called for what cannot be listed; the rest is listed all the same.
    """
    walked: set[str] = set()
    for parent, folders, names in os.walk(folder, onerror=refused, followlinks=True):
        real = os.path.realpath(parent)
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        hidden = sorted(name for name in (*folders, *names) if name.startswith("."))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Listed(Path(parent), sorted(name for name in names if not name.startswith(".")), hidden)


def status_of(path: Path, *, refused: Callable[[OSError], None]) -> os.stat_result | None:
    """None for what was moved away meanwhile, or a link that leads nowhere, and for what is refused."""
    try:
        return path.stat()
    except OSError as error:
        if not is_gone(error):
            refused(error)
        return None


def is_gone(error: OSError) -> bool:
    """Whether it says that nothing is there."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def claim(path: Path, *, spool: Path) -> LocalBlob | DeadLetter:
    """A file with its identity, or a dead letter that says why it cannot be read.

    What is not a regular file (a pipe, `-` for standard input) is copied into `spool` until its digest is
    known, so that it can be read like a file, and again.

    Raises:
        WorldError: TC0601, TC0603 or TC0108 the spool cannot be written.
    """
    if str(path) == STDIN:
        with open(sys.stdin.fileno(), "rb", closefd=False) as stdin:
            return _spooled(stdin, "stdin", spool)
    try:
        with _readable(path) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return _spooled(file, str(path), spool)
            digest = hashlib.sha256()
            size = 0
            for chunk in _read(file, path):
                digest.update(chunk)
                size += len(chunk)
    except Unpackable as unreadable:
        return _unreadable(path, unreadable)
    return LocalBlob(
        _origin(_identity(digest), str(path), size, _time_of(path.name, status.st_mtime_ns)), path
    )


def _unreadable(path: Path, unreadable: Unpackable) -> DeadLetter:
    return DeadLetter(
        origin_id=storable(f"path:{path}"),  # an identity is written down as it is
        origin_name=str(path),
        position=0,
        size_bytes=0,
        reason=unreadable.reason,
        detail=unreadable.detail,
        raw=b"",
    )


def _spooled(stream: BufferedReader, name: str, spool: Path) -> LocalBlob:
    digest = hashlib.sha256()
    size = 0
    status = os.fstat(stream.fileno())
    modified = status.st_mtime_ns if stat.S_ISREG(status.st_mode) else 0
    try:
        with tempfile.NamedTemporaryFile(dir=spool, delete=False) as copy, _unless_whole(Path(copy.name)):
            while chunk := _what_has_come(stream):
                digest.update(chunk)
                size += len(chunk)
                copy.write(chunk)
            copy.flush()
    except OSError as error:
        raise cannot_write(error, f"a copy of {name} to read it from", path=spool) from None
    origin = _origin(_identity(digest), name, size, _time_of("", modified))
    return LocalBlob(origin, Path(copy.name), spooled=True)


def _what_has_come(stream: BufferedReader) -> bytes:
    """What a stream has by now, once it has something; nothing at its end.

    Reading alone is deaf to signals: `read` goes on until a chunk is full, and even one system call does not
    return for a signal that came just before it. So we wait a little at a time.
    """
    waiting = select.poll()
    waiting.register(stream, select.POLLIN)
    while not waiting.poll(_PATIENCE_MILLISECONDS):
        pass
    return stream.read1(CHUNK_BYTES)


@contextmanager
def _unless_whole(copy: Path) -> Iterator[None]:
    """Removes a copy that did not come to its end."""
    try:
        yield
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _walk(folder: Path) -> tuple[list[Path], list[Path], list[DeadLetter]]:
    logs: list[Path] = []
    others: list[Path] = []
    unreadable: list[DeadLetter] = []

    def refused(error: OSError) -> None:
        reason = Unpackable(code("origin_unreadable"), f"the folder cannot be listed: {error.strerror}")
        unreadable.append(_unreadable(Path(error.filename), reason))

    for listed in walk(folder, refused=refused):
        for name in listed.names:
            (logs if is_log(name) else others).append(listed.path / name)
    return logs, others, unreadable


@contextmanager
def _readable(path: Path) -> Iterator[BufferedReader]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise Unpackable(code("origin_unreadable"), f"{error.strerror}") from None
    with file:
        yield file


def _read(file: BinaryIO, path: Path) -> Iterator[bytes]:
    read: Callable[[int], bytes] = file.read
    while True:
        try:
            chunk = read(CHUNK_BYTES)
        except OSError as error:
            raise Unpackable(code("origin_unreadable"), f"{path}: {error.strerror}") from None
        if not chunk:
            return
        yield chunk


def _identity(digest: "hashlib._Hash") -> str:
    return f"sha256:{digest.hexdigest()}"


def _origin(identity: str, name: str, size_bytes: int, fallback_time: Micros) -> Origin:
    return Origin(
        id=identity,
        name=name,
        source_id=SOURCE,
        source_label=SOURCE,
        size_bytes=size_bytes,
        fallback_time=fallback_time,
    )


def _time_of(name: str, modified_ns: int) -> Micros:
    """The time in a file's name, else when the file was last modified."""
    named = time_in_name(name)
    return Micros(modified_ns // 1_000) if named is None else named


def time_in_name(name: str) -> Micros | None:
    """The time in the name of a CloudTrail file (`..._20260901T0010Z_...`); None when it has none."""
    written = _TIME_IN_NAME.search(name)
    if not written:
        return None
    year, month, day, hour, minute, second = written.groups("00")
    return parse(f"{year}-{month}-{day}T{hour}:{minute}:{second}Z")
