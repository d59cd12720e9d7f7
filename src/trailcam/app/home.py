"""The folder in which Trailcam keeps everything: state, lake, and what is on its way there."""

from dataclasses import dataclass
from pathlib import Path

from trailcam.commit.recover import clear, recover
from trailcam.errors import Problem, WorldError, code, refusal
from trailcam.lake.iceberg import Iceberg
from trailcam.state.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An opened home. `spool` holds copies of streams while they are read, `scratch` what queries spill,
    `lookups` the versions of lookup tables."""

    path: Path
    database: Database
    iceberg: Iceberg
    spool: Path
    scratch: Path
    lookups: Path


def make_home(path: Path) -> Home:
    """Opens a home, made if there is none, for its owner alone; clears away what crashes have left.

    Raises:
        WorldError: TC0601 to TC0605 it cannot be written, or not by this version.
    """
    home = _home(path)
    try:
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home.spool, home.scratch, home.lookups, home.iceberg.warehouse):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the home cannot be made: {error.strerror}"
        raise WorldError(Problem(code=refusal(error), message=message, path=path)) from None
    home.database.migrate()
    recover(home.database, home.iceberg)
    for folder in (home.spool, home.scratch):
        clear(folder)
    return home


def open_home(path: Path) -> Home:
    """Opens a home that is there.

    Raises:
        WorldError: TC0607 there is none; TC0601 to TC0605.
    """
    home = _home(path)
    if not home.database.path.is_file():
        raise WorldError(Problem(code=code("nothing_kept"), message=f"nothing is kept in {path}", path=path))
    home.database.migrate()
    return home


def _home(path: Path) -> Home:
    return Home(
        path=path,
        database=Database(path / "state.db"),
        iceberg=Iceberg(path / "lake"),
        spool=path / "spool",
        scratch=path / "scratch",
        lookups=path / "lookups",
    )
