"""Logs in, kept and run through rules: claims files, has them worked on, decides, publishes."""

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import insert, update
from sqlalchemy.dialects.sqlite import insert as upsert
from ulid import ULID

from trailcam import __version__
from trailcam.app.home import Home
from trailcam.app.load import Loaded
from trailcam.app.report import Report, report
from trailcam.app.setup import engine_setup
from trailcam.commit import tables as t
from trailcam.commit.columns import refuse_changed_columns
from trailcam.commit.decide import AlreadyDecided, FilesGone, decide
from trailcam.commit.group import Group, Purpose, Treated, Unseen
from trailcam.commit.ledger import Ledger
from trailcam.commit.publish import publish, republish_rolled_back
from trailcam.commit.stage import Stager
from trailcam.contracts.source import Blob
from trailcam.engines.local import GroupResult, LocalEngine
from trailcam.engines.messages import Staging, WorkGroup
from trailcam.errors import Problem, WorldError, cannot_write, code
from trailcam.lake.iceberg import Iceberg
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import Micros
from trailcam.rules.versions import pack_version, rule_versions
from trailcam.settings.schema import Settings
from trailcam.sources import files
from trailcam.state.database import Database

_GROUP_ORIGINS = 500

UNFINISHED = frozenset(
    code(name)
    for name in (
        "origin_unreadable",
        "origin_changed",
        "too_large_unpacked",
        "record_exhausts_memory",
        "worker_lost",
    )
)
"""Reasons of dead letters behind which there may be more: their origin is read again when it comes again."""


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
            type does not go with what is kept.
        WorldError: no worker starts; the home cannot be written. What was decided before is kept.
    """
    started = time.monotonic()
    found = files.find(paths)
    problems = _told(republish_rolled_back, home)
    refuse_changed_columns(home.database, home.iceberg, loaded.log_types)
    versions = rule_versions(loaded.packs, loaded.rules)
    pack = pack_version(versions)
    staging = Staging(warehouse=home.iceberg.warehouse, pack=pack)
    setup = engine_setup(loaded, settings, now=now(), staging=staging)
    run_id = _begin(home, paths, pack, versions, now=now())
    stager = Stager(staging.warehouse, loaded.log_types, pack=pack, parse_time=setup.parse_time)
    reading = _Reading(found, home, settings.limits.group_bytes, run_id, Ledger(home.database, versions))
    keeper = _Keeper(home, run_id, pack, versions, reading.ledger, stager, now)
    with reading, LocalEngine(setup, workers=workers or os.cpu_count() or 1) as engine:

        def heard() -> None:
            progress(reading.progress(keeper, *engine.in_work))

        keeper.refuse(found.unreadable)
        for result in engine.run(reading.groups(keeper.refuse), heard=heard):
            for again in keeper.keep(result):
                engine.redo(again)
            heard()
    problems += _told(publish, home)
    made = report(
        home,
        run_id,
        loaded,
        seconds=time.monotonic() - started,
        size_bytes=reading.size_bytes,
        repeated=reading.repeated,
        skipped=found.skipped,
        empty=reading.empty,
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


# -- keeping -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Keeper:
    """Decides what workers have staged, group by group."""

    home: Home
    run_id: str
    pack: str
    rules: Mapping[str, str]
    ledger: Ledger
    stager: Stager
    now: Callable[[], float]
    records: int = 0
    matches: int = 0
    bytes_done: int = 0

    def keep(self, result: GroupResult) -> Sequence[WorkGroup]:
        """Decides a group and lets go of its blobs; gives back what has to be worked on again."""
        events: Counter[str] = Counter()
        letters: Counter[tuple[str, str]] = Counter()
        for chunk in result.chunks:
            events.update(chunk.events)
            letters.update(chunk.letters)
        letters.update((letter.origin_id, letter.reason) for letter in result.dead_letters)
        whole = result.group.whole
        staged = [file for chunk in result.chunks for file in chunk.files]
        if whole:
            staged += self._stage_letters(result.dead_letters)
        treated = [
            _treated(blob.origin, events, letters, whole=whole, run_id=self.run_id)
            for blob in result.group.blobs
        ]
        not_run = Counter(
            Unseen(pair.rule_id, pair.origin_id, pair.reason)
            for chunk in result.chunks
            for pair in chunk.not_run
        )
        if not whole:
            not_run |= self._missed(treated, letters)
        group = Group(
            run_id=self.run_id,
            pack=self.pack,
            rules=self.rules,
            treated=treated,
            files=staged,
            matches=[match for chunk in result.chunks for match in chunk.matches],
            errors=[error for chunk in result.chunks for error in chunk.errors],
            not_run=not_run,
        )
        try:
            self._decide(group)
        except AlreadyDecided as decided:
            return self._rest(result.group, treated, decided.keys)
        except FilesGone:
            return [result.group]
        self.records += sum(each.records for each in treated)
        self.matches += len(group.matches)
        self.bytes_done += sum(blob.origin.size_bytes for blob in result.group.blobs)
        for blob in result.group.blobs:
            blob.acknowledge()
        return ()

    def _decide(self, group: Group) -> None:
        now = Micros(int(self.now() * 1_000_000))
        decide(self.home.database, group, warehouse=self.home.iceberg.warehouse, now=now)

    def _missed(self, treated: Sequence[Treated], letters: Counter[tuple[str, str]]) -> Counter[Unseen]:
        """What rules have missed of known origins that could not be read again to their end: all of it."""
        broken = {each.origin.id for each in treated if each.purpose is Purpose.PART}
        standing = self.ledger.look_up(sorted(broken))
        events = self.ledger.events(sorted(broken))
        missed: Counter[Unseen] = Counter()
        for origin_id, reason in letters:
            if origin_id in broken and reason in UNFINISHED:
                for rule_id in standing[origin_id]:
                    missed[Unseen(rule_id, origin_id, reason)] = events[origin_id]
        return missed

    def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Keeps what is told of files that cannot be read at all; each of them once."""
        for letter in letters:
            origin = Origin(
                id=letter.origin_id,
                name=letter.origin_name,
                source_id=files.SOURCE,
                source_label=files.SOURCE,
                size_bytes=0,
                fallback_time=Micros(0),
            )
            treated = Treated(
                origin=origin, purpose=Purpose.PART, events=0, dead_letters=1, part=letter.reason
            )
            group = Group(
                run_id=self.run_id,
                pack="",
                rules={},
                treated=[treated],
                files=self._stage_letters([letter]),
                matches=(),
                errors=(),
                not_run={},
            )
            try:
                self._decide(group)
            except AlreadyDecided:
                note_scope(self.home, self.run_id, [origin.id])
            self.records += 1

    def _rest(
        self, group: WorkGroup, treated: Sequence[Treated], known: frozenset[str]
    ) -> Sequence[WorkGroup]:
        """A group without the origins that somebody else has decided meanwhile; those of them again that some
        rule of this run has not seen."""
        left: list[Blob] = []
        decided: list[Blob] = []
        for blob, each in zip(group.blobs, treated, strict=True):
            (decided if each.key(self.pack) in known else left).append(blob)
        standing = self.ledger.look_up([blob.origin.id for blob in decided]) if group.whole else {}
        again = [blob for blob in decided if standing.get(blob.origin.id)]
        done = [blob for blob in decided if blob not in again]
        note_scope(self.home, self.run_id, [blob.origin.id for blob in done])
        for blob in done:
            blob.acknowledge()
            self.bytes_done += blob.origin.size_bytes
        rest = (WorkGroup(tuple(left), group.whole), WorkGroup(tuple(again), whole=False))
        return [group for group in rest if group.blobs]

    def _stage_letters(self, letters: Sequence[DeadLetter]) -> list[StagedFile]:
        try:
            return list(self.stager.letters(letters, str(ULID())))
        except OSError as error:
            raise cannot_write(error, "a file of the lake", path=self.home.path) from None


