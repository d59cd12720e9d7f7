"""Loads and tests a copy of packs in a process of its own, so that nothing in them can stall whoever asks.

That process is the parent of workers as in a run; whatever becomes of it, the asking one goes on.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from trailcam.app.load import Loaded, load
from trailcam.app.lookup_tables import declared
from trailcam.app.pack_tables import with_tables
from trailcam.app.setup import engine_setup
from trailcam.app.test import Report, test
from trailcam.app.versions import versions_of
from trailcam.engines.local import LocalEngine
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.settings.schema import Settings

CHECK_SECONDS = 600.0

_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from trailcam.app.deploy.checking import main
main(parent=int(sys.argv[2]))
"""
_PARENT_GONE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be checked: the packs of some settings."""

    settings: Settings
    log_types: Sequence[Path] = ()
    others: bool = False
    """They are not those that the settings were written for: not every rule that these speak of is there."""
    tests: bool = True
    """Else rules are executed, and their tests are not run."""
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """All is well with the packs."""

    loaded: Loaded
    pack: str
    """The version of these rules together."""
    rules: dict[str, str]
    """Versions of rules by id."""
    tests: int
    """How many passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """Why they are refused: all of it."""

    problems: tuple[Problem, ...]
    world: bool = False
    """Something outside failed: another time the same packs may be well."""

    def error(self) -> TrailcamError:
        """The problems, to be raised."""
        return (WorldError if self.world else TrailcamError)(self.problems)


class Check(Protocol):
    """What checks packs: `Checker` does."""

    def check(self, question: Question) -> Good | Bad:
        """What is said of the packs."""
        ...


class Checker:
    """Checks packs, one question after another."""

    def __init__(self, *, seconds: float = CHECK_SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def check(self, question: Question) -> Good | Bad:
        """What is said of the packs; `Bad` too when the process does not come to an end of its own."""
        said = b""
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter; what it is given is ours
            [sys.executable, "-P", "-c", _START, json.dumps(sys.path), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # it can be ended with all its workers, and hears no Ctrl-C
        )
        try:
            if not self._stopped:
                said, _ = self._process.communicate(pickle.dumps(question), timeout=self._seconds)
        except subprocess.TimeoutExpired:
            return _ended(f"the check took longer than {self._seconds:g} s")
        finally:
            _kill(self._process)
            self._process.communicate()
        status = self._process.returncode
        if status or not said:
            name = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
            return _ended(f"the check was ended with {name}")
        answer: Good | Bad = pickle.loads(said)  # noqa: S301  # our own process has written it
        return answer

    def stop(self) -> None:
        """Ends a check that is going on in another thread, which then gets `Bad`; there is none after it."""
        self._stopped = True
        if self._process is not None:
            _kill(self._process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all its workers, unless it has ended of its own."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _ended(message: str) -> Bad:
    return Bad(problems=(Problem(code=code("check_ended"), message=message),))


def main(*, parent: int) -> None:
    """The life of the process: a question on standard input, the answer on standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not mix with the answer
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    question: Question = pickle.load(sys.stdin.buffer)  # noqa: S301  # our parent has written it
    try:
        answer: Good | Bad = checked(question)
    except TrailcamError as error:
        answer = Bad(problems=tuple(error.problems), world=isinstance(error, WorldError))
    with answers:
        pickle.dump(answer, answers)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_GONE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def checked(question: Question) -> Good | Bad:
    """What is said of packs, by this process; rules are executed by workers.

    Raises:
        TrailcamError: they cannot be loaded.
        WorldError: no worker starts.
    """
    settings = question.settings
    packs = [pack for pack in settings.packs if isinstance(pack, Path)] if question.others else []
    loaded = load(packs=packs, log_types=question.log_types, settings=settings)
    versions = versions_of(loaded, declared(with_tables(settings, loaded.packs), loaded.log_types))
    tests = 0
    if question.tests:
        tested = replace(loaded, rules=(*loaded.rules, *loaded.correlations))
        report = test(tested, settings, workers=question.workers)
        if not report.passed:
            return Bad(problems=(*report.problems, *_failed(report)))
        tests = sum(len(rule.results) for rule in report.rules)
    elif loaded.rules:
        with LocalEngine(engine_setup(loaded, settings), workers=1):
            pass
    return Good(loaded=loaded, pack=versions.pack, rules=versions.every, tests=tests)


def _failed(report: Report) -> Iterator[Problem]:
    for rule in report.rules:
        for result in rule.results:
            if not result.passed:
                yield Problem(
                    code=code("inline_test_failed"),
                    message=f'{result.rule_id}: the test "{result.name}" fails: {result.reason}',
                    path=rule.rule.metadata_path,
                    line=result.line or None,
                )
