"""Proves that what was read is kept: files against the ledger, the ledger against the lake."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from trailcam.app.backfill import Asked as Bucket
from trailcam.app.bucket import Listed, hold_against_ledger
from trailcam.app.home import Home
from trailcam.app.keeper import UNFINISHED
from trailcam.app.load import Loaded
from trailcam.app.setup import engine_setup
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.publish import republish
from trailcam.commit.standing import standing
from trailcam.contracts.source import Blob, NotFetched
from trailcam.engines.local import GroupResult, LocalEngine
from trailcam.engines.messages import WorkGroup
from trailcam.errors import ERRORS, Problem, TrailcamError, WorldError, code, nearest
from trailcam.lake.files import opens
from trailcam.lake.names import table_name
from trailcam.model.deadletter import DeadLetter
from trailcam.query.lake import connection, kept_files
from trailcam.query.proof import Proof, look_at_tables, lost, prove
from trailcam.settings.schema import Settings
from trailcam.sources import files
from trailcam.sources.files import LocalBlob
from trailcam.sources.s3_listing import object_of
from trailcam.sources.s3_objects import Objects

Told = Callable[[int, int, str], None]
"""What progress is told: done, all, and of what."""


@dataclass(slots=True)
class Checked:
    """What was asked about, and the proof."""

    proof: Proof
    files: int = 0
    """Files that were looked at."""
    reread: int = 0
    """Events that were read anew and looked for one by one."""
    reread_origins: int = 0
    """The origins that they lie in."""
    unread: list[str] = field(default_factory=list)
    """Names of origins that cannot be read anew: they came as a stream, or their file is gone or another."""
    made_anew: list[str] = field(default_factory=list)
    """Tables that could not be read, and were made anew from the state."""
    republished: int = 0
    """Files that were brought back into tables which had been rolled back."""
    missing: list[str] = field(default_factory=list)
    """In words, beside those of the proof."""
    listed: Listed | None = None
    """What lies in a bucket, where that was asked."""

    @property
    def everything_missing(self) -> list[str]:
        """In words, all that is missing."""
        of_bucket = self.listed.missing if self.listed is not None else []
        return [*of_bucket, *self.missing, *self.proof.missing]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.everything_missing and self.proof.holds


def verify(
    names: Sequence[str],
    loaded: Loaded,
    settings: Settings,
    home: Home,
    *,
    bucket: Bucket | None = None,
    reread: bool = False,
    repair: bool = True,
    workers: int = 0,
    progress: Told = lambda _done, _all, _words: None,
) -> Checked:
    """Checks a run by its id, files and folders by their paths, what lies in a bucket, or everything.

    With `reread`, files are read once more and every single event is looked for in the lake: those that are
    named, and those that a run or the ledger names. With `repair`, tables that were rolled back get back what
    they have lost, and those that cannot be read are made anew, before anything is proved.

    Raises:
        TrailcamError: TC0101 a path does not exist, TC0610 no run has this id, TC0104 no such bucket.
        WorldError: TC0801, TC0802 the bucket cannot be listed or read; TC0601 to TC0603 state or catalog
            cannot be read or written now.
    """
    checked = Checked(proof=Proof())
    with ExitStack() as claimed:
        if bucket is None:
            asked, objects = _asked(names, home, checked, claimed), None
        else:
            listed, objects = hold_against_ledger(
                bucket, settings, home, progress=lambda number: progress(number, 0, "objects listed")
            )
            checked.listed = listed
            asked = _Asked(origin_ids=listed.origin_ids, by_ledger=set(listed.origin_ids))
        if repair:
            _mend(home, checked)
        checked.proof = prove(
            home.database,
            home.iceberg,
            home.scratch,
            kept_lookups=home.lookups,
            origin_ids=asked.origin_ids,
            progress=lambda done, everything: progress(done, everything, "bytes of the lake"),
        )
        if reread:
            _Reader(home, loaded, settings, workers, progress, objects).look_for(asked, checked)
    return checked


def _mend(home: Home, checked: Checked) -> None:
    """Makes the tables whole again: all that they hold is in the state and in files."""
    with _told(checked):
        seen = look_at_tables(home.database, home.iceberg)
        # What shows too much is better than nothing, unless all of it comes back.
        dropped = [*seen.unreadable, *(name for name in seen.doubled if _has_its_files(home, name))]
        for name in dropped:
            home.iceberg.drop(name)
        if dropped:
            seen = look_at_tables(home.database, home.iceberg)
        for name in seen.rolled_back:
            with _told(checked):
                number = republish(home.database, home.iceberg, name)
                if name in dropped:
                    checked.made_anew.append(name)
                else:
                    checked.republished += number


@contextmanager
def _told(checked: Checked) -> Iterator[None]:
    """What the lake refuses is missing; a lock or a full disk is nobody's damage."""
    try:
        yield
    except WorldError as error:
        if any(problem.code != code("lake_refused") for problem in error.problems):
            raise
        checked.missing += [problem.message for problem in error.problems]


def _has_its_files(home: Home, name: str) -> bool:
    return all(opens(Path(path)) for path in kept_files(home.database, home.iceberg.warehouse, name))


# -- what is asked about -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Asked:
    """The origins that names lead to."""

    origin_ids: list[str] | None = None
    """None for all."""
    blobs: list[LocalBlob] = field(default_factory=list)
    """Files that were named."""
    by_ledger: set[str] | None = field(default_factory=set)
    """Origins that runs name, of which the ledger knows the file; None for all."""


