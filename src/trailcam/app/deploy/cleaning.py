"""Removes copies of packs that nobody goes back to any more, and what crashes have left."""

from pathlib import Path

from trailcam.app.deploy import record, snapshot
from trailcam.app.deploy.record import Status
from trailcam.app.home import Home

KEPT = 10
"""How many versions that were in force can be gone back to."""

_CRASHED_SECONDS = 3_600


def clean(home: Home, *, now: float) -> None:
    """Leaves the copies of what is in force, of what is ready, and of the last that were in force."""
    rows = record.listed(home.database)
    needed = {row.id for row in rows if row.status in (Status.ACTIVE, Status.READY)}
    were = [row for row in rows if row.in_force_at is not None]
    needed |= {row.id for row in were[: KEPT + 1]}
    known = {row.id for row in rows}
    for name in snapshot.names(home.path):
        if name in needed:
            continue
        if name in known or _is_old(snapshot.packs_folder(home.path) / name, now):
            snapshot.remove(home.path, name)


def _is_old(folder: Path, now: float) -> bool:
    """What the record does not know yet may be about to be written down by another process."""
    try:
        return now - folder.stat().st_mtime > _CRASHED_SECONDS
    except OSError:
        return False
