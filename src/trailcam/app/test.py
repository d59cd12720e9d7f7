"""Runs the inline tests of rules."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from trailcam.app.load import Loaded
from trailcam.app.setup import engine_setup
from trailcam.engines.loading import Executed, LoadFailure, RulesNotImported, import_problems
from trailcam.engines.local import LocalEngine
from trailcam.engines.messages import Setup
from trailcam.errors import Problem
from trailcam.model.rule import Rule
from trailcam.pipeline.correlate import correlate
from trailcam.rules import correlation_tests
from trailcam.rules.inline_tests import TestResult
from trailcam.settings.schema import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tests are run, and what else is asked of rules."""

    names: Collection[str] = ()
    """Only tests of these names, and no word of rules that have none of them; empty: all."""
    least: int = 0
    """How many tests a rule must have; from 2 on, one that expects a match and one that expects none."""
    destinations: Sequence[str] = ()
    """The only ones that rules may name; empty: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """The tests of one rule, in the order in which they are written."""

    rule: Rule
    results: tuple[TestResult, ...] = ()
    not_loaded: str = ""
    """Why its file could not be executed, so that none of its tests was run."""
    lacks: str = ""
    """Which tests it should have beside those it has; empty where it has enough."""

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(not result.passed for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with the rule."""
        return not self.failed and not self.not_loaded and not self.lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a test run: all rules in their order, also those without tests."""

    rules: tuple[RuleReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Of rules that could not be loaded; those of one missing module are one."""

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.problems and all(report.passed for report in self.rules)


_ALL = Wanted()


def test(
    loaded: Loaded,
    settings: Settings,
    *,
    workers: int,
    wanted: Wanted = _ALL,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Runs the tests of all rules; a rule that fails on import keeps no other from being tested.

    `progress` is told (rules done, rules).

    Raises:
        WorldError: TC0504 workers do not come up.
    """
    if wanted.names:
        loaded = replace(loaded, rules=_with_tests(loaded.rules, wanted.names))
    setup = engine_setup(loaded, settings, destinations=wanted.destinations)
    results = {
        rule.id: [correlation_tests.run_test(rule.correlation, it, correlate) for it in rule.tests]
        for rule in loaded.rules
        if rule.correlation is not None
    }
    done = [len(results)]

    def heard(rules: int) -> None:
        done[0] += rules
        progress(done[0], len(loaded.rules))

    parts = _parts(setup, workers)
    failures: dict[str, LoadFailure] = {}
    with ThreadPoolExecutor(max_workers=max(len(parts), 1)) as threads, _Stopping() as stop:
        for those, failed in threads.map(partial(_tested, heard=heard, stop=stop), parts):
            results |= those
            failures |= failed
    executed: dict[str, Executed] = {part.id: part for part in setup.parts}
    return Report(
        rules=tuple(
            RuleReport(
                rule=rule,
                results=tuple(results.get(rule.id, ())),
                not_loaded=failures[rule.id].text if rule.id in failures else "",
                lacks="" if wanted.names else _lacking(rule, wanted.least),
            )
            for rule in loaded.rules
        ),
        problems=tuple(
            import_problems((part, failures[part.id]) for part in executed.values() if part.id in failures)
        ),
    )


test.__test__ = False  # type: ignore[attr-defined]  # the use case is named as the command; pytest shall not run it


def _with_tests(rules: Sequence[Rule], names: Collection[str]) -> tuple[Rule, ...]:
    kept = (replace(rule, tests=tuple(it for it in rule.tests if it.name in names)) for rule in rules)
    return tuple(rule for rule in kept if rule.tests)


def _lacking(rule: Rule, least: int) -> str:
    found = len(rule.tests)
    lacks = [f"it has {found:,} of the {least:,} tests that are asked for"] if found < least else []
    if least > 1 and len({test.expected for test in rule.tests}) < 2:
        lacks.append("a test that expects a match and one that expects none are asked for")
    return "; ".join(lacks)


# -- one part of the rules, in a process of its own --------------------------------------------------------


class _Stopping(Event):
    """Set when the block it is entered for ends early: what goes on in threads ends with it."""

    def __enter__(self) -> "_Stopping":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.set()


def _parts(setup: Setup, workers: int) -> list[Setup]:
    """The rules in as many parts as there are workers, so that each file is executed in one process alone."""
    count = min(workers, len(setup.rules))
    return [replace(setup, rules=setup.rules[first::count]) for first in range(count)]


def _tested(
    setup: Setup, *, heard: Callable[[int], None], stop: Event
) -> tuple[dict[str, list[TestResult]], dict[str, LoadFailure]]:
    """The results of some rules, and those that could not be executed; `heard` is told how many are done."""
    results: dict[str, list[TestResult]] = {}
    failures: dict[str, LoadFailure] = {}
    while setup.rules and not stop.is_set():
        try:
            with LocalEngine(setup, workers=1) as engine:
                for number, those in engine.test(range(len(setup.rules)), stop=stop.is_set):
                    results[setup.rules[number].id] = those
                    heard(1)
            break
        except RulesNotImported as error:
            failures |= {setup.parts[number].id: failure for number, failure in error.failures.items()}
            setup = replace(
                setup,
                rules=tuple(rule for rule in setup.rules if rule.id not in failures),
                data_models=tuple(model for model in setup.data_models if model.id not in failures),
            )
    return results, failures
