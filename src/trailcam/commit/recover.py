"""Clears away what crashes and lost races have left: files that nobody names, and never will."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from trailcam.commit import tables as t
from trailcam.errors import WorldError
from trailcam.lake.iceberg import Iceberg
from trailcam.state.database import Database

ORPHAN_SECONDS = 86_400.0
"""How old an unnamed file must be: younger ones may belong to a group that is being staged."""


def recover(database: Database, iceberg: Iceberg, *, age_seconds: float = ORPHAN_SECONDS) -> int:
    """Removes orphans older than `age_seconds`; how many. A file named in the state is never one.

    The files are listed before the state is asked, so that one which is decided in between is not removed.
    """
    before = time.time() - age_seconds
    old = [path for path in iceberg.warehouse.glob("*/data/*/*.parquet") if _modified(path) < before]
    if not old:
        return 0
    with database.write() as connection:  # nobody decides meanwhile: a file is named, or it is missed
        named = set(connection.execute(select(t.staged_file.c.path)).scalars())
        orphans = [path for path in old if path.relative_to(iceberg.warehouse).as_posix() not in named]
        for path in orphans:
            path.unlink(missing_ok=True)
    for name in {path.relative_to(iceberg.warehouse).parts[0] for path in old}:
        with suppress(WorldError):  # a damaged table: `trailcam verify` makes it anew
            for path in iceberg.forgotten(name):
                if _modified(path) < before:
                    path.unlink(missing_ok=True)
                    orphans.append(path)
    return len(orphans)


def clear(folder: Path, *, age_seconds: float = ORPHAN_SECONDS) -> None:
    """Removes from a folder of passing things what nobody has written to for so long: its process is gone."""
    before = time.time() - age_seconds
    for path in folder.glob("*"):
        if _modified(path) >= before:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:  # somebody else clears away too
        return float("inf")
