"""Runs the line on one machine: this process gives out work and collects results, workers run the rules.

The parent never runs rule code. A rule that loops, eats memory, exits or crashes costs one rule error for the
event it had in hand, and the group goes on where it was.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import wait

from ulid import ULID

from trailcam.engines.messages import (
    CannotLookUp,
    CannotStage,
    ChunkDone,
    KeyAsked,
    KeyHeld,
    Killing,
    OutOfMemory,
    PairDone,
    Setup,
    Task,
    TaskDone,
    TestDone,
    WorkGroup,
)
from trailcam.engines.process import DiedLoading, Suspect, WorkerProcess, start, start_first
from trailcam.errors import Problem, WorldError, cannot_write, code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.timestamps import BEGINNING, Micros
from trailcam.pipeline.normalize import BATCH_BYTES, BATCH_EVENTS
from trailcam.rules.inline_tests import TestResult
from trailcam.rules.keyvalue import Item

MOST_DEATHS = 3
DEATHS_WITHIN_SECONDS = 600
_FEWER_EVENTS = 50
"""How much smaller batches become when one origin alone exhausts memory."""


@dataclass(slots=True)
class GroupResult:
    """What came of a group of origins: all of it, or `failure` and nothing that could be kept."""

    group: WorkGroup
    parse_time: Micros = BEGINNING
    """When the group was given out."""
    chunks: list[ChunkDone] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    """Beside those of the chunks: origins that no worker can hold."""
    pairs: list[PairDone] = field(default_factory=list)
    """Those of the first of the group's pairs that had time, in order."""
    failure: WorldError | None = None
    """The world failed: the disk, or a kept table. The group itself is as good as it was."""


@dataclass(slots=True)
class _Work:
    """A task and what has come of it."""

    task: Task
    result: GroupResult
    tests: list[TestResult] = field(default_factory=list)
    crashes: int = 0
    wants_fresh: bool = False
    """A worker that has done other things lacked what rules may have used up: the next one shall be new."""
    suspected: set[Suspect] = field(default_factory=set)
    """Pairs that a worker had in hand when it was ended, perhaps by somebody else, or by what a rule before
    has put in place of something that is called."""


