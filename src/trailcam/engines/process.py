"""One worker process as its parent sees it, and how it comes up: rules are executed while it is watched."""

import os
import signal
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from trailcam.engines.ground import PARTS
from trailcam.engines.loading import LoadFailure, RulesNotImported
from trailcam.engines.messages import (
    CHANGED,
    FILLED,
    IN_HAND,
    READ,
    ROW_LOADING,
    SLOTS,
    KeyHeld,
    Killing,
    Loaded,
    Setup,
    StillWell,
    Task,
)
from trailcam.engines.nursery import live, nursery, without_interrupts
from trailcam.errors import Problem, WorldError, code

_MOST_AT_ONCE_SECONDS = 1.0
"""Who looks less often was held up: more than this between two looks is not counted."""

_HALFWAY_SECONDS = 10
"""How long a message may stand still halfway. What a dead process has begun to say is never said to its end
while a copy of it, which a rule has forked, keeps the way open."""

IDLE_SECONDS = 600.0
"""How long a process may have work and no rule in hand, and neither read nor say anything."""

_PAUSES_SECONDS = (0.05, 0.5)
_FILLED = "it took more than half of limits.worker_bytes for one event, and kept it"
_UNKNOWN = 255
"""The exit status, for multiprocessing, of a process whose fork server was ended before it."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What a process had in hand: chunk, row, the rule's number, -1 when it was in no rule, and the event as
    in `Task.killing`."""

    chunk: int
    row: int
    rule: int
    event: int


