"""Logs in, kept and run through rules: what is claimed is worked on, kept and published."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trailcam.app.claims import Claims
from trailcam.app.home import Home
from trailcam.app.line import Line
from trailcam.app.load import Loaded
from trailcam.app.report import Report, report
from trailcam.commit.publish import publish, republish_rolled_back, told
from trailcam.commit.run_kind import RunKind
from trailcam.settings.schema import Settings
from trailcam.sources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is; bytes are those of the files as they lie there."""

    bytes_done: int
    bytes_all: int
    records: int
    matches: int


def run(
    paths: Sequence[Path],
    loaded: Loaded,
    settings: Settings,
    home: Home,
    *,
    workers: int = 0,
    now: Callable[[], float] = time.time,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Reads the paths (`-` is standard input) through the line and keeps what comes of them.

    `workers` 0 is one for each processor. `now` gives `p_parse_time` and the times of histories, and decides
    nothing. What was read before is not read again, unless there are rules that have not seen it.

    Raises:
        TrailcamError: a path does not exist, a rule cannot be imported; all of them at once; TC0612 a log
            type does not go with what is kept; TC0701 to TC0704 lookup tables.
        WorldError: no worker starts; the home cannot be written. What was decided before is kept.
    """
    started = time.monotonic()
    found = files.find(paths)
    problems = told(republish_rolled_back, home.database, home.iceberg)
    line = Line(
        loaded, settings, home, kind=RunKind.run, told=list(map(str, paths)), workers=workers, now=now
    )
    claims = Claims(found, home.spool, settings.limits.group_bytes, line.run_id, line.ledger)
    keeper, engine = line.keeper, line.engine
    with claims, line:

        def heard() -> None:
            size_bytes, records, matches = engine.in_work
            done = claims.passed_bytes + keeper.bytes_done + size_bytes
            progress(
                Progress(
                    bytes_done=done,
                    bytes_all=max(claims.bytes_all, done),
                    records=keeper.records + records,
                    matches=keeper.matches + matches,
                )
            )

        keeper.refuse(found.unreadable)
        for result in line.run(claims.groups(keeper.refuse), heard=heard):
            for again in keeper.keep(result):
                engine.give(again)
            heard()
        line.drain()
    problems += told(publish, home.database, home.iceberg)
    made = report(
        home,
        line.run_id,
        loaded,
        taken_off=line.taken_off,
        cut=line.correlating.cut,
        kept_without=line.correlating.kept_without,
        left=line.correlating.left,
        seconds=time.monotonic() - started,
        size_bytes=claims.size_bytes,
        repeated=claims.repeated,
        skipped=found.skipped,
        empty=claims.empty,
    )
    line.finish(made.summary)
    problems += told(publish, home.database, home.iceberg)
    return replace(made, problems=list(dict.fromkeys(problems)))
