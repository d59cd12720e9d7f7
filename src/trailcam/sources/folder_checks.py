"""Looks at a followed folder: that it can be read, what waits in it and why, and what is passed over."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from sqlalchemy import select

from trailcam.contracts.source import Finding, Grade, Surroundings
from trailcam.errors import WorldError
from trailcam.model.text import storable
from trailcam.sources import files
from trailcam.sources.tables import followed_file

_SLOW_SECONDS = 60
"""A file that is whole for so long, and is not read, is not only next in line."""

_MOST_SHOWN = 3


@dataclass(slots=True)
class _Seen:
    """Files by what becomes of them; paths as they are seen from the folder."""

    read: list[str] = field(default_factory=list)
    written_to: list[str] = field(default_factory=list)
    """Still, or a moment ago."""
    next_: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Names that are not those of logs."""
    forbidden: list[str] = field(default_factory=list)
    newest_seconds: float | None = None
    """How long ago the newest log was written."""

    @property
    def logs(self) -> int:
        """How many files are, or will be, read."""
        return len(self.read) + len(self.written_to) + len(self.next_) + len(self.waiting)


def examine(name: str, *, surroundings: Surroundings, path: Path, quiet_seconds: float) -> Iterator[Finding]:
    """See `trailcam.contracts.source.SourceType`."""
    wrong = _wrong(path)
    if wrong:
        yield Finding(
            check="folder",
            grade=Grade.BROKEN,
            found=f"{path} {wrong}",
            cure="see `path` in trailcam.toml, and who may read the folder",
            because=f"{path} {wrong}",
        )
        return
    yield Finding(check="folder", grade=Grade.OK, found=str(path))
    try:
        known = _known(name, surroundings)
    except WorldError as error:
        yield Finding(check="read", grade=Grade.UNKNOWN, found=error.problems[0].message)
        return
    yield from _told(_look(path, known, surroundings.now / 1e6, quiet_seconds), path, quiet_seconds)


def _wrong(path: Path) -> str:
    try:
        if not path.exists():
            return "is not there"
    except OSError as error:
        return f"cannot be reached: {error.strerror}"
    if not path.is_dir():
        return "is no folder"
    if not os.access(path, os.R_OK | os.X_OK):
        return "may not be read"
    return ""


def _known(name: str, surroundings: Surroundings) -> dict[str, tuple[int, int]]:
    """Size and time of the files that were read, by their paths."""
    if surroundings.database is None:
        return {}
    f = followed_file.c
    with surroundings.database.read() as state:
        rows = state.execute(select(f.path, f.size_bytes, f.modified_ns).where(f.source == name))
        return {row.path: (row.size_bytes, row.modified_ns) for row in rows}


def _look(path: Path, known: dict[str, tuple[int, int]], now: float, quiet_seconds: float) -> _Seen:
    seen = _Seen()

    def refused(error: OSError) -> None:
        if not files.is_gone(error):
            seen.forbidden.append(os.path.relpath(error.filename, path))

    for listed in files.walk(path, refused=refused):
        here = listed.path.relative_to(path)
        seen.hidden += [str(here / name) for name in listed.hidden]
        for name in listed.names:
            file = listed.path / name
            status = files.status_of(file, refused=refused)
            if status is not None:
                _place(seen, file, status, known, now=now, quiet_seconds=quiet_seconds).append(
                    str(here / name)
                )
    return seen


def _place(
    seen: _Seen,
    file: Path,
    status: os.stat_result,
    known: dict[str, tuple[int, int]],
    *,
    now: float,
    quiet_seconds: float,
) -> list[str]:
    """The list that a file belongs to."""
    if not files.is_log(file.name) or not S_ISREG(status.st_mode):
        return seen.others
    if not os.access(file, os.R_OK):
        return seen.forbidden
    ago = now - status.st_mtime
    if seen.newest_seconds is None or ago < seen.newest_seconds:
        seen.newest_seconds = ago
    if known.get(storable(str(file))) == (status.st_size, status.st_mtime_ns):
        return seen.read
    if ago < quiet_seconds:
        return seen.written_to
    came = min(ago, now - status.st_ctime)  # what is moved here may be old, and yet have come just now
    return seen.waiting if came > quiet_seconds + _SLOW_SECONDS else seen.next_


def _told(seen: _Seen, path: Path, quiet_seconds: float) -> Iterator[Finding]:
    if seen.logs and seen.newest_seconds is not None:
        age = f"the newest was written {max(0, seen.newest_seconds):,.0f} s ago"
        yield Finding(check="logs", grade=Grade.OK, found=f"{seen.logs:,} files, {age}")
    elif not seen.forbidden:
        named = f"; {_some(seen.others)} {_are(seen.others)} none by name" if seen.others else ""
        hidden = f"; {_some(seen.hidden)} {_are(seen.hidden)} hidden" if seen.hidden else ""
        yield Finding(
            check="logs",
            grade=Grade.BROKEN if seen.others or seen.hidden else Grade.WARNING,
            found=f"{path} holds no logs{named}{hidden}",
            cure=f"write files there with {files.LOG_NAMES}",
            because=f"no file in {path} is a log by its name"
            if seen.others or seen.hidden
            else f"no file lies in {path}",
        )
    if seen.forbidden:
        yield Finding(
            check="permission",
            grade=Grade.BROKEN,
            found=f"{_some(seen.forbidden)} may not be read",
            cure="let the user as whom Trailcam runs read them",
            because=f"{_some(seen.forbidden)} may not be read",
        )
    if seen.read:
        newer = bool(seen.waiting)
        yield Finding(
            check="read",
            grade=Grade.OK,
            found=f"{len(seen.read):,} files were read as they are",
            arrives=not newer,
        )
    if seen.written_to:
        yield Finding(
            check="waiting",
            grade=Grade.OK,
            found=f"{_some(seen.written_to)} {_are(seen.written_to)} still being written to: "
            f"read after {quiet_seconds:g} s of quiet",
            because=f"{_some(seen.written_to)} {_are(seen.written_to)} still being written to",
        )
    if seen.next_:
        yield Finding(check="waiting", grade=Grade.OK, found=f"{_some(seen.next_)} will be read next")
    if seen.waiting:
        yield Finding(
            check="waiting",
            grade=Grade.WARNING,
            found=f"{_some(seen.waiting)} {_are(seen.waiting)} whole and not read",
            cure="see whether a process follows the source, and what it tells",
            because=f"files in {path} are not read, though they are whole",
        )
    for what, passed_over in (
        ("by their names they are no logs", seen.others),
        ("they are hidden", seen.hidden),
    ):
        if passed_over and seen.logs:
            found = f"{_some(passed_over)}: {what}"
            yield Finding(check="passed over", grade=Grade.OK, found=found)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_SHOWN])
    return shown if len(names) <= _MOST_SHOWN else f"{shown} and {len(names) - _MOST_SHOWN:,} more"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
