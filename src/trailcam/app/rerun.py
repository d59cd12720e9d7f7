"""Rules over what is kept: events that a rule has not seen go through the line again, out of the lake."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import func, select, tuple_

from trailcam.app.home import Home
from trailcam.app.line import Line
from trailcam.app.load import Loaded
from trailcam.app.report import Report, report
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.publish import publish, told
from trailcam.commit.run_kind import RunKind
from trailcam.engines.messages import WorkGroup
from trailcam.model.origin import Origin
from trailcam.model.timestamps import SECOND, Micros
from trailcam.query.records import records_of
from trailcam.settings.schema import Settings
from trailcam.sources.kept_records import spooled

_AT_ONCE = 200


def rerun(
    loaded: Loaded,
    settings: Settings,
    home: Home,
    *,
    since: date | None = None,
    until: date | None = None,
    stop: threading.Event,
    workers: int = 0,
    progress: Callable[[int, int, int], None] = lambda _done, _all, _matches: None,
) -> Report:
    """Runs the loaded rules over the kept origins they have not seen, by days of delivery, both included.

    `progress` is told (origins done, origins in all, matches). Each becomes a derived origin, whose rows are
    what they were. It may be stopped and begun again.

    Raises:
        TrailcamError: those of `Line`.
        WorldError: those of `Line`; a file of the lake cannot be read.
    """
    started = time.monotonic()
    line = Line(loaded, settings, home, kind=RunKind.backfill, told=["what is kept"], workers=workers)
    count = _Origins(home, since, until)
    passed = [0]
    with line:
        groups = _groups(home, line, count, stop, passed)
        done = 0

        def heard() -> None:
            progress(done + passed[0], count.all, line.keeper.matches)

        for result in line.run(groups, heard=heard):
            for again in line.keeper.keep(result):
                line.engine.give(again)
            done += len(result.group.blobs)
            heard()
        line.drain()
    problems = told(publish, home.database, home.iceberg)
    made = report(
        home,
        line.run_id,
        loaded,
        taken_off=line.taken_off,
        cut=line.correlating.cut,
        kept_without=line.correlating.kept_without,
        left=line.correlating.left,
        seconds=time.monotonic() - started,
        size_bytes=line.keeper.bytes_done,
        repeated=0,
        skipped=(),
        empty=(),
    )
    line.finish(made.summary)
    problems += told(publish, home.database, home.iceberg)
    return replace(made, problems=list(dict.fromkeys(problems)))


class _Origins:
    """The origins that are known as a whole, in the order of their decisions."""

    def __init__(self, home: Home, since: date | None, until: date | None) -> None:
        o = t.origin.c
        self._home = home
        self._those = [o.purpose == Purpose.WHOLE.value]
        if since is not None:
            self._those.append(o.fallback_time >= _micros(since))
        if until is not None:
            self._those.append(o.fallback_time < _micros(until + timedelta(days=1)))
        with home.database.read() as state:
            self.all: int = state.execute(select(func.count()).where(*self._those)).scalar() or 0

    def pages(self) -> Iterator[Sequence[Any]]:
        o = t.origin.c
        last = (0, "")
        while True:
            with self._home.database.read() as state:
                rows = state.execute(
                    select(t.origin)
                    .where(*self._those, tuple_(o.decision_id, o.key) > tuple_(*last))
                    .order_by(o.decision_id, o.key)
                    .limit(_AT_ONCE)
                ).all()
            if not rows:
                return
            last = (rows[-1].decision_id, rows[-1].key)
            yield rows


def _groups(
    home: Home, line: Line, origins: _Origins, stop: threading.Event, passed: list[int]
) -> Iterator[WorkGroup]:
    for page in origins.pages():
        if stop.is_set():
            return
        standing = line.ledger.look_up([row.origin_id for row in page])
        wanted = [row for row in page if standing.get(row.origin_id)]
        passed[0] += len(page) - len(wanted)
        for _, rows in groupby(wanted, key=lambda row: row.decision_id):
            if stop.is_set():
                return
            group = _of_decision(home, line, list(rows))
            if group.blobs:
                yield group


def _of_decision(home: Home, line: Line, rows: Sequence[Any]) -> WorkGroup:
    """Those of the origins of one decision that have kept records; all others are passed over."""
    known = {row.origin_id: row for row in rows}
    found = records_of(
        home.database,
        list(known),
        line.loaded.log_types,
        warehouse=home.iceberg.warehouse,
        scratch=home.scratch,
    )
    blobs = [spooled(_origin(known[id_]), records, spool=home.spool) for id_, records in found]
    return WorkGroup(tuple(blobs), whole=False)


def _origin(row: Any) -> Origin:
    return Origin(
        id=row.origin_id,
        name=row.name,
        source_id=row.source_id,
        source_label=row.source_label,
        size_bytes=row.size_bytes,
        fallback_time=Micros(row.fallback_time),
    )


def _micros(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
