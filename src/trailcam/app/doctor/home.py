"""What all sources need: a home that can be written, a process that follows them, and rules."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from trailcam.app.deploy import record, running
from trailcam.app.home import Home
from trailcam.contracts.source import Finding, Grade
from trailcam.errors import WorldError
from trailcam.model.timestamps import SECOND, Micros, to_seconds
from trailcam.settings.schema import Settings
from trailcam.state import processes
from trailcam.state.database import Database

_LITTLE_BYTES = 1 << 30
_GIB = 1 << 30
_SHORT = 12
_START = "start `trailcam serve`"


def look(settings: Settings, path: Path, home: Home | None, *, now: Micros) -> Iterator[Finding]:
    """Findings of a home; None where there is none yet."""
    yield from _place(path, home)
    yield from _space(path, settings.live.ahead_bytes)
    if home is None:
        yield _nobody("no process has ever followed sources with this home")
        return
    yield from _served(home, now)
    yield from _rules(settings, home)


def followed(home: Home, *, now: Micros) -> bool:
    """Whether a process follows sources with this home: heard of a moment ago, or holding its lock."""
    return bool(processes.running(home.database, now=now)) or running.is_running(home)


def _place(path: Path, home: Home | None) -> Iterator[Finding]:
    there = path if home is not None else _nearest(path)
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            check="folder",
            grade=Grade.BROKEN,
            found=f"{there} cannot be written by this user",
            cure="let the user as whom Trailcam runs write there, or name another home",
            because=f"{there} cannot be written",
        )
        return
    if home is None:
        yield Finding(check="folder", grade=Grade.OK, found=f"{path} is not made yet, and can be")
        return
    try:
        with home.database.write():  # takes the lock that every decision needs, and writes nothing
            pass
    except WorldError as error:
        problem = error.problems[0]
        yield Finding(
            check="state",
            grade=Grade.BROKEN,
            found=f"{problem.code}: {problem.message}",
            cure=problem.hint or problem.entry.cure,
            because=f"the state cannot be written: {problem.message}",
        )
        return
    yield Finding(check="folder", grade=Grade.OK, found=f"{path} can be written")


def _space(path: Path, ahead_bytes: int) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest(path)).free
    words = f"{free / _GIB:,.1f} GiB are free"
    if free < ahead_bytes:
        yield Finding(
            check="disk",
            grade=Grade.BROKEN,
            found=words,
            cure="make room: what is read lies there until it is decided",
            because="the disk of the home is full",
        )
    elif free < _LITTLE_BYTES:
        yield Finding(check="disk", grade=Grade.WARNING, found=words, cure="make room")
    else:
        yield Finding(check="disk", grade=Grade.OK, found=words)


def _served(home: Home, now: Micros) -> Iterator[Finding]:
    found = processes.running(home.database, now=now)
    for it in found:
        seconds = max(0, (now - it.seen_at) // SECOND)
        words = f"{it.role} on {it.host}, process {it.pid}, heard {seconds} s ago"
        yield Finding(check="followed by", grade=Grade.OK, found=words)
    if found:
        return
    if running.is_running(home):
        # It holds the lock and is not heard: it is stopped, has only begun, or waits for the state.
        yield Finding(
            check="followed by",
            grade=Grade.WARNING,
            found="a process of this machine holds the home, and has not been heard for 30 s",
            cure="see whether it is stopped, and what it tells",
            because="the process that follows the sources does not come on",
        )
        return
    last = _last(home.database)
    if last is None:
        yield _nobody("no process has ever followed sources with this home")
    elif last[1]:
        yield _nobody(f"nobody: the last one stopped at {to_seconds(last[0])}")
    else:
        yield Finding(
            check="followed by",
            grade=Grade.BROKEN,
            found=f"nobody: the last one was heard at {to_seconds(last[0])}, and was not stopped",
            cure=f"see what ended it (out of memory?), then {_START}",
            because=f"no process follows the sources; the last one ended about {to_seconds(last[0])}",
        )


def _nobody(found: str) -> Finding:
    because = "no process follows the sources"
    return Finding(check="followed by", grade=Grade.WARNING, found=found, cure=_START, because=because)


def _last(database: Database) -> tuple[Micros, bool] | None:
    """When a process was last heard of, and whether it was stopped; None where there was none."""
    p = processes.process.c
    with database.read() as state:
        followed = select(p.seen_at, p.stopped_at).where(p.role.in_(processes.FOLLOWING))
        row = state.execute(followed.order_by(p.seen_at.desc()).limit(1)).first()
    return None if row is None else (Micros(row.seen_at), row.stopped_at is not None)


def _rules(settings: Settings, home: Home) -> Iterator[Finding]:
    active = record.active(home.database)
    if not settings.packs and (active is None or not active.rules):
        yield Finding(
            check="rules",
            grade=Grade.WARNING,
            found="none: events are kept, and there will be no alert",
            cure="name packs in trailcam.toml: packs = [...]",
        )
    elif active is None:
        yield Finding(check="rules", grade=Grade.OK, found="none in force yet: the first server brings them")
    else:
        since = to_seconds(active.in_force_at) if active.in_force_at is not None else "its start"
        words = f"{len(active.rules):,} since {since}, version {active.pack[:_SHORT]}"
        yield Finding(check="rules", grade=Grade.OK, found=words)


def _nearest(path: Path) -> Path:
    """The folder itself, or the nearest one above that is there."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
