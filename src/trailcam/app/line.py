"""The line under one version of the rules: its workers, and who keeps what they stage."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType

from sqlalchemy import insert, update
from sqlalchemy.dialects.sqlite import insert as upsert
from ulid import ULID

from trailcam import __version__
from trailcam.app.correlating import Correlating
from trailcam.app.heartbeat import Heartbeat
from trailcam.app.home import Home
from trailcam.app.keeper import Keeper
from trailcam.app.lane import Lane
from trailcam.app.load import Loaded
from trailcam.app.lookup_tables import declared
from trailcam.app.lookup_versions import take_in
from trailcam.app.pack_tables import with_tables
from trailcam.app.setup import engine_setup
from trailcam.app.versions import versions_of
from trailcam.commit import tables as t
from trailcam.commit.columns import refuse_changed_columns
from trailcam.commit.correlation_standing import note_loaded
from trailcam.commit.ledger import Ledger
from trailcam.commit.run_kind import RunKind
from trailcam.commit.stage import Stager
from trailcam.contracts.source import Blob
from trailcam.engines.local import GroupResult, LocalEngine
from trailcam.engines.messages import Staging, WorkGroup
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings
from trailcam.state.processes import Role


class Line:
    """A context manager: what is entered is a run in the state, and worker processes that have the rules.

    `told` is what the run was asked to read, in words. `workers` 0 is one for each processor. `now` gives, in
    seconds, `p_parse_time` and the times of histories, and decides nothing. `done` is called for every blob
    whose origin is decided. `followed_since` is that of `Keeper`. `process_id` is that of a process that says
    itself that it is there; else the line does, from before it decides anything until its end.

    Raises on making:
        TrailcamError: TC0612 a log type does not go with what is kept; TC0701 to TC0704 lookup tables.
        WorldError: the home cannot be written.

    Raises on entering:
        RulesNotImported: TC0210 rules that cannot be executed.
        WorldError: TC0504 no worker starts; the home cannot be written.
    """

    def __init__(
        self,
        loaded: Loaded,
        settings: Settings,
        home: Home,
        *,
        kind: RunKind,
        told: Sequence[str],
        workers: int = 0,
        now: Callable[[], float] = time.time,
        done: Callable[[Blob], None] = lambda blob: blob.acknowledge(),
        followed_since: Micros | None = None,
        process_id: str = "",
    ) -> None:
        self.loaded = loaded
        self._home = home
        self._kind = kind
        self._told = told
        self._now = now
        self._process_id = process_id or str(ULID())
        self._heartbeat = (
            None
            if process_id
            else Heartbeat(home.database, self._process_id, role=Role.past, now=self._micros)
        )
        self._entered = ExitStack()
        refuse_changed_columns(home.database, home.iceberg, loaded.log_types)
        settings = with_tables(settings, loaded.packs)
        tables = declared(settings, loaded.log_types)
        lookups = take_in(settings, tables, home, now=self._micros())
        versions = versions_of(loaded, lookups)
        self.rules, self._every, self.pack = versions.rules, versions.every, versions.pack
        staging = Staging(warehouse=home.iceberg.warehouse, pack=self.pack)
        self._setup = engine_setup(loaded, settings, lookups=lookups, staging=staging, keeps=versions.keeps)
        self.run_id = str(ULID())
        self.ledger = Ledger(home.database, self.rules)
        stager = Stager(home.iceberg.warehouse, loaded.log_types, pack=self.pack)
        self.lane = Lane(
            home=home,
            run_id=self.run_id,
            pack=self.pack,
            rules=loaded.rules,
            versions=self.rules,
            stager=stager,
            delay_seconds=settings.live.lane_delay_seconds,
            now=now,
        )
        self.correlating = Correlating(
            home=home,
            run_id=self.run_id,
            rules=versions.correlations,
            stager=stager,
            now=now,
            lateness_seconds=settings.live.lateness_seconds,
        )
        self.engine = self.new_engine(workers or os.cpu_count() or 1)
        self.keeper = Keeper(
            home=home,
            run_id=self.run_id,
            pack=self.pack,
            rules=self.rules,
            ledger=self.ledger,
            stager=stager,
            now=now,
            done=done,
            followed_since=followed_since,
        )

    def __enter__(self) -> "Line":
        with ExitStack() as entered:
            if self._heartbeat is not None:
                entered.enter_context(self._heartbeat)
            self.engine.__enter__()
            entered.callback(self.engine.__exit__)
            self._begin()  # by its last run is known what a server runs: none of rules that it refuses
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._entered.close()

    @property
    def matches(self) -> int:
        """How many were decided by now."""
        return self.keeper.matches + self.lane.matches + self.correlating.matches

    @property
    def taken_off(self) -> frozenset[str]:
        """The ids of rules that are not run any more."""
        numbers = self.engine.taken_off | self.lane.taken_off
        return frozenset(self.loaded.rules[number].id for number in numbers)

    def new_engine(self, workers: int) -> LocalEngine:
        """Worker processes for these rules, beside those of the line; not entered yet."""
        return LocalEngine(self._setup, workers=workers, now=self._now, held=self.lane.held)

    def run(
        self, groups: Iterable[WorkGroup], *, heard: Callable[[], None] = lambda: None
    ) -> Iterator[GroupResult]:
        """The results of groups, to be decided; see `LocalEngine.run`.

        Raises:
            WorldError: see `LocalEngine.run`, `decides`.
        """
        for result in self.engine.run(groups, heard=heard):
            self.decides()
            yield result

    def decides(self) -> None:
        """Makes known that we go over the past, before the first decision: who only waits for something to
        read keeps nobody waiting.

        Raises:
            WorldError: the state cannot be written.
        """
        if self._heartbeat is not None:
            self._heartbeat.begin()

    def drain(self) -> None:
        """Has the turns of rules that keep state which are due, once all groups are done, and then that of
        correlation rules, for which everything has come.

        Raises:
            WorldError: see `Lane.drain`, `Correlating.finish`, `decides`.
        """
        self.decides()
        self.lane.drain(self.engine)
        self.correlating.finish()

    def finish(self, summary: dict[str, int | float]) -> None:
        """Notes that the run has come to its end, with what it counted."""
        with self._home.database.write() as connection:
            connection.execute(
                update(t.run)
                .where(t.run.c.id == self.run_id)
                .values(finished_at=self._micros(), summary=json.dumps(summary))
            )

    def _begin(self) -> None:
        with self._home.database.write() as connection:
            connection.execute(
                insert(t.run).values(
                    id=self.run_id,
                    kind=self._kind.value,
                    started_at=self._micros(),
                    version=__version__,
                    pack=self.pack,
                    rules=len(self._every),
                    paths=json.dumps([str(it) for it in self._told]),
                    published=False,
                    process_id=self._process_id,
                )
            )
            rules = [
                {"pack": self.pack, "rule_id": rule_id, "rule_version": version}
                for rule_id, version in self._every.items()
            ]
            if rules:
                connection.execute(upsert(t.pack_rule).on_conflict_do_nothing(), rules)
            note_loaded(connection, self.correlating.rules, self.run_id)

    def _micros(self) -> Micros:
        return Micros(int(self._now() * 1_000_000))
