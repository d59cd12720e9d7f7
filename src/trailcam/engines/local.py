"""Runs the line on one machine: this process gives out groups and collects results, workers run the rules.

The parent never runs rule code. A rule that loops, eats memory, exits or crashes costs one rule error for the
event it had in hand, and the group goes on where it was.
"""

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

from trailcam.contracts.source import Blob
from trailcam.engines import worker
from trailcam.engines.messages import (
    ROW_LOADING,
    ChunkDone,
    Killing,
    Loaded,
    OutOfMemory,
    Setup,
    Task,
    TaskDone,
)
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.deadletter import DeadLetter
from trailcam.pipeline.normalize import BATCH_BYTES, BATCH_EVENTS

MOST_DEATHS = 3
DEATHS_WITHIN_SECONDS = 600
_FEWER_EVENTS = 50
"""How much smaller batches become when one origin alone exhausts memory."""


@dataclass(slots=True)
class GroupResult:
    """What came of a group of origins, whole."""

    blobs: tuple[Blob, ...]
    chunks: list[ChunkDone] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    """Beside those of the chunks: origins that no worker can hold."""


@dataclass(slots=True)
class _Open:
    """A task in work and what has come of it."""

    task: Task
    result: GroupResult
    crashes: int = 0


class _Process:
    """One worker process as its parent sees it."""

    def __init__(self, setup: Setup, skip: frozenset[int]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["trailcam.engines.worker"])
        self.slots: Any = context.RawArray("Q", 3)
        self.connection, other = context.Pipe()
        self._process = context.Process(
            target=worker.main, args=(other, self.slots, setup, skip), daemon=True, name="trailcam-worker"
        )
        self._process.start()
        other.close()
        self.open: _Open | None = None
        self.timed_out = False
        self._seen: tuple[int, ...] = ()
        self._since = time.monotonic()

    def give(self, work: _Open) -> bool:
        """Sends a task; False when the process is gone."""
        self._seen = ()
        try:
            self.connection.send(work.task)
        except (BrokenPipeError, ConnectionResetError):
            return False
        self.open = work
        return True

    def stuck(self, limit_seconds: float) -> bool:
        """Whether one rule has had one event in hand for longer than the limit."""
        seen = tuple(self.slots)
        if seen != self._seen or seen[worker.RULE] == 0:
            self._seen, self._since = seen, time.monotonic()
            return False
        return time.monotonic() - self._since > limit_seconds

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> int | None:
        """Waits for the process to be gone; its exit code."""
        self._process.join()
        self.connection.close()
        return self._process.exitcode

    def close(self) -> None:
        """Asks the process to end, and makes it."""
        with suppress(OSError, ValueError):
            self.connection.send(None)
        self._process.join(timeout=1)
        self._process.kill()
        self._process.join()
        self.connection.close()