def _treated(
    origin: Origin, events: Counter[str], letters: Counter[tuple[str, str]], *, whole: bool, run_id: str
) -> Treated:
    reasons = {reason: count for (origin_id, reason), count in letters.items() if origin_id == origin.id}
    purpose, part = (Purpose.WHOLE, "") if whole else (Purpose.RULES, run_id)
    if reasons.keys() & UNFINISHED:
        # Who comes as far again and is stopped by the same has nothing new to tell.
        outcome = [f"{reason}:{count}" for reason, count in sorted(reasons.items())]
        purpose, part = Purpose.PART, " ".join([str(events[origin.id]), *outcome, "" if whole else "rules"])
    return Treated(
        origin=origin,
        purpose=purpose,
        events=events[origin.id] if whole else 0,
        dead_letters=sum(reasons.values()) if whole else 0,
        part=part.rstrip(),
    )


def note_scope(home: Home, run_id: str, origin_ids: Sequence[str]) -> None:
    """Notes that a run came upon origins which it need not treat."""
    if origin_ids:
        rows = [{"run_id": run_id, "origin_id": origin_id} for origin_id in origin_ids]
        with home.database.write() as connection:
            connection.execute(upsert(t.run_origin).on_conflict_do_nothing(), rows)


# -- reading -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reading:
    """Claims the files one after another and gathers small ones into groups."""

    found: files.Found
    home: Home
    group_bytes: int
    run_id: str
    ledger: Ledger
    repeated: int = 0
    size_bytes: int = 0
    empty: list[str] = field(default_factory=list)
    _passed_bytes: int = 0
    _bytes_all: int = 0
    _seen: set[str] = field(default_factory=set)
    _claimed: list[Blob] = field(default_factory=list)

    def __enter__(self) -> "_Reading":
        return self

    def __exit__(self, *_: object) -> None:
        """However a run ends, copies of streams do not outlive it."""
        for blob in self._claimed:
            blob.acknowledge()

    def groups(self, refuse: Callable[[Sequence[DeadLetter]], None]) -> Iterator[WorkGroup]:
        """Groups of new origins, and of known ones that some rule has not seen."""
        self._bytes_all = sum(_size(path) for path in self.found.files)
        waiting: list[Blob] = []
        ready: deque[WorkGroup] = deque()
        size = 0
        for path in self.found.files:
            claimed = files.claim(path, spool=self.home.spool)
            if isinstance(claimed, DeadLetter):
                refuse([claimed])
                continue
            origin = claimed.origin
            if claimed.spooled:
                self._claimed.append(claimed)
            if origin.id in self._seen:
                self.repeated += 1
                self._passed_bytes += origin.size_bytes
                claimed.acknowledge()
                continue
            if not origin.size_bytes:
                self.empty.append(origin.name)
            self._seen.add(origin.id)
            self.size_bytes += origin.size_bytes
            waiting.append(claimed)
            size += origin.size_bytes
            if size >= self.group_bytes or len(waiting) >= _GROUP_ORIGINS:
                ready.extend(self._sorted_out(waiting))
                waiting, size = [], 0
            while ready:
                yield ready.popleft()
        yield from self._sorted_out(waiting)

    def _sorted_out(self, blobs: Sequence[Blob]) -> Iterator[WorkGroup]:
        """What of these is new, what some rule has not seen; the rest is passed over."""
        standing = self.ledger.look_up([blob.origin.id for blob in blobs])
        new = tuple(blob for blob in blobs if blob.origin.id not in standing)
        again = tuple(blob for blob in blobs if standing.get(blob.origin.id))
        known = [blob for blob in blobs if standing.get(blob.origin.id) == frozenset()]
        note_scope(self.home, self.run_id, [blob.origin.id for blob in known])
        for blob in known:
            self._passed_bytes += blob.origin.size_bytes
            blob.acknowledge()
        if new:
            yield WorkGroup(new)
        if again:
            yield WorkGroup(again, whole=False)

    def progress(
        self, keeper: _Keeper, bytes_in_work: int, records_in_work: int, matches_in_work: int
    ) -> Progress:
        done = self._passed_bytes + keeper.bytes_done + bytes_in_work
        return Progress(
            bytes_done=done,
            bytes_all=max(self._bytes_all, done),
            records=keeper.records + records_in_work,
            matches=keeper.matches + matches_in_work,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is told when it is claimed
        return 0
