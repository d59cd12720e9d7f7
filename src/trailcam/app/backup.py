"""A home in one file: the state as it is at one moment, and every file of the lake that it names.

The archive is a plain tar, since what it holds is packed already. Its members, in this order:

    backup.json                the form of the archive, who wrote it when, how much there is
    state.db                   the state database
    lake/warehouse/TABLE/...   every file that the state names
    lookups/TABLE/...          every version of a lookup table that the state names
    SHA256SUMS                 digests of all of the above, as `sha256sum --check` reads them

The digests stand at the end, so that an archive without its end is known by that. Tables and catalog of the
lake are not in it: they hold absolute paths, and restoring makes them anew.
"""

import errno
import hashlib
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from sqlalchemy import select

from trailcam import __version__
from trailcam.app.home import Home
from trailcam.commit import tables as t
from trailcam.enrichments.tables import lookup_version
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.lake.files import sync_folder
from trailcam.model.timestamps import Micros, to_rfc3339
from trailcam.state.database import Database

FORM = 1
ABOUT = "backup.json"
STATE = "state.db"
FILES = "lake/warehouse/"
LOOKUPS = "lookups/"
SUMS = "SHA256SUMS"

_BUFFER_BYTES = 1 << 20
_NO_SPACE = "free some space there, or write the backup elsewhere; nothing of it was left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a backup holds."""

    files: int
    """Files of the lake."""
    size_bytes: int
    """Of these and the state together."""
    taken_at: Micros