class LocalEngine:
    """Worker processes under one parent; a context manager, so that none outlives it.

    Entering executes all rules once in a worker, so that a rule that fails on import is told before any log
    is read.

    Raises on entering:
        TrailcamError: TC0210 for every rule whose top level raises, hangs or ends its process.
    """

    def __init__(self, setup: Setup, *, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._setup = setup
        self._most = workers
        self._clock = clock
        self.processes: list[_Process] = []
        """The workers that are alive."""
        self._deaths: dict[int, deque[float]] = {}
        self._numbers = iter(range(2**62))
        self._poll_seconds = min(0.25, setup.limits.rule_seconds / 8)
        self.taken_off: set[int] = set()
        """Numbers of rules that are not run any more."""
        self._unloadable: set[int] = set()
        """Those among them that end a worker while they are executed."""

    def __enter__(self) -> "LocalEngine":
        try:
            self.processes.append(self._first())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill() if process.open else process.close()
        for process in self.processes:
            if process.open:
                process.end()
        self.processes.clear()

    def run(self, groups: Iterable[tuple[Blob, ...]]) -> Iterator[GroupResult]:
        """The results of all groups, in the order in which they are done.

        A group is taken only when a worker is free, so that nothing piles up.

        Raises:
            WorldError: TC0504 workers end again and again outside of any rule.
        """
        source = iter(groups)
        queue: deque[_Open] = deque()
        exhausted = False
        while True:
            while not exhausted and not queue and self._room():
                group = next(source, None)
                if group is None:
                    exhausted = True
                else:
                    queue.append(self._open(group))
                    self._give_out(queue)
            self._give_out(queue)
            busy = [process for process in self.processes if process.open]
            if not busy:
                return
            yield from self._collect(busy, queue)

    # -- giving out --------------------------------------------------------------------------------------

    def _open(
        self, blobs: tuple[Blob, ...], *, batch_events: int = BATCH_EVENTS, batch_bytes: int = BATCH_BYTES
    ) -> _Open:
        task = Task(id=next(self._numbers), blobs=blobs, batch_events=batch_events, batch_bytes=batch_bytes)
        task.off.update(dict.fromkeys(self.taken_off, (0, 0)))
        return _Open(task, GroupResult(blobs))

    def _room(self) -> bool:
        return len(self.processes) < self._most or any(process.open is None for process in self.processes)

    def _idle(self) -> _Process:
        """A worker without work, started if need be."""
        for process in self.processes:
            if process.open is None:
                return process
        self.processes.append(self._started())
        return self.processes[-1]

    def _give_out(self, queue: deque[_Open]) -> None:
        while queue and self._room():
            process = self._idle()
            if process.give(queue[0]):
                queue.popleft()
            else:  # it died between two tasks: nothing was in hand
                process.end()
                self.processes.remove(process)

    # -- collecting --------------------------------------------------------------------------------------

    def _collect(self, busy: list[_Process], queue: deque[_Open]) -> Iterator[GroupResult]:
        ready = wait([process.connection for process in busy], timeout=self._poll_seconds)
        for process in busy:
            if process.connection in ready:
                try:
                    message = process.connection.recv()
                except (EOFError, OSError):
                    yield from self._bury(process, queue)
                    continue
                yield from self._take(process, message, queue)
            elif process.stuck(self._setup.limits.rule_seconds):
                process.timed_out = True
                process.kill()
                yield from self._bury(process, queue)

    def _take(self, process: _Process, message: object, queue: deque[_Open]) -> Iterator[GroupResult]:
        work = process.open
        if work is None:
            return
        if isinstance(message, ChunkDone):
            work.result.chunks.append(message)
            work.task.resume = message.number + 1
        elif isinstance(message, TaskDone):
            process.open = None
            yield work.result
        elif isinstance(message, OutOfMemory):
            process.open = None
            yield from self._smaller(work, queue)

    def _smaller(self, work: _Open, queue: deque[_Open]) -> Iterator[GroupResult]:
        """A group that exhausts memory is cut in two; an origin alone is read in smaller batches."""
        blobs, task = work.task.blobs, work.task
        if len(blobs) > 1:
            half = len(blobs) // 2
            queue.extendleft([self._open(blobs[half:]), self._open(blobs[:half])])
        elif task.batch_events > 1:
            events = max(1, task.batch_events // _FEWER_EVENTS)
            queue.appendleft(
                self._open(blobs, batch_events=events, batch_bytes=max(1, task.batch_bytes // _FEWER_EVENTS))
            )
        else:
            origin = blobs[0].origin
            read = sum(chunk.records for chunk in work.result.chunks)
            work.result.dead_letters.append(
                DeadLetter(
                    origin_id=origin.id,
                    origin_name=origin.name,
                    position=-1,
                    size_bytes=0,
                    reason=code("record_exhausts_memory"),
                    detail=f"record {read + 1} of this origin, and what follows it",
                    raw=b"",
                )
            )
            yield work.result

    # -- deaths ------------------------------------------------------------------------------------------

    def _bury(self, process: _Process, queue: deque[_Open]) -> list[GroupResult]:
        """A worker is gone: its pair in hand becomes a rule error, its group goes on in another."""
        status = process.end()
        self.processes.remove(process)
        work = process.open
        if work is None:
            return []
        chunk, row, rule = (
            process.slots[worker.CHUNK],
            process.slots[worker.ROW],
            process.slots[worker.RULE] - 1,
        )
        if rule < 0:
            work.crashes += 1
            if work.crashes < MOST_DEATHS:
                queue.appendleft(work)
                return []
            return list(self._smaller(work, queue))
        work.task.killing[chunk, row, rule] = self._killing(process, status)
        if self._died_of(rule):
            work.task.off[rule] = (chunk, row + 1)
        queue.appendleft(work)
        return []

    def _killing(self, process: _Process, status: int | None) -> Killing:
        if process.timed_out:
            limit = self._setup.limits.rule_seconds
            return Killing(
                error_class="RuleTimeout",
                message=f"{code('rule_timeout')}: ran longer than {limit:g} s on this event",
            )
        return Killing(
            error_class="RuleKilledWorker",
            message=f"{code('rule_killed_worker')}: ended its process with {_status(status)}",
        )

    def _died_of(self, rule: int) -> bool:
        """Counts a death; True when the rule is to be taken off."""
        deaths = self._deaths.setdefault(rule, deque())
        deaths.append(self._clock())
        while deaths[0] < deaths[-1] - DEATHS_WITHIN_SECONDS:
            deaths.popleft()
        if len(deaths) >= MOST_DEATHS:
            self.taken_off.add(rule)
        return rule in self.taken_off

    # -- starting ----------------------------------------------------------------------------------------

    def _first(self) -> _Process:
        """The first worker, after every rule has been executed in one."""
        problems: dict[int, str] = {}
        while True:
            process = _Process(self._setup, frozenset(problems))
            loaded = self._loaded(process)
            if isinstance(loaded, Loaded):
                problems.update(loaded.failures)
                break
            rule, status = loaded
            if process.timed_out:
                limit = self._setup.limits.rule_seconds
                problems[rule] = f"it did not come to its end within {limit:g} s"
            else:
                problems[rule] = f"it ended its process with {_status(status)}"
        if problems:
            process.close()
            raise TrailcamError(
                Problem(
                    code=code("rule_import"),
                    message=f"{self._setup.rules[number].id}: {problems[number]}",
                    path=self._setup.rules[number].path,
                )
                for number in sorted(problems)
            )
        return process

    def _started(self) -> _Process:
        """One worker more; a rule whose top level ends it is counted like any other death of that rule."""
        while True:
            process = _Process(self._setup, frozenset(self._unloadable))
            loaded = self._loaded(process)
            if isinstance(loaded, Loaded):
                return process
            if self._died_of(loaded[0]):
                self._unloadable.add(loaded[0])

    def _loaded(self, process: _Process) -> Loaded | tuple[int, int | None]:
        """What a starting worker says, or (rule, exit status) of the rule whose top level ended it."""
        while True:
            if wait([process.connection], timeout=self._poll_seconds):
                try:
                    message = process.connection.recv()
                except (EOFError, OSError):
                    return self._died_loading(process)
                if isinstance(message, Loaded):
                    return message
            elif process.slots[worker.RULE] and process.stuck(self._setup.limits.rule_seconds):
                process.timed_out = True
                process.kill()
                return self._died_loading(process)

    def _died_loading(self, process: _Process) -> tuple[int, int | None]:
        status = process.end()
        rule = process.slots[worker.RULE] - 1
        if rule < 0 or process.slots[worker.ROW] != ROW_LOADING:
            raise WorldError(
                Problem(
                    code=code("worker_broken"),
                    message=f"a worker process ended with {_status(status)} before it had loaded any rule",
                )
            )
        return rule, status


def _status(status: int | None) -> str:
    if status is not None and status < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"
