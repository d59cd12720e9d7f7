"""A home out of a backup: unpacked beside its place, checked to the last byte, then put there at once."""

import errno
import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from trailcam.app.backup import ABOUT, FILES, FORM, LOOKUPS, STATE, SUMS, digest_line
from trailcam.app.home import make_home
from trailcam.commit import tables as t
from trailcam.commit.publish import publish
from trailcam.enrichments.tables import lookup_version
from trailcam.errors import Problem, TrailcamError, WorldError, code, refusal
from trailcam.lake.files import sync_folder
from trailcam.model.lookup import TABLE_NAME
from trailcam.state.database import Database

_BUFFER_BYTES = 1 << 20
_MOST_BYTES_ABOUT = 1 << 16
_MOST_BYTES_SUMS = 1 << 30

_NO_SPACE = "free some space there, or restore elsewhere with --home; nothing of it was left"
_IN_PART = "all that was saved is there; make room, and the next `trailcam run` makes the tables of the lake"

_PATH = re.compile(r"[a-z0-9_]+/data/\d{4}-\d\d-\d\d/[A-Za-z0-9-]+\.parquet", re.ASCII)
"""What `lake.files` names its files, relative to the warehouse."""

_LOOKUP = re.compile(rf"{TABLE_NAME.pattern}/[0-9a-f]{{64}}\.[a-z0-9_]+", re.ASCII)
"""What `app.lookup_versions` names versions of lookup tables, relative to their folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was brought back."""

    files: int
    """Files of the lake."""
    taken_at: str
    """When the backup was taken, RFC 3339."""