def _asked(names: Sequence[str], home: Home, checked: Checked, claimed: ExitStack) -> _Asked:
    """What names lead to; copies of streams do not outlive `claimed`."""
    if not names:
        return _Asked(by_ledger=None)
    runs = [name for name in names if not Path(name).exists()]
    paths = [Path(name) for name in names if Path(name).exists()]
    of_runs = [origin for name in runs for origin in _of_run(home, name)]
    asked = _Asked(origin_ids=list(of_runs), by_ledger=set(of_runs))
    assert asked.origin_ids is not None
    known = _whole(home)
    for blob in _claimed(paths, home, checked) if paths else ():
        claimed.callback(blob.acknowledge)
        checked.files += 1
        if blob.origin.id in known:
            asked.origin_ids.append(blob.origin.id)
            asked.blobs.append(blob)
        else:
            checked.missing.append(f"{blob.origin.name}: was not read, or not to its end")
    return asked


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


def _claimed(paths: Sequence[Path], home: Home, checked: Checked) -> Iterator[LocalBlob]:
    found = files.find(paths)
    for letter in found.unreadable:
        checked.missing.append(f"{letter.origin_name}: {letter.detail}")
    for path in found.files:
        claimed = files.claim(path, spool=home.spool)
        if isinstance(claimed, DeadLetter):
            checked.missing.append(f"{claimed.origin_name}: {claimed.detail}")
        else:
            yield claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """An origin that was read to its end, as the ledger has it by now."""

    origin_id: str
    name: str
    decisions: Sequence[int]
    """Those whose files hold its events."""
    events: int
    dead_letters: int


def _whole(home: Home) -> dict[str, _Whole]:
    """The origins that were read to their end, by their ids."""
    o = t.origin.c
    kept = select(o.origin_id, o.name, o.purpose, o.decision_id, o.events, o.dead_letters)
    with home.database.read() as state:
        entries = standing(
            state.execute(
                kept.where(o.purpose.in_([Purpose.WHOLE.value, Purpose.MENDED.value])).order_by(o.decision_id)
            )
        )
    return {
        origin_id: _Whole(
            origin_id=origin_id,
            name=each.letters.name,
            decisions=[row.decision_id for row in each.events],
            events=sum(row.events for row in each.events),
            dead_letters=each.letters.dead_letters,
        )
        for origin_id, each in entries.items()
    }


# -- reading anew ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    """Reads origins once more, without rules: each must hold what the ledger says of it, and every event of
    it must lie in the files of its decision."""

    home: Home
    loaded: Loaded
    settings: Settings
    workers: int
    told: Told
    objects: Objects | None = None
    """What reads objects of S3, where they are looked at."""

    def look_for(self, asked: _Asked, checked: Checked) -> None:
        known = _whole(self.home)
        setup = engine_setup(self.loaded, self.settings)
        named = {blob.origin.id for blob in asked.blobs}
        others = [
            entry
            for origin_id, entry in known.items()
            if origin_id not in named and (asked.by_ledger is None or origin_id in asked.by_ledger)
        ]
        gone = 0
        with (
            connection(warehouse=self.home.iceberg.warehouse, scratch=self.home.scratch) as opened,
            LocalEngine(setup, workers=self.workers or os.cpu_count() or 1) as engine,
        ):
            blobs = (blob for some in (asked.blobs, self._found(others, checked)) for blob in some)
            for result in engine.run(WorkGroup((blob,)) for blob in blobs):
                (blob,) = result.group.blobs
                blob.acknowledge()
                entry = known[blob.origin.id]
                checked.reread_origins += 1
                checked.missing += _differences(result, entry)
                for rows in (rows for chunk in result.chunks for rows in chunk.rows):
                    checked.reread += len(rows.row_ids)
                    gone += lost(opened, self._files(entry, rows.log_type), rows.row_ids)
                done = checked.reread_origins + len(checked.unread)
                self.told(done, len(asked.blobs) + len(others), "files read anew")
        if gone:
            checked.missing.append(f"{gone:,} events that were read anew are not in the lake")
        if checked.unread and not checked.reread_origins:
            checked.missing.append("none of the files can be read anew, so no event was looked for")

    def _found(self, entries: Sequence[_Whole], checked: Checked) -> Iterator[Blob]:
        """The files and objects that the ledger names, where they still hold what was read."""
        for entry in entries:
            if self.objects is not None:
                try:
                    yield self.objects.fetch(object_of(entry.name, entry.origin_id), spool=self.home.spool)
                except NotFetched:
                    checked.unread.append(entry.name)
                continue
            path = Path(entry.name)
            claimed = files.claim(path, spool=self.home.spool) if path.is_file() else None
            if isinstance(claimed, LocalBlob) and claimed.origin.id == entry.origin_id:
                yield claimed
            else:
                checked.unread.append(entry.name)

    def _files(self, entry: _Whole, log_type: str) -> list[str]:
        f = t.staged_file.c
        with self.home.database.read() as state:
            paths = state.execute(
                select(f.path).where(f.decision_id.in_(entry.decisions), f.table_name == table_name(log_type))
            ).scalars()
            return [str(self.home.iceberg.warehouse / path) for path in paths]


def _differences(result: GroupResult, entry: _Whole) -> Iterator[str]:
    """In words, what an origin does not hold as the ledger has it."""
    events = sum(count for chunk in result.chunks for count in chunk.events.values())
    letters: Counter[str] = Counter()
    for chunk in result.chunks:
        for (_, reason), count in chunk.letters.items():
            letters[reason] += count
    letters.update(letter.reason for letter in result.dead_letters)
    stopped = sorted(letters.keys() & UNFINISHED)
    if stopped:
        yield f"{entry.name}: cannot be read to its end: {ERRORS[stopped[0]].title}"
        return
    for what, found, said in (
        ("events", events, entry.events),
        ("dead letters", letters.total(), entry.dead_letters),
    ):
        if found != said:
            yield f"{entry.name}: {found:,} {what} when read anew, {said:,} in the ledger"
