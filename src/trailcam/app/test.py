"""Runs the inline tests of rules."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from trailcam.app.load import Loaded
from trailcam.app.run import engine_limits
from trailcam.engines.local import LocalEngine
from trailcam.engines.messages import Setup
from trailcam.model.rule import Rule
from trailcam.model.timestamps import Micros
from trailcam.rules.inline_tests import TestResult
from trailcam.settings.schema import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """The tests of one rule, in the order in which they are written."""

    rule: Rule
    results: tuple[TestResult, ...]

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(not result.passed for result in self.results)


def test(
    loaded: Loaded,
    settings: Settings,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[RuleReport]:
    """The reports of all rules, in the order of the rules, also of those without tests.

    `progress` is told (rules done, rules).

    Raises:
        TrailcamError: TC0210 rules that fail on import, all of them at once.
    """
    setup = Setup(
        packs=loaded.packs,
        rules=loaded.rules,
        log_types=loaded.log_types,
        limits=engine_limits(settings.limits),
        parse_time=Micros(time.time_ns() // 1_000),
    )
    results: dict[int, list[TestResult]] = {}
    with LocalEngine(setup, workers=workers) as engine:
        for number, those in engine.test(range(len(loaded.rules))):
            results[number] = those
            progress(len(results), len(loaded.rules))
    return [
        RuleReport(rule=rule, results=tuple(results.get(number, ())))
        for number, rule in enumerate(loaded.rules)
    ]


test.__test__ = False  # type: ignore[attr-defined]  # the use case is named as the command; pytest shall not run it