def restore(
    source: IO[bytes],
    name: Path,
    path: Path,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Restored:
    """Makes a home at `path` out of a backup, and the lake's tables anew; `name` is what errors call it.

    Nothing is at `path` before everything is there and every digest is right. `progress` is told bytes.

    Raises:
        TrailcamError: TC0107 there is something at `path`; TC0611 the archive is none, or is not as it was
            written; nothing is left at `path`.
        WorldError: TC0601, TC0603 the home cannot be written, TC0604 the state is of a later version: nothing
            is left at `path`. TC0606 the tables cannot be made: all is restored, the next run makes them.
    """
    path = path.resolve()
    _refuse_what_is_there(path)
    with _staged(path) as stage:
        unpacked = _Unpacked(source, name, stage, progress)
        unpacked.read()
        _reset(stage / STATE, unpacked, path)
        for folder, _, _ in os.walk(stage):
            sync_folder(Path(folder))
        _place(stage, path)
    try:
        home = make_home(path)
        publish(home.database, home.iceberg)
    except WorldError as error:
        raise WorldError(replace(problem, path=path, hint=_IN_PART) for problem in error.problems) from None
    return Restored(files=len(unpacked.files), taken_at=unpacked.taken_at)


# -- the archive -------------------------------------------------------------------------------------------


class _Unpacked:
    """An archive as it is unpacked into a folder, and what it says of itself."""

    def __init__(
        self, source: IO[bytes], name: Path, folder: Path, progress: Callable[[int, int], None]
    ) -> None:
        self._source = source
        self.name = name
        self._folder = folder
        self._progress = progress
        self._sums: dict[str, str] = {}
        self._size_bytes = 0
        self._done = 0
        self.files: dict[str, str] = {}
        """Paths of the lake's files, relative to the warehouse, with their digests."""
        self.lookups: dict[str, str] = {}
        """Paths of versions of lookup tables, relative to their folder, with their digests."""
        self.taken_at = ""

    def read(self) -> None:
        """Unpacks it, whole; stops at the first thing that is not as it should be."""
        try:
            with tarfile.open(fileobj=self._source, mode="r|", bufsize=_BUFFER_BYTES) as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.type == tarfile.REGTYPE else None
                    if content is None or member.issparse():
                        raise self.broken(f'"{member.name}" in it is not a plain file')
                    if self._take(member, content):
                        return
        except (tarfile.TarError, EOFError, ValueError, OverflowError):
            raise self.broken("it cannot be read to its end" if self._sums else "it is no archive") from None
        except OSError as error:  # of reading; what cannot be written has its own words
            message = f"the backup cannot be read: {error.strerror}"
            raise WorldError(Problem(code=code("world_refused"), message=message, path=self.name)) from None
        raise self.broken("its end is missing")

    def broken(self, what: str) -> TrailcamError:
        """What is told of an archive that cannot be used."""
        return TrailcamError(
            Problem(code=code("not_a_backup"), message=f"not a whole backup: {what}", path=self.name)
        )

    def _take(self, member: tarfile.TarInfo, content: IO[bytes]) -> bool:
        """Whether this was the last member."""
        first = not self._sums
        if first != (member.name == ABOUT):
            raise self.broken(f"it begins with {ABOUT!r}" if first else f"{ABOUT!r} is in it twice")
        if first:
            self._take_about(self._whole(member, content, most=_MOST_BYTES_ABOUT))
            return False
        if member.name == SUMS:
            self._check(self._whole(member, content, most=_MOST_BYTES_SUMS))
            return True
        path, found = self._place(member.name)
        if found is None and member.name != STATE:
            raise self.broken(f'"{member.name}" does not belong in it')
        if member.name in self._sums:
            raise self.broken(f'"{member.name}" is in it twice')
        digest = self._sums[member.name] = self._unpack(content, self._folder / member.name)
        if found is not None:
            found[path] = digest
        return False

    def _place(self, name: str) -> tuple[str, dict[str, str] | None]:
        """Where a member lies in its folder, and what gathers the members of this folder; None for others."""
        for folder, form, found in ((FILES, _PATH, self.files), (LOOKUPS, _LOOKUP, self.lookups)):
            path = name.removeprefix(folder)
            if path != name and form.fullmatch(path):
                return path, found
        return name, None

    def _take_about(self, data: bytes) -> None:
        try:
            about = json.loads(data)
            form, self.taken_at = about["form"], str(about["taken_at"])
            self._size_bytes = int(about["size_bytes"])
        except (ValueError, TypeError, KeyError):
            raise self.broken(f"{ABOUT} in it cannot be read") from None
        if form != FORM:
            raise self.broken(f"it is of form {form}, which another version of Trailcam writes")
        self._sums[ABOUT] = hashlib.sha256(data).hexdigest()

    def _whole(self, member: tarfile.TarInfo, content: IO[bytes], *, most: int) -> bytes:
        if member.size > most:
            raise self.broken(f"{member.name} in it has {member.size:,} bytes")
        return content.read()

    def _unpack(self, content: IO[bytes], path: Path) -> str:
        digest = hashlib.sha256()
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb", buffering=0)  # what is held back would be refused when it is closed
        with file:
            while data := content.read(_BUFFER_BYTES):
                digest.update(data)
                with _writing(path):
                    left = memoryview(data)
                    while left:
                        left = left[file.write(left) :]
                self._done += len(data)
                self._progress(self._done, max(self._size_bytes, self._done))
            with _writing(path):
                os.fsync(file.fileno())
        return digest.hexdigest()

    def _check(self, sums: bytes) -> None:
        """Every member has a digest and the right one, and every digest a member."""
        told = dict.fromkeys(sums.decode("utf-8", "replace").splitlines(keepends=True))
        for name, digest in self._sums.items():
            if digest_line(digest, name) not in told:
                raise self.broken(f'"{name}" in it is not as it was written')
        if len(told) != len(self._sums):
            raise self.broken("something that was written into it is missing")
        if STATE not in self._sums:
            raise self.broken(f"{STATE} is not in it")


# -- the home ----------------------------------------------------------------------------------------------


def _reset(state: Path, unpacked: _Unpacked, path: Path) -> None:
    """Brings the state to this version, in which no file has been published."""
    database = Database(state)
    try:
        database.migrate()
        with database.write() as connection:
            f = t.staged_file.c
            named = connection.execute(select(f.path, f.digest))
            v = lookup_version.c
            versions = connection.execute(select(v.path, v.digest))
            if {row.path: row.digest for row in named} != unpacked.files or {
                row.path: row.digest for row in versions
            } != unpacked.lookups:
                raise unpacked.broken("its files are not those that its state names")
            connection.execute(update(t.staged_file).values(seq=None))
            connection.execute(delete(t.publication))
    except DBAPIError as error:
        raise unpacked.broken(f"its state is none: {error.orig}") from None
    except WorldError as error:
        of_the_backup = (code("state_too_new"), code("state_damaged"))
        raise WorldError(
            replace(problem, path=unpacked.name)
            if problem.code in of_the_backup
            else replace(problem, path=path, hint=_NO_SPACE)
            for problem in error.problems
        ) from None


def _refuse_what_is_there(path: Path) -> None:
    try:
        empty = path.is_dir() and not any(path.iterdir())
    except OSError as error:
        raise _refused(error, path) from None
    if os.path.lexists(path) and not empty:
        raise _already_there(path)


def _already_there(path: Path) -> TrailcamError:
    hint = "restore into a new folder, and name it: --home NEW; what is there was left alone"
    message = "there is something already where the home shall be"
    return TrailcamError(Problem(code=code("already_there"), message=message, path=path, hint=hint))


@contextmanager
def _staged(path: Path) -> Iterator[Path]:
    """A folder on the disk of the home to be; nothing of it is left, however this ends.

    It lies beside the home or, when that is an empty folder already, in it: it may be a disk of its own.
    """
    made: list[Path] = []
    around = None
    try:
        with _writing(path):
            if not path.is_dir():
                made = [folder for folder in path.parents if not folder.exists()]
                path.parent.mkdir(parents=True, exist_ok=True)
            around = Path(mkdtemp(dir=path if path.is_dir() else path.parent, prefix=".trailcam-restore-"))
            stage = around / "home"
            stage.mkdir(mode=0o700)
        yield stage
    except BaseException:
        _remove(around, made)
        raise
    _remove(around, ())


def _remove(around: Path | None, made: Sequence[Path]) -> None:
    if around is not None:
        shutil.rmtree(around, ignore_errors=True)
    for folder in made:
        with suppress(OSError):  # somebody else has put something there
            folder.rmdir()


def _place(stage: Path, path: Path) -> None:
    """Puts the home where it belongs; the state, by which a home is known, at last."""
    with _writing(path):
        if stage.parent.parent != path:
            try:
                stage.rename(path)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise _already_there(path) from None
                raise
            sync_folder(path.parent)
            return
        if list(path.iterdir()) != [stage.parent]:
            raise _already_there(path)
        moved: list[Path] = []
        try:
            for part in sorted(stage.iterdir(), key=lambda part: part.name == STATE):
                moved.append(part.rename(path / part.name))
        except BaseException:
            for there in moved:
                there.rename(stage / there.name)
            raise
        sync_folder(path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refused(error, path) from None


def _refused(error: OSError, path: Path) -> WorldError:
    message = f"the home cannot be made: {error.strerror}"
    hint = "nothing of it was left"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = _NO_SPACE
    return WorldError(Problem(code=refusal(error), message=message, path=path, hint=hint))