class WorkerProcess:
    """A process that takes one task at a time."""

    def __init__(self, setup: Setup, skip: frozenset[int], *, careful: bool = False) -> None:
        context = nursery(staging=setup.staging is not None)
        self._limit_seconds = setup.limits.rule_seconds
        self._slots: Any = context.RawArray("Q", SLOTS)
        self._connection, other = context.Pipe()
        _limit_waiting(self._connection)
        self._process = context.Process(
            target=live, args=(other, self._slots, setup, skip, careful), daemon=True, name="trailcam-worker"
        )
        try:
            with without_interrupts():
                _begin(self._process)
        except (OSError, EOFError) as error:
            message = f"a worker process cannot be started: {error}"
            hint = "point TMPDIR at a folder with a shorter path" if "AF_UNIX" in str(error) else ""
            raise WorldError(Problem(code=code("worker_broken"), message=message, hint=hint)) from None
        other.close()
        self._timed_out = False
        self._is_closed = False
        self._seen = self._progress
        self._watched_seconds = 0.0
        self._looked_at = time.monotonic()

    @property
    def signs(self) -> tuple[Connection | int, ...]:
        """What is to be waited for: something comes of it, or it has ended. The way from it does not tell
        the latter, for a copy of it that a rule has forked may keep that open; or a rule has closed it, and
        goes on."""
        sentinel = self._process.sentinel
        return (sentinel,) if self._is_closed else (self._connection, sentinel)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    @property
    def in_hand(self) -> Suspect:
        """What it has in hand, or had when it died."""
        chunk, row, rule, high, low = self._slots[IN_HAND]
        return Suspect(chunk, row, rule - 1, high << 64 | low)

    @property
    def changed(self) -> int:
        """What a rule of it has changed, see `messages.CHANGED`; 0: nothing."""
        return int(self._slots[CHANGED])

    @property
    def _progress(self) -> tuple[Suspect, int]:
        return self.in_hand, self._slots[READ]

    def give(self, task: Task) -> bool:
        """Sends a task; False when the process is gone."""
        self._watched_seconds, self._looked_at = 0.0, time.monotonic()
        if wait([self._process.sentinel], timeout=0):
            return False
        try:
            self._connection.send(task)
        except OSError:  # it has closed the way, or takes nothing
            self._process.kill()
            return False
        return True

    def answer(self, held: KeyHeld) -> None:
        """Sends what it has asked for; of a process that is gone, that is heard by other ways."""
        with suppress(OSError):
            self._connection.send(held)

    def receive(self) -> Any:
        """The next message, once there is a sign; None when the process is gone."""
        if self.in_hand.rule < 0:  # else it is one rule still, that asks for what it remembers
            self._watched_seconds = 0.0
        try:
            if self._connection.poll():
                return self._connection.recv()
        except EOFError:
            self._is_closed = True
            return None if wait([self._process.sentinel], timeout=0) else StillWell()
        except OSError:  # it stands still halfway, or was ended there
            pass
        self._process.kill()  # it lives on where the fork server, which would know of its end, was ended
        return None

    def kill_if_stuck(self) -> bool:
        """Kills the process if one rule has had one event in hand for too long; or if it stands still with
        none, which only what a rule has left behind can make it do.

        Only time that was watched counts, and in which the process could run: a machine that slept, or a
        process that was stopped, is no fault of the rule.
        """
        seen, now = self._progress, time.monotonic()
        passed, self._looked_at = min(now - self._looked_at, _MOST_AT_ONCE_SECONDS), now
        if seen != self._seen:
            self._seen, self._watched_seconds = seen, 0.0
        elif not _is_stopped(self.pid):
            self._watched_seconds += passed
        limit_seconds = self._limit_seconds if seen[0].rule >= 0 else IDLE_SECONDS
        if self._watched_seconds > limit_seconds:
            self._timed_out = True
            self._process.kill()
        return self._timed_out

    def end(self) -> Killing:
        """What a process that is gone died of."""
        self._process.join()
        self._connection.close()
        if self._timed_out:
            return Killing(
                error_class="RuleTimeout",
                message=f"{code('rule_timeout')}: it took longer than {self._limit_seconds:g} s",
            )
        if changed := self.changed:
            told = f"it changed {PARTS[changed - 1]}, which all code shares" if changed != FILLED else _FILLED
            return Killing(error_class="RuleKilledWorker", message=f"{code('rule_killed_worker')}: {told}")
        status = _status(self._process.exitcode)
        return Killing(
            error_class="RuleKilledWorker",
            message=f"{code('rule_killed_worker')}: it ended its process with {status}",
            may_be_foreign=self._process.exitcode in (-signal.SIGKILL, -signal.SIGTERM, _UNKNOWN),
        )

    def stop(self) -> None:
        """Ends the process at once, whatever it does."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def close(self) -> None:
        """Asks an idle process to end, and makes it."""
        with suppress(OSError, ValueError):
            self._connection.send(None)
        self._process.join(timeout=1)
        self.stop()


@dataclass(frozen=True, slots=True)
class DiedLoading:
    """A process was ended by the top level of a rule."""

    rule: int
    killing: Killing


def start(
    setup: Setup, skip: frozenset[int], *, poll_seconds: float, careful: bool = False
) -> WorkerProcess | DiedLoading | Loaded:
    """A process that has executed all rules but those in `skip`; or how that failed.

    Raises:
        WorldError: TC0504 it ended before it came to the first rule.
    """
    process = WorkerProcess(setup, skip, careful=careful)
    try:
        loaded: object = StillWell()
        while isinstance(loaded, StillWell):
            while not wait(process.signs, timeout=poll_seconds) and not process.kill_if_stuck():
                pass
            loaded = process.receive()
    except BaseException:
        process.stop()
        raise
    if isinstance(loaded, Loaded):
        if not loaded.failures:
            return process
        process.close()
        return loaded
    killing, in_hand = process.end(), process.in_hand
    if in_hand.rule < 0 and in_hand.row == ROW_LOADING and not careful:  # one of them has made it unable
        return start(setup, skip, poll_seconds=poll_seconds, careful=True)
    if in_hand.rule < 0 or in_hand.row != ROW_LOADING:
        message = f"a worker process did not come up: {killing.message}"
        raise WorldError(Problem(code=code("worker_broken"), message=message))
    return DiedLoading(in_hand.rule, killing)


def start_first(setup: Setup, *, poll_seconds: float) -> WorkerProcess:
    """A process that has executed all rules.

    Raises:
        RulesNotImported: TC0210 for every rule whose top level raises, hangs or ends its process.
        WorldError: TC0504.
    """
    failures: dict[int, LoadFailure] = {}
    while True:
        started = start(setup, frozenset(failures), poll_seconds=poll_seconds)
        if isinstance(started, DiedLoading):
            failures[started.rule] = LoadFailure(text=started.killing.message)
            continue
        if isinstance(started, Loaded):
            failures.update(started.failures)
        elif not failures:
            return started
        else:
            started.close()
        raise RulesNotImported(setup.parts, failures)


def _begin(process: BaseProcess) -> None:
    """Starts a process; where the fork server has just been ended, by a rule perhaps, from a new one.

    Raises:
        OSError, EOFError: it cannot be started.
    """
    for seconds in _PAUSES_SECONDS:
        with suppress(EOFError, ConnectionError):
            process.start()
            return
        time.sleep(seconds)  # until the system knows that the server is gone
    process.start()


def _limit_waiting(connection: Connection) -> None:
    """From here on, reading and writing raise BlockingIOError where nothing moves for too long."""
    with socket.socket(fileno=os.dup(connection.fileno())) as way:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            way.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _HALFWAY_SECONDS, 0))


def _is_stopped(pid: int) -> bool:
    """Whether a signal or a debugger holds the process (proc(5): its state follows the name in brackets)."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, IndexError):  # it is gone, or this system tells nothing of it
        return False


def _status(status: int | None) -> str:
    if status is not None and status < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"
