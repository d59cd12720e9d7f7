"""Logs in, kept and run through rules: what is claimed is worked on, kept and published."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import insert, update
from sqlalchemy.dialects.sqlite import insert as upsert
from ulid import ULID

from trailcam import __version__
from trailcam.app.claims import Claims
from trailcam.app.home import Home
from trailcam.app.keeper import Keeper
from trailcam.app.load import Loaded
from trailcam.app.lookup_tables import declared
from trailcam.app.lookup_versions import take_in
from trailcam.app.report import Report, report
from trailcam.app.setup import engine_setup
from trailcam.commit import tables as t
from trailcam.commit.columns import refuse_changed_columns
from trailcam.commit.ledger import Ledger
from trailcam.commit.publish import publish, republish_rolled_back
from trailcam.commit.stage import Stager
from trailcam.engines.local import LocalEngine
from trailcam.engines.messages import Staging
from trailcam.errors import Problem, WorldError
from trailcam.lake.iceberg import Iceberg
from trailcam.model.timestamps import Micros
from trailcam.rules.versions import pack_version, rule_versions
from trailcam.settings.schema import Settings
from trailcam.sources import files
from trailcam.state.database import Database


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
    problems = _told(republish_rolled_back, home)
    refuse_changed_columns(home.database, home.iceberg, loaded.log_types)
    tables = declared(settings, loaded.log_types)
    lookups = take_in(settings, tables, home, now=Micros(int(now() * 1_000_000)))
    versions = rule_versions(loaded.packs, loaded.rules, lookups)
    pack = pack_version(versions)
    staging = Staging(warehouse=home.iceberg.warehouse, pack=pack)
    setup = engine_setup(loaded, settings, now=now(), lookups=lookups, staging=staging)
    run_id = _begin(home, paths, pack, versions, now=now())
    stager = Stager(staging.warehouse, loaded.log_types, pack=pack, parse_time=setup.parse_time)
    ledger = Ledger(home.database, versions)
    claims = Claims(found, home.spool, settings.limits.group_bytes, run_id, ledger)
    keeper = Keeper(home, run_id, pack, versions, ledger, stager, now)
    with claims, LocalEngine(setup, workers=workers or os.cpu_count() or 1) as engine:

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
        for result in engine.run(claims.groups(keeper.refuse), heard=heard):
            for again in keeper.keep(result):
                engine.redo(again)
            heard()
    problems += _told(publish, home)
    made = report(
        home,
        run_id,
        loaded,
        seconds=time.monotonic() - started,
        size_bytes=claims.size_bytes,
        repeated=claims.repeated,
        skipped=found.skipped,
        empty=claims.empty,
    )
    _end(home, run_id, made, now=now())
    problems += _told(publish, home)
    return replace(made, problems=list(dict.fromkeys(problems)))


def _told(publishing: Callable[[Database, Iceberg], object], home: Home) -> list[Problem]:
    """What the lake refuses: all is decided, and none of it keeps the run from telling what it found."""
    try:
        publishing(home.database, home.iceberg)
    except WorldError as error:
        return list(error.problems)
    return []


def _begin(home: Home, paths: Sequence[Path], pack: str, versions: dict[str, str], *, now: float) -> str:
    run_id = str(ULID())
    with home.database.write() as connection:
        connection.execute(
            insert(t.run).values(
                id=run_id,
                started_at=int(now * 1_000_000),
                version=__version__,
                pack=pack,
                rules=len(versions),
                paths=json.dumps([str(path) for path in paths]),
                published=False,
            )
        )
        rules = [
            {"pack": pack, "rule_id": rule_id, "rule_version": version}
            for rule_id, version in versions.items()
        ]
        if rules:
            connection.execute(upsert(t.pack_rule).on_conflict_do_nothing(), rules)
    return run_id


def _end(home: Home, run_id: str, made: Report, *, now: float) -> None:
    with home.database.write() as connection:
        connection.execute(
            update(t.run)
            .where(t.run.c.id == run_id)
            .values(finished_at=int(now * 1_000_000), summary=json.dumps(made.summary))
        )
