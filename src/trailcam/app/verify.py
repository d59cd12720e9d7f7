"""Proves that what was read is kept: files against the ledger, the ledger against the lake."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from trailcam.app.home import Home
from trailcam.app.load import Loaded
from trailcam.app.setup import engine_setup
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.publish import republish
from trailcam.contracts.source import Blob
from trailcam.engines.local import LocalEngine
from trailcam.engines.messages import WorkGroup
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.lake.tables import table_name
from trailcam.model.deadletter import DeadLetter
from trailcam.query.lake import connection, kept_files
from trailcam.query.proof import Proof, lost, prove
from trailcam.settings.schema import Settings
from trailcam.sources import files


@dataclass(slots=True)
class Checked:
    """What was asked about, and the proof."""

    proof: Proof
    files: int = 0
    """Files that were looked at."""
    reread: int = 0
    """Events that were read anew and looked for one by one."""
    republished: int = 0
    """Files that were brought back into tables which had been rolled back."""
    missing: list[str] = field(default_factory=list)
    """In words, beside those of the proof."""

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and self.proof.holds


def verify(
    names: Sequence[str],
    loaded: Loaded,
    settings: Settings,
    home: Home,
    *,
    reread: bool = False,
    repair: bool = True,
    workers: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Checked:
    """Checks a run by its id, files and folders by their paths, or everything.

    With `reread`, files are read once more and every single event is looked for in the lake. With `repair`,
    tables that were rolled back get back what they have lost, and the proof is made again.

    Raises:
        TrailcamError: TC0101 a path does not exist, TC0610 no run has this id.
    """
    checked = Checked(proof=Proof())
    reader = _Reader(home, loaded, settings, workers, progress) if reread else None
    origin_ids = _origins(names, home, checked, reader)
    checked.proof = prove(home.database, home.iceberg, home.scratch, origin_ids=origin_ids)
    if repair and checked.proof.rolled_back:
        for name in checked.proof.rolled_back:
            checked.republished += republish(home.database, home.iceberg, name)
        checked.proof = prove(home.database, home.iceberg, home.scratch, origin_ids=origin_ids)
    return checked


def _origins(
    names: Sequence[str], home: Home, checked: Checked, reader: "_Reader | None"
) -> list[str] | None:
    """The origins that names lead to; None for all."""
    if not names:
        return None
    runs = [name for name in names if not Path(name).exists()]
    paths = [Path(name) for name in names if Path(name).exists()]
    found: list[str] = [origin for name in runs for origin in _of_run(home, name)]
    blobs = list(_claimed(paths, home, checked)) if paths else []
    checked.files = len(blobs)
    known = _whole(home)
    for blob in blobs:
        if blob.origin.id in known:
            found.append(blob.origin.id)
        else:
            checked.missing.append(f"{blob.origin.name}: was not read, or not to its end")
    if reader is not None:
        reader.look_for([blob for blob in blobs if blob.origin.id in known], checked)
    return found


def _of_run(home: Home, name: str) -> list[str]:
    with home.database.read() as state:
        ids = list(state.execute(select(t.run.c.id).order_by(t.run.c.id)).scalars())
        fitting = [run_id for run_id in ids if run_id.startswith(name.upper())]
        if len(fitting) != 1:
            many = f"several runs begin so: {', '.join(fitting[:3])}" if fitting else ""
            message = f'"{name}" is neither a path nor the id of a run'
            hint = many or nearest(name.upper(), ids)
            raise TrailcamError(Problem(code=code("no_such_run"), message=message, hint=hint))
        scope = select(t.run_origin.c.origin_id).where(t.run_origin.c.run_id == fitting[0])
        return list(state.execute(scope).scalars())


def _claimed(paths: Sequence[Path], home: Home, checked: Checked) -> Iterator[Blob]:
    found = files.find(paths)
    for letter in found.unreadable:
        checked.missing.append(f"{letter.origin_name}: {letter.detail}")
    for path in found.files:
        claimed = files.claim(path, spool=home.spool)
        if isinstance(claimed, DeadLetter):
            checked.missing.append(f"{claimed.origin_name}: {claimed.detail}")
        else:
            yield claimed


def _whole(home: Home) -> set[str]:
    with home.database.read() as state:
        whole = select(t.origin.c.origin_id).where(t.origin.c.purpose == Purpose.WHOLE.value)
        return set(state.execute(whole).scalars())


@dataclass(slots=True)
class _Reader:
    """Reads files once more, without rules, and looks for every event of theirs in the lake."""

    home: Home
    loaded: Loaded
    settings: Settings
    workers: int
    told: Callable[[int, int], None]

    def look_for(self, blobs: Sequence[Blob], checked: Checked) -> None:
        setup = engine_setup(self.loaded, self.settings, now=time.time())
        missing = 0
        with (
            connection(warehouse=self.home.iceberg.warehouse, scratch=self.home.scratch) as opened,
            LocalEngine(setup, workers=self.workers or os.cpu_count() or 1) as engine,
        ):
            groups = (WorkGroup((blob,)) for blob in blobs)
            for done, result in enumerate(engine.run(groups), 1):
                for rows in (rows for chunk in result.chunks for rows in chunk.rows):
                    files_ = kept_files(self.home.database, self.home.iceberg, table_name(rows.log_type))
                    missing += lost(opened, files_, rows.row_ids)
                    checked.reread += len(rows.row_ids)
                self.told(done, len(blobs))
        if missing:
            checked.missing.append(f"{missing:,} events that were read anew are not in the lake")
