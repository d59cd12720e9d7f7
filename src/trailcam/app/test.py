"""Runs the inline tests of rules."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from trailcam.app.load import Loaded
from trailcam.app.setup import engine_setup
from trailcam.engines.loading import Executed, LoadFailure, RulesNotImported, import_problems
from trailcam.engines.local import LocalEngine
from trailcam.errors import Problem
from trailcam.model.rule import Rule
from trailcam.rules.inline_tests import TestResult
from trailcam.settings.schema import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """The tests of one rule, in the order in which they are written."""

    rule: Rule
    results: tuple[TestResult, ...] = ()
    not_loaded: str = ""
    """Why its file could not be executed, so that none of its tests was run."""

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(not result.passed for result in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a test run: all rules in their order, also those without tests."""

    rules: tuple[RuleReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Of rules that could not be loaded; those of one missing module are one."""

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.problems and not any(report.failed for report in self.rules)


def test(
    loaded: Loaded,
    settings: Settings,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Runs the tests of all rules; a rule that fails on import keeps no other from being tested.

    `progress` is told (rules done, rules).

    Raises:
        WorldError: TC0504 workers do not come up.
    """
    setup = engine_setup(loaded, settings)
    failures: dict[str, LoadFailure] = {}
    executed: dict[str, Executed] = {part.id: part for part in setup.parts}
    results: dict[str, list[TestResult]] = {}
    while setup.rules:
        try:
            with LocalEngine(setup, workers=workers) as engine:
                for number, those in engine.test(range(len(setup.rules))):
                    results[setup.rules[number].id] = those
                    progress(len(results), len(setup.rules))
            break
        except RulesNotImported as error:
            failures |= {setup.parts[number].id: failure for number, failure in error.failures.items()}
            setup = replace(
                setup,
                rules=tuple(rule for rule in setup.rules if rule.id not in failures),
                data_models=tuple(model for model in setup.data_models if model.id not in failures),
            )
    failed = [(part, failures[part.id]) for part in executed.values() if part.id in failures]
    return Report(
        rules=tuple(
            RuleReport(
                rule=rule,
                results=tuple(results.get(rule.id, ())),
                not_loaded=failures[rule.id].text if rule.id in failures else "",
            )
            for rule in loaded.rules
        ),
        problems=tuple(import_problems(failed)),
    )


test.__test__ = False  # type: ignore[attr-defined]  # the use case is named as the command; pytest shall not run it