def backup(
    home: Home,
    target: Path | None,
    *,
    force: bool = False,
    now: Callable[[], float] = time.time,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Saved:
    """Writes a home into a file, or to standard output when `target` is None; others may write meanwhile.

    The file appears when it is whole and on disk, and takes the place of another only with `force`.
    `progress` is told bytes.

    Raises:
        TrailcamError: TC0107 there is such a file, TC0104 standard output is a terminal.
        WorldError: TC0106, TC0603 the file cannot be written; TC0605 a file that the state names is not
            there, or not as it was written; and what the state refuses. Nothing is left of the file.
    """
    if target is None:
        if sys.stdout.isatty():
            message = "standard output is a terminal, which cannot show a backup"
            hint = "name a file, or send it on: trailcam backup - | ssh ..."
            raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
        with _scratch(_made(home.scratch), home.scratch) as scratch:
            saved = _write(home, sys.stdout.buffer, scratch, home.scratch, now=now, progress=progress)
            sys.stdout.buffer.flush()
        return saved
    named, target = target, target.resolve()
    _check(target, named, force=force)
    with _scratch(target.parent, named) as scratch:
        whole = scratch / "backup.tar"
        try:
            with whole.open("xb") as file:
                saved = _write(home, file, scratch, named, now=now, progress=progress)
                file.flush()
                os.fsync(file.fileno())
            _place(whole, target, named, force=force)
            sync_folder(target.parent)
        except OSError as error:
            raise _refused(error, named) from None
    return saved


def digest_line(digest: str, name: str) -> str:
    """A line of `SHA256SUMS`."""
    return f"{digest}  {name}\n"


def _write(
    home: Home,
    out: IO[bytes],
    scratch: Path,
    named: Path,
    *,
    now: Callable[[], float],
    progress: Callable[[int, int], None],
) -> Saved:
    state = scratch / STATE
    taken_at = Micros(int(now() * 1_000_000))
    _copy(home.database, state, named)
    with Database(state).read() as connection:
        f = t.staged_file.c
        files = connection.execute(select(f.path, f.size_bytes, f.digest).order_by(f.path)).all()
        v = lookup_version.c
        versions = connection.execute(
            select(v.path, v.size_bytes, v.digest).distinct().order_by(v.path)
        ).all()
    everything = [(FILES, home.iceberg.warehouse, file) for file in files]
    everything += [(LOOKUPS, home.lookups, version) for version in versions]
    size = state.stat().st_size + sum(file.size_bytes for _, _, file in everything)
    saved = Saved(files=len(files), size_bytes=size, taken_at=taken_at)
    sums: list[str] = []
    done = 0
    with tarfile.open(fileobj=out, mode="w|", bufsize=_BUFFER_BYTES, format=tarfile.PAX_FORMAT) as archive:

        def add(name: str, content: "_Hashed", size: int) -> None:
            nonlocal done
            member = tarfile.TarInfo(name)
            member.size, member.mtime = size, taken_at // 1_000_000
            archive.addfile(member, content)  # type: ignore[arg-type]  # all it does is to read
            sums.append(digest_line(content.digest.hexdigest(), name))
            done += size
            progress(done, saved.size_bytes)

        about = json.dumps(_about(saved), indent=2).encode() + b"\n"
        add(ABOUT, _Hashed(BytesIO(about)), len(about))
        with state.open("rb") as copied:
            add(STATE, _Hashed(copied), state.stat().st_size)
        for place, folder, file in everything:
            with _opened(folder / file.path, file.size_bytes) as kept:
                content = _Hashed(kept)
                add(f"{place}{file.path}", content, file.size_bytes)
            if content.digest.hexdigest() != file.digest:
                message = "a file that the state names does not hold the bytes that were written"
                raise _damaged(message, folder / file.path)
        told = "".join(sums).encode()
        member = tarfile.TarInfo(SUMS)
        member.size, member.mtime = len(told), taken_at // 1_000_000
        archive.addfile(member, BytesIO(told))
    return saved


def _copy(database: Database, state: Path, named: Path) -> None:
    try:
        database.copy_to(state)
    except WorldError as error:
        full = code("disk_full")
        raise WorldError(
            replace(problem, path=named, hint=_NO_SPACE) if problem.code == full else problem
            for problem in error.problems
        ) from None


def _about(saved: Saved) -> dict[str, object]:
    return {
        "form": FORM,
        "trailcam": __version__,
        "taken_at": to_rfc3339(saved.taken_at),
        "files": saved.files,
        "size_bytes": saved.size_bytes,
    }


class _Hashed:
    """A file that is read once, and the digest of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def _opened(path: Path, size: int) -> Iterator[IO[bytes]]:
    """A file of the lake, as long as the state says it is."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise _damaged(f"a file that the state names cannot be read: {error.strerror}", path) from None
    with file:
        found = os.fstat(file.fileno()).st_size
        if found != size:
            raise _damaged(f"a file that the state names has {found:,} bytes, not {size:,}", path)
        yield file


def _damaged(message: str, path: Path) -> WorldError:
    hint = "`trailcam verify` tells all that is missing; a backup of this home would not hold it either"
    return WorldError(Problem(code=code("state_damaged"), message=message, path=path, hint=hint))


# -- the file that is written ------------------------------------------------------------------------------


def _check(target: Path, named: Path, *, force: bool) -> None:
    if target.exists() and not target.is_file():
        message = "what is there is not a file, and a backup takes no other place"
        raise WorldError(Problem(code=code("cannot_write"), message=message, path=named))
    if target.exists() and not force:
        raise _already_there(named)


def _place(whole: Path, target: Path, named: Path, *, force: bool) -> None:
    """Gives the file its name; without `force` never that of another, even of one made a moment ago."""
    if force:
        whole.replace(target)
        return
    try:
        os.link(whole, target)
    except FileExistsError:
        raise _already_there(named) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        _check(target, named, force=False)  # a disk without links, such as a memory stick
        whole.replace(target)


def _already_there(named: Path) -> TrailcamError:
    hint = "choose another name, or overwrite it with --force"
    return TrailcamError(
        Problem(code=code("already_there"), message="the file is already there", path=named, hint=hint)
    )


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _refused(error, folder) from None
    return folder


@contextmanager
def _scratch(folder: Path, named: Path) -> Iterator[Path]:
    """A folder for what is not whole yet; nothing of it is left, however this ends."""
    try:
        made = TemporaryDirectory(dir=folder, prefix=".trailcam-backup-")
    except OSError as error:
        raise _refused(error, named) from None
    with made as path:
        yield Path(path)


def _refused(error: OSError, path: Path) -> WorldError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = _NO_SPACE if full else ""
    message = f"the backup cannot be written: {error.strerror}"
    name = "disk_full" if full else "cannot_write"
    return WorldError(Problem(code=code(name), message=message, path=path, hint=hint))
