"""Rules that keep state: their candidates have their turn in the order of event time, one turn at a time.

A turn is some candidates, run by one worker over the key-values as they stand, and one transaction that keeps
everything that came of it. Whoever else has had the turn meanwhile, ours is dropped: the transaction tells.
The lock of the home only spares the work.
"""

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection
from ulid import ULID

from trailcam.app.home import Home
from trailcam.commit.candidates import Consumed, TurnTaken
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.key_values import load
from trailcam.commit.lane import Turn, next_turn
from trailcam.commit.naming import FilesGone
from trailcam.commit.stage import Stager
from trailcam.engines.local import LocalEngine
from trailcam.engines.messages import Pair, PairDone, WorkGroup
from trailcam.engines.pairs import origin_of
from trailcam.errors import cannot_write
from trailcam.model.candidate import Candidate
from trailcam.model.match import Match, RuleError
from trailcam.model.rule import IN_THE_LINE, Rule
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import Micros
from trailcam.rules.keyvalue import Item

_LOOK_SECONDS = 0.25
_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0
"""How long somebody else may have a turn in hand; then it is taken all the same, and the first one counts."""

MOST_STAGED = 3
"""How often a turn is staged whose files do not stay."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """The lane as one version of the rules takes it on. `rules` are in the order of their numbers, `versions`
    by id."""

    home: Home
    run_id: str
    pack: str
    rules: Sequence[Rule]
    versions: dict[str, str]
    stager: Stager
    delay_seconds: float
    now: Callable[[], float]
    matches: int = 0
    """Decided by us."""
    taken_off: set[int] = field(default_factory=set)
    """Rules, by number, that are not run any more; their candidates wait for another process."""
    _state: Connection | None = None
    """By which key-values are read while a turn is in hand."""

    def drain(self, engine: LocalEngine, *, stopped: Callable[[], bool] = lambda: False) -> None:
        """Has turns until nothing more is due, through an engine that has nothing else in work.

        Raises:
            WorldError: no worker starts; the home cannot be read or written. What was decided before is kept.
        """
        gone = 0
        while not stopped():
            with self._alone(stopped):
                try:
                    if not self._turn(engine, stopped):
                        return
                except FilesGone:
                    gone += 1
                    if gone >= MOST_STAGED:
                        raise

    def held(self, key: str) -> Item | None:
        """What rules remember under a key, for the worker that has our turn in hand."""
        return load(self._state, key) if self._state is not None else None

    def is_due(self) -> bool:
        """Whether there is something to run."""
        return self._next() is not None

    def _turn(self, engine: LocalEngine, stopped: Callable[[], bool]) -> bool:
        """Has one turn; false when there was none to have, or it was given up."""
        self.taken_off |= engine.taken_off
        turn = self._next()
        if turn is None:
            return False
        number = {rule.id: number for number, rule in enumerate(self.rules)}
        pairs = tuple(Pair(number[it.rule_id], it.event) for it in turn.candidates)
        with self.home.database.read() as self._state:
            done = _run(engine, WorkGroup((), pairs=pairs), stopped)
        self.taken_off |= engine.taken_off
        if done is None:
            return False
        self._keep(turn, done)
        return True

    def _next(self) -> Turn | None:
        ids = {
            rule.id
            for number, rule in enumerate(self.rules)
            if rule.kind in IN_THE_LINE and number not in self.taken_off
        }
        return next_turn(self.home.database, ids, delay_seconds=self.delay_seconds, now=self._micros())

    def _keep(self, turn: Turn, done: Sequence[PairDone]) -> None:
        """Decides what came of a turn: of those of its candidates that a rule has seen."""
        seen = [(turn.candidates[pair.number], pair) for pair in done if not pair.passed_over]
        if not seen:
            return
        now, attempt = self._micros(), str(ULID())
        written: dict[str, Item] = {}
        for _, pair in seen:
            written |= pair.written
        group = Group(
            run_id=self.run_id,
            pack=self.pack,
            rules=self.versions,
            treated=_treated(seen, part=attempt),
            files=self._staged(seen, attempt, now),
            matches=[match for _, pair in seen for match in pair.matches],
            errors=[error for _, pair in seen for error in pair.errors],
            turn=Consumed(
                last=turn.last,
                pairs=[(it.rule_id, it.event.row_id) for it, _ in seen],
                written=written,
                from_time=seen[0][0].event.event_time,
            ),
        )
        try:
            decide(self.home.database, group, warehouse=self.home.iceberg.warehouse, now=now)
        except TurnTaken:
            return
        self.matches += len(group.matches)

    def _staged(
        self, seen: Sequence[tuple[Candidate, PairDone]], attempt: str, now: Micros
    ) -> list[StagedFile]:
        matches: list[tuple[Match, str]] = []
        errors: list[tuple[RuleError, str]] = []
        for it, pair in seen:
            matches += [(match, it.event.origin_id) for match in pair.matches]
            errors += [(error, it.event.origin_id) for error in pair.errors]
        try:
            return list(self.stager.verdicts(matches, errors, attempt, parse_time=now))
        except OSError as error:
            raise cannot_write(error, "a file of the lake", path=self.home.path) from None

    @contextmanager
    def _alone(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """Holds the lock that spares two processes the same turn; without it, where it cannot be had."""
        until = time.monotonic() + _PATIENCE_SECONDS
        try:
            lock = (self.home.path / "lane.lock").open("a")
        except OSError:
            yield
            return
        with lock:
            while time.monotonic() < until and not stopped():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(_PAUSE_SECONDS)
                except OSError:
                    break
                else:
                    break
            yield

    def _micros(self) -> Micros:
        return Micros(int(self.now() * 1_000_000))


def _run(engine: LocalEngine, group: WorkGroup, stopped: Callable[[], bool]) -> Sequence[PairDone] | None:
    """What came of the pairs; None when it was given up, and the engine with it."""
    engine.give(group)
    while not stopped():
        for result in engine.collect(timeout=_LOOK_SECONDS):
            if result.failure is not None:
                raise result.failure
            return result.pairs
    return None


def _treated(seen: Sequence[tuple[Candidate, PairDone]], *, part: str) -> list[Treated]:
    """Derived origins of those of which there is something to tell."""
    found = {it.event.origin_id: it.event for it, pair in seen if pair.matches or pair.errors}
    return [
        Treated(origin=origin_of(event), purpose=Purpose.LANE, events=0, dead_letters=0, part=part)
        for event in found.values()
    ]
