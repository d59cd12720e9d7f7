"""Reads dead letters again with what is there now: log types, limits, permissions, objects.

What was not read to its end is read again as a whole. Of what was, the kept bytes of its dead letters go
through the line again, under the same identity and at the same positions: decision 16.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace

from trailcam.app.dead_letters.again import Again, Broken, Found
from trailcam.app.dead_letters.looking import one
from trailcam.app.dead_letters.mending import Mender
from trailcam.app.home import Home
from trailcam.app.line import Line
from trailcam.app.live.in_hand import GROUP_ORIGINS
from trailcam.app.load import Loaded
from trailcam.app.report import New, report
from trailcam.commit.answered import answer_now
from trailcam.commit.group import Purpose
from trailcam.commit.kept_without import KeptWithout
from trailcam.commit.publish import publish, republish_rolled_back, told
from trailcam.commit.run_kind import RunKind
from trailcam.contracts.source import Blob
from trailcam.engines.messages import WorkGroup
from trailcam.errors import Problem
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.query.letters import KeptLetter, Letters, Wanted, open_letters
from trailcam.settings.schema import Settings
from trailcam.sources.kept_letters import KeptLetters, keep_letters

_JOINED = 2
"""How many times the largest record is the most that is put together of dead letters which adjoin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which dead letters: those with these ids or beginnings of ids, and those that fit."""

    ids: Sequence[str] = ()
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is; of an announcement, the objects that it names count, once they are known."""

    origins_done: int
    origins_all: int
    matches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of the dead letters that were read again."""

    run_id: str
    tried: int
    dead: Sequence[KeptLetter]
    """Those that stand still, and those that were found instead of them, without their bytes."""
    why: dict[str, str]
    """In words, why an origin is not to be had, by its id."""
    mended: int
    new: New
    not_run: int
    cut: Mapping[tuple[str, str], int]
    """As of `Report`; so are `kept_without` and `left`."""
    kept_without: Sequence[KeptWithout]
    left: Mapping[str, str]
    seconds: float
    problems: Sequence[Problem]
    """What the world refused."""

    @property
    def summary(self) -> dict[str, int | float]:
        """The fixed keys of `--summary json`."""
        return {
            "tried": self.tried,
            "mended": self.mended,
            "dead": len(self.dead),
            "not_run": self.not_run,
            "new_events": self.new.events,
            "new_matches": self.new.matches,
            "new_rule_errors": self.new.rule_errors,
            "new_windows": self.new.windows,
            "new_alerts": self.new.alerts,
            "seconds": round(self.seconds, 3),
        }

    @property
    def exit_code(self) -> int:
        """0 all are mended, 1 some are not, 3 the world failed."""
        if self.problems:
            return 3
        return 1 if self.dead else 0


def retry(
    asked: Asked,
    loaded: Loaded,
    settings: Settings,
    home: Home,
    *,
    workers: int = 0,
    now: Callable[[], float] = time.time,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Retried:
    """Reads them again and keeps what comes of them; what is still dead stays one dead letter.

    Raises:
        TrailcamError: TC0614 no or several dead letters have an id; those of `Line`.
        WorldError: those of `Line`; TC0108 a file of the lake is missing or damaged.
    """
    started = time.monotonic()
    problems = told(republish_rolled_back, home.database, home.iceberg)
    with _letters(home) as letters:
        chosen = _chosen(letters, asked)
        before = {it.id for it in _of(letters, chosen)}
        hand = _InHand()
        line = Line(
            loaded,
            settings,
            home,
            kind=RunKind.retry,
            told=sorted(id_ for ids in chosen.values() for id_ in ids),
            workers=workers,
            now=now,
            done=hand.let_go,
        )
        with line:
            work = _Work(line, hand, letters, chosen, settings, home, now, progress)
            work.run()
        before |= {it.id for it in _of(letters, work.others)}
    problems += told(publish, home.database, home.iceberg)
    made = report(
        home,
        line.run_id,
        loaded,
        taken_off=line.taken_off,
        seconds=0,
        size_bytes=0,
        repeated=0,
        skipped=(),
        empty=(),
    )
    with _letters(home) as letters:
        after = {it.id: it for it in _of(letters, {*chosen, *work.others})}
    tried = {id_ for ids in chosen.values() for id_ in ids}
    retried = Retried(
        run_id=line.run_id,
        tried=len(tried),
        dead=[it for id_, it in sorted(after.items()) if id_ in tried or id_ not in before],
        why=work.again.why,
        mended=len(tried - after.keys()),
        new=made.new,
        not_run=sum(each.events for each in made.not_run),
        cut=line.correlating.cut,
        kept_without=line.correlating.kept_without,
        left=line.correlating.left,
        seconds=time.monotonic() - started,
        problems=list(dict.fromkeys([*problems, *work.again.problems])),
    )
    line.finish(retried.summary)
    problems = [*retried.problems, *told(publish, home.database, home.iceberg)]
    return replace(retried, problems=list(dict.fromkeys(problems)))


def _letters(home: Home) -> AbstractContextManager[Letters]:
    return open_letters(home.database, warehouse=home.iceberg.warehouse, scratch=home.scratch)


def _of(letters: Letters, origins: Collection[str]) -> Iterator[KeptLetter]:
    """Those of some origins, without their bytes."""
    return letters.listed(Wanted(origins=sorted(origins))) if origins else iter(())


def _chosen(letters: Letters, asked: Asked) -> dict[str, set[str]]:
    """The ids of the dead letters to be read again, by their origin."""
    ids = [one(letters, name).id for name in asked.ids]
    wanted = asked.wanted._replace(ids=ids) if ids else asked.wanted
    chosen: dict[str, set[str]] = {}
    for it in letters.listed(wanted):
        chosen.setdefault(it.letter.origin_id, set()).add(it.id)
    return chosen


@dataclass(slots=True)
class _InHand:
    """What was brought here and is not decided yet."""

    blobs: set[Blob] = field(default_factory=set)
    done: int = 0
    """How many there were that are decided now."""

    def let_go(self, blob: Blob) -> None:
        """It is decided, or was before."""
        blob.acknowledge()
        self.blobs.discard(blob)
        self.done += 1

    def let_all_go(self) -> None:
        """Nothing more will be decided."""
        for blob in self.blobs:
            with suppress(OSError):
                blob.acknowledge()
        self.blobs.clear()


@dataclass(slots=True)
class _Work:
    """The work of one retry, group by group."""

    line: Line
    hand: _InHand
    letters: Letters
    chosen: dict[str, set[str]]
    settings: Settings
    home: Home
    now: Callable[[], float]
    told: Callable[[Progress], None]
    again: Again = field(init=False)
    others: set[str] = field(default_factory=set)
    """Origins that were found under another identity than that of the dead letter."""
    found: list[tuple[str, list[str]]] = field(default_factory=list)
    """What broken origins turned out to be, by their ids."""

    def __post_init__(self) -> None:
        self.again = Again(self.settings, self.home)

    def run(self) -> None:
        """All of it; what was spooled does not outlive it."""
        line = self.line
        mender = Mender(line.keeper, self.letters.standing, self.hand.let_go)
        try:
            for result in line.run(self._groups()):
                is_kept = isinstance(result.group.blobs[0], KeptLetters)
                for group in mender.keep(result) if is_kept else line.keeper.keep(result):
                    line.engine.give(group)
                self._tell()
            line.drain()
        finally:
            self.hand.let_all_go()
        self._tell()
        self._answer()

    def _groups(self) -> Iterator[WorkGroup]:
        whole = {it for it in self.chosen if self.letters.standing[it].events[0].purpose == Purpose.WHOLE}
        yield from self._gathered(self._kept(it) for it in self.chosen if it in whole)
        broken = (
            Broken(entry=self.letters.standing[it].letters, letter=next(self.letters.of(it)).letter)
            for it in self.chosen
            if it not in whole
        )
        for group in self._gathered(blob for found in self.again.found(broken) for blob in self._new(found)):
            yield from self._sorted_out(group.blobs)

    def _gathered(self, blobs: Iterator[Blob]) -> Iterator[WorkGroup]:
        """Groups of at most so many origins and bytes."""
        waiting: list[Blob] = []
        size = 0
        for blob in blobs:
            self.hand.blobs.add(blob)
            waiting.append(blob)
            size += blob.origin.size_bytes
            if size >= self.settings.limits.group_bytes or len(waiting) >= GROUP_ORIGINS:
                yield WorkGroup(tuple(waiting))
                waiting, size = [], 0
        if waiting:
            yield WorkGroup(tuple(waiting))

    def _kept(self, origin_id: str) -> KeptLetters:
        """The dead letters of an origin that was read to its end."""
        entry = self.letters.standing[origin_id].letters
        ids = self.chosen[origin_id]
        return keep_letters(
            Origin(
                id=entry.origin_id,
                name=entry.name,
                source_id=entry.source_id,
                source_label=entry.source_label,
                size_bytes=entry.size_bytes,
                fallback_time=Micros(entry.fallback_time),
            ),
            ((it.letter, it.id in ids) for it in self.letters.of(origin_id)),
            spool=self.home.spool,
            most_bytes=_JOINED * self.settings.limits.record_bytes,
        )

    def _new(self, found: Found) -> Iterator[Blob]:
        ids = [blob.origin.id for blob in found.blobs]
        self.found.append((found.broken.entry.origin_id, ids))
        self.others.update(ids)
        yield from found.blobs

    def _sorted_out(self, blobs: Sequence[Blob]) -> Iterator[WorkGroup]:
        """What is not known by now, each once; what is known is passed over, as by what follows live."""
        known = set(self.line.ledger.known([blob.origin.id for blob in blobs]))
        new = []
        for blob in blobs:
            if blob.origin.id in known:
                self.hand.let_go(blob)
            else:
                known.add(blob.origin.id)
                new.append(blob)
        self.line.ledger.note(self.line.run_id, sorted(known))
        if new:
            yield WorkGroup(tuple(new))

    def _tell(self) -> None:
        matches = self.line.keeper.matches + self.line.engine.in_work[2]
        more = sum(len(ids) - 1 for _, ids in self.found)
        self.told(
            Progress(
                origins_done=self.hand.done + len(self.again.why),
                origins_all=len(self.chosen) + more,
                matches=matches,
            )
        )

    def _answer(self) -> None:
        """What stands under a name, or is an announcement, is answered when all it is about has been read."""
        now = Micros(int(self.now() * 1_000_000))
        known = self.line.ledger.known([id_ for _, ids in self.found for id_ in ids])
        answered = [
            origin_id
            for origin_id, ids in self.found
            if origin_id not in ids and known.issuperset(ids)  # else its own entry stands in their place
        ]
        answer_now(self.home.database, origin_ids=answered, run_id=self.line.run_id, now=now)