class LocalEngine:
    """Worker processes under one parent; a context manager, so that none outlives it.

    Groups go in by `give` and come back by `collect`, both of which return soon; `run` does it for a list of
    groups. `now` gives, in seconds, the time at which a group is given out. `held` gives what lies under a
    key, for rules that keep state.

    Entering executes all rules once in a worker, so that a rule that fails on import is told before any log
    is read.

    Raises on entering:
        RulesNotImported: TC0210 for every rule whose top level raises, hangs or ends its process.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        held: Callable[[str], Item | None] = lambda _: None,
    ) -> None:
        self._setup = setup
        self._held = held
        self._most = workers
        self._clock = clock
        self._now = now
        self._idle: list[WorkerProcess] = []
        self._busy: dict[WorkerProcess, _Work] = {}
        self._deaths: dict[int, deque[float]] = {}
        self._numbers = iter(range(2**62))
        self._poll_seconds = min(0.25, setup.limits.rule_seconds / 8)
        self._queue: deque[_Work] = deque()
        self._heard: Callable[[], None] = lambda: None
        self._stop: Callable[[], bool] = lambda: False
        self.taken_off: set[int] = set()
        """Numbers of rules that are not run any more."""
        self._unloadable: set[int] = set()
        """Those among them that end a worker while they are executed."""

    def __enter__(self) -> "LocalEngine":
        self._idle.append(start_first(self._setup, poll_seconds=self._poll_seconds))
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._busy:
            process.stop()
        for process in self._idle:
            process.close()
        self._busy.clear()
        self._idle.clear()

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that are alive."""
        return [process.pid for process in (*self._idle, *self._busy)]

    def run(
        self, groups: Iterable[WorkGroup], *, heard: Callable[[], None] = lambda: None
    ) -> Iterator[GroupResult]:
        """The results of all groups, in the order in which they are done.

        A group is taken only when a worker is free, so that nothing piles up. `heard` is called whenever
        `in_work` has changed.

        Raises:
            WorldError: TC0504 workers do not come up any more; what made a group fail.
        """
        self._heard = heard
        for work in self._run(self._work(group) for group in groups):
            if work.result.failure is not None:
                raise work.result.failure
            yield work.result

    @property
    def has_room(self) -> bool:
        """Whether a group that is given now begins at once, or as soon as a worker is free."""
        return len(self._busy) + len(self._queue) <= self._most

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in work and nothing waits."""
        return not self._busy and not self._queue

    def give(self, group: WorkGroup) -> None:
        """Takes a group in; its result comes by `collect`, or by the `run` that is being read."""
        self._queue.append(self._work(group))

    def collect(self, *, timeout: float) -> list[GroupResult]:
        """What is done by now, waited for at most `timeout` seconds; gives out what waits.

        Raises:
            WorldError: TC0504 no worker comes up. What was given is not forgotten: it may be tried again.
        """
        self._give_out(self._queue)
        if not self._busy:
            return []
        done = [work.result for work in self._collect(self._queue, timeout=timeout)]
        try:
            self._give_out(self._queue)  # workers go on while the caller keeps what these have done
        except WorldError:
            if not done:
                raise  # else the next call raises it: what is done shall not go with it
        return done

    @property
    def in_work(self) -> tuple[int, int, int]:
        """(bytes read, records, matches) of the groups that are not done yet."""
        chunks = [chunk for work in self._busy.values() for chunk in work.result.chunks]
        last = [work.result.chunks[-1].bytes_read for work in self._busy.values() if work.result.chunks]
        return sum(last), sum(c.records for c in chunks), sum(len(c.matches) for c in chunks)

    def test(
        self, rules: Iterable[int], *, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[int, list[TestResult]]]:
        """(rule's number, results of its inline tests in order), in the order in which they are done.

        It ends, whatever is in work, once `stop` says so.
        """
        self._stop = stop
        tasks = (
            Task(id=next(self._numbers), rule=rule, tests=tuple(range(len(self._setup.rules[rule].tests))))
            for rule in rules
        )
        for work in self._run(_Work(task, GroupResult(WorkGroup(()))) for task in tasks if task.tests):
            yield work.task.rule, work.tests

    def _run(self, source: Iterator[_Work]) -> Iterator[_Work]:
        queue = self._queue
        exhausted = False
        while not self._stop():
            while not exhausted and not queue and len(self._busy) < self._most:
                work = next(source, None)
                exhausted = work is None
                if work is not None:
                    queue.append(work)
                    self._give_out(queue)
            self._give_out(queue)
            if not self._busy:
                return
            yield from self._collect(queue, timeout=self._poll_seconds)

    # -- giving out --------------------------------------------------------------------------------------

    def _work(
        self,
        group: WorkGroup,
        *,
        batch_events: int = BATCH_EVENTS,
        batch_bytes: int = BATCH_BYTES,
        killing: Mapping[tuple[int, int], Killing] | None = None,
    ) -> _Work:
        now = Micros(int(self._now() * 1_000_000))
        task = Task(
            id=next(self._numbers),
            blobs=group.blobs,
            whole=group.whole,
            pairs=group.pairs,
            parse_time=now,
            attempt=str(ULID()),
            batch_events=batch_events,
            batch_bytes=batch_bytes,
            killing=dict(killing or {}),
        )
        return _Work(task, GroupResult(group, now))

    def _give_out(self, queue: deque[_Work]) -> None:
        while queue and len(self._busy) < self._most:
            work = queue[0]
            if work.wants_fresh and self._idle:
                self._idle.pop().stop()  # a fresh one takes its place
            process = self._idle.pop() if self._idle and not work.wants_fresh else self._started()
            work.wants_fresh = False
            work.task.off |= {rule: (0, 0) for rule in self.taken_off if rule not in work.task.off}
            if process.give(work.task):
                self._busy[process] = queue.popleft()
            else:  # it died between two tasks: nothing was in hand
                process.end()

    def _started(self) -> WorkerProcess:
        """One worker more; a rule whose top level ends it now dies like any other."""
        while True:
            started = start(self._setup, frozenset(self._unloadable), poll_seconds=self._poll_seconds)
            if isinstance(started, WorkerProcess):
                return started
            failed = [started.rule] if isinstance(started, DiedLoading) else list(started.failures)
            self._unloadable |= {rule for rule in failed if self._died_of(rule)}

    # -- collecting --------------------------------------------------------------------------------------

    def _collect(self, queue: deque[_Work], *, timeout: float) -> Iterator[_Work]:
        timeout = min(timeout, self._poll_seconds)
        signs = wait([sign for process in self._busy for sign in process.signs], timeout=timeout)
        for process in list(self._busy):
            if any(sign in signs for sign in process.signs):
                message = process.receive()
                done = self._bury(process, queue) if message is None else self._take(process, message, queue)
            else:
                done = self._bury(process, queue) if process.kill_if_stuck() else None
            if done is not None:
                yield done

    def _take(self, process: WorkerProcess, message: object, queue: deque[_Work]) -> _Work | None:
        work = self._busy[process]
        if isinstance(message, ChunkDone):
            work.result.chunks.append(message)
            work.task.resume = message.number + 1
            self._heard()
        elif isinstance(message, PairDone):
            work.result.pairs.append(message)
            work.task.written |= message.written
            work.task.resume = message.number + 1
            self._heard()
        elif isinstance(message, KeyAsked):
            return self._answer(process, work, message.key)
        elif isinstance(message, TestDone):
            work.tests.append(message.result)
            work.task.resume = message.number + 1
        elif isinstance(message, TaskDone):
            self._idle.append(process)
            del self._busy[process]
            return work
        elif isinstance(message, CannotStage | CannotLookUp | OutOfMemory):
            process.stop()
            del self._busy[process]
            return self._lacking(work, message, queue)
        return None

    def _answer(self, process: WorkerProcess, work: _Work, key: str) -> _Work | None:
        """Tells a worker what lies under a key; gives the work back when that cannot be read now."""
        try:
            item = self._held(key)
        except WorldError as error:
            process.stop()
            del self._busy[process]
            work.result = GroupResult(work.result.group, failure=error)
            return work
        process.answer(KeyHeld(item))
        return None

    def _lacking(
        self, work: _Work, message: CannotStage | CannotLookUp | OutOfMemory, queue: deque[_Work]
    ) -> _Work | None:
        """A worker lacks what rules may have used up by what they did before: the group goes on in a fresh
        one. What that one says of the first that it does is believed."""
        if not message.fresh:
            work.wants_fresh = True
            queue.appendleft(work)
            return None
        if isinstance(message, OutOfMemory):
            why = "a worker has too little memory for anything: raise limits.worker_bytes"
            return self._smaller(work, queue, code("record_exhausts_memory"), why=why)
        work.result = GroupResult(work.result.group, failure=self._failure(message))
        return work

    def _failure(self, message: CannotStage | CannotLookUp) -> WorldError:
        if isinstance(message, CannotLookUp):
            return WorldError(message.problems)
        staging = self._setup.staging
        where = staging.warehouse if staging is not None else None
        return cannot_write(message.error, "a file of the lake", path=where)

    def _smaller(self, work: _Work, queue: deque[_Work], reason: str, *, why: str) -> _Work | None:
        """A group that exhausts memory is cut in two; an origin alone is read in smaller batches. What rules
        have done to workers is known of its parts.

        Gives the work back, as done, when it cannot be made smaller: then its rest is one dead letter.

        Raises:
            WorldError: TC0504 it reads nothing, so that there is nothing to make smaller.
        """
        group, task = work.result.group, work.task
        if not task.blobs:
            raise WorldError(Problem(code=code("worker_broken"), message=why))
        blobs = group.blobs
        again = partial(self._work, killing=task.killing)
        if len(blobs) > 1:
            half = len(blobs) // 2
            parts = (replace(group, blobs=blobs[half:]), replace(group, blobs=blobs[:half]))
            queue.extendleft(again(part) for part in parts)
        elif task.batch_events > 1:
            events, size = (max(1, n // _FEWER_EVENTS) for n in (task.batch_events, task.batch_bytes))
            queue.appendleft(again(group, batch_events=events, batch_bytes=size))
        else:
            return _given_up(work, reason)
        return None

    # -- deaths ------------------------------------------------------------------------------------------

    def _bury(self, process: WorkerProcess, queue: deque[_Work]) -> _Work | None:
        """A worker is gone: its pair in hand becomes a rule error, its work goes on in another."""
        work = self._busy.pop(process)
        killing, in_hand = process.end(), process.in_hand
        others_ran = bool(work.task.blobs) and not process.changed  # and may have harmed the one in hand
        if in_hand.rule >= 0 and (killing.may_be_foreign or others_ran) and _suspects(work, in_hand):
            queue.appendleft(work)
            return None
        if in_hand.rule >= 0:
            work.crashes = 0
            work.task.killing[in_hand.event, in_hand.rule] = killing
            if self._died_of(in_hand.rule):
                work.task.off[in_hand.rule] = (in_hand.chunk, in_hand.row + 1)
            queue.appendleft(work)
            return None
        work.crashes += 1
        if work.task.careful and process.changed:
            work.task.closely.add((in_hand.chunk, in_hand.row))
        work.task.careful = True
        if work.crashes < MOST_DEATHS:
            queue.appendleft(work)
            return None
        return self._smaller(work, queue, code("worker_lost"), why=killing.message)

    def _died_of(self, rule: int) -> bool:
        """Counts a death; True when the rule is taken off."""
        deaths = self._deaths.setdefault(rule, deque())
        deaths.append(self._clock())
        while deaths[0] < deaths[-1] - DEATHS_WITHIN_SECONDS:
            deaths.popleft()
        if len(deaths) >= MOST_DEATHS:
            self.taken_off.add(rule)
        return rule in self.taken_off


def _suspects(work: _Work, in_hand: Suspect) -> bool:
    """Whether a pair is to be seen once more, and after which rule of its event all is not well: a rule that
    ends its worker will do it again. One that does it to other events each time is believed to in the end."""
    before = sum(suspect.rule == in_hand.rule for suspect in work.suspected)
    if in_hand in work.suspected or before >= MOST_DEATHS:
        return False
    work.suspected.add(in_hand)
    work.task.careful = True
    work.task.closely.add((in_hand.chunk, in_hand.row))
    return True


def _given_up(work: _Work, reason: str) -> _Work:
    """The work as done, with a dead letter for what no worker gets through of its one origin."""
    origin = work.task.blobs[0].origin
    read = sum(chunk.records for chunk in work.result.chunks)
    work.result.dead_letters.append(
        DeadLetter(
            origin_id=origin.id,
            origin_name=origin.name,
            position=-1,
            size_bytes=0,
            reason=reason,
            detail=f"record {read + 1} of this origin, and what follows it",
            raw=b"",
        )
    )
    return work
