"""Logs in, matches and windows out: the whole line over files, without keeping anything."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trailcam.app.load import Loaded
from trailcam.app.setup import engine_setup
from trailcam.app.tally import Tally
from trailcam.contracts.source import Blob
from trailcam.engines.local import LocalEngine
from trailcam.errors import code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.match import Match, RuleError
from trailcam.model.window import Window
from trailcam.settings.schema import Settings
from trailcam.sources import files

_GROUP_ORIGINS = 500

WORLD_FAILED = frozenset({code("origin_unreadable"), code("origin_changed")})
"""Reasons of dead letters that lie outside the logs themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is; bytes are those of the files as they lie there."""

    bytes_done: int
    bytes_all: int
    records: int
    matches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a run, complete and in a fixed order whatever the number of workers."""

    tally: Tally
    matches: Sequence[Match]
    errors: Sequence[RuleError]
    windows: Sequence[Window]
    seconds: float
    repeated: int
    """Files whose bytes were those of a file read before: passed over."""
    skipped: Sequence[Path]
    """Files in folders that are not named like logs."""
    empty: Sequence[str]
    """Files of no bytes."""

    @property
    def summary(self) -> dict[str, int | float]:
        """The fixed keys of `--summary json`."""
        tally = self.tally
        return {
            "origins": tally.origins,
            "records": tally.records,
            "events": tally.events,
            "duplicates": tally.duplicates,
            "conflicting_ids": tally.conflicting_ids,
            "dead_letters": tally.letters.total(),
            "matches": len(self.matches),
            "rule_errors": len(self.errors),
            "not_run": len(tally.not_run),
            "windows": len(self.windows),
            "seconds": round(self.seconds, 3),
            "bytes": tally.size_bytes,
        }

    @property
    def exit_code(self) -> int:
        """0 all read and all rules run; 1 something did not come through; 3 something could not be read."""
        tally = self.tally
        if any(reason in WORLD_FAILED for reason in tally.letters):
            return 3
        return 1 if tally.letters or self.errors or tally.not_run else 0


def run(
    paths: Sequence[Path],
    loaded: Loaded,
    settings: Settings,
    *,
    workers: int = 0,
    now: Callable[[], float] = time.time,
    progress: Callable[[Progress], None] = lambda _: None,
    on_letter: Callable[[DeadLetter], None] = lambda _: None,
) -> Report:
    """Reads the paths (`-` is standard input) through the line.

    `workers` 0 is one for each processor. `now` gives `p_parse_time` and nothing else. `on_letter` is given
    every dead letter with all its bytes; of those in the report, the first are kept and cut short.

    Raises:
        TrailcamError: a path does not exist, a rule cannot be imported; all of them at once.
        WorldError: no worker starts, or standard input cannot be spooled.
    """
    started = time.monotonic()
    found = files.find(paths)
    setup = engine_setup(loaded, settings, now=now())
    with tempfile.TemporaryDirectory(prefix="trailcam-") as spool:
        tally = Tally(on_letter=on_letter)
        reading = _Reading(found, Path(spool), settings.limits.group_bytes, tally)
        engine = LocalEngine(setup, workers=workers or os.cpu_count() or 1)
        with engine:
            for result in engine.run(
                reading.groups(), heard=lambda: progress(reading.progress(*engine.in_work))
            ):
                reading.tally.add(result)
        return Report(
            tally=tally,
            matches=tally.matches,
            errors=tally.errors,
            windows=tally.windows(),
            seconds=time.monotonic() - started,
            repeated=reading.repeated,
            skipped=found.skipped,
            empty=reading.empty,
        )


@dataclass(slots=True)
class _Reading:
    """Claims the files one after another and gathers small ones into groups."""

    found: files.Found
    spool: Path
    group_bytes: int
    tally: Tally
    repeated: int = 0
    empty: list[str] = field(default_factory=list)
    _bytes_all: int = 0
    _seen: set[str] = field(default_factory=set)

    def groups(self) -> Iterator[tuple[Blob, ...]]:
        self._bytes_all = sum(_size(path) for path in self.found.files)
        for unreadable in self.found.unreadable:
            self.tally.refuse(unreadable)
        group: list[Blob] = []
        size = 0
        for path in self.found.files:
            claimed = files.claim(path, spool=self.spool)
            if isinstance(claimed, DeadLetter):
                self.tally.refuse(claimed)
                continue
            origin = claimed.origin
            if not origin.size_bytes:
                self.empty.append(origin.name)
            if origin.id in self._seen:
                self.repeated += 1
                self.tally.repeat(origin.id, origin.fallback_time)
                continue
            self._seen.add(origin.id)
            group.append(claimed)
            size += origin.size_bytes
            if size >= self.group_bytes or len(group) >= _GROUP_ORIGINS:
                yield tuple(group)
                group, size = [], 0
        if group:
            yield tuple(group)

    def progress(self, bytes_in_work: int, records_in_work: int, matches_in_work: int) -> Progress:
        done = self.tally.size_bytes + bytes_in_work
        return Progress(
            bytes_done=done,
            bytes_all=max(self._bytes_all, done),
            records=self.tally.records + records_in_work,
            matches=self.tally.match_count + matches_in_work,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is told when it is claimed
        return 0
