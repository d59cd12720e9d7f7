"""Runs one inline test of a rule: its mocks in place, every function called, nothing answered by a fallback.

Passing: where a match is expected, the rule must say yes and no function may fail; where none is expected,
the rule must say no, and failures of other functions do not matter.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, patch

from trailcam.model.event import PantherEvent
from trailcam.model.rule import Rule, RuleTest
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros, parse
from trailcam.rules.functions import AUXILIARY, MATCHER, Output, call_auxiliary, call_matcher, describe
from trailcam.rules.keyvalue import InMemoryStore, use

Line = Callable[[Any, str], PantherEvent]
"""Takes (raw record, log type) through decode and normalise; raises ValueError when it does not come out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionResult:
    """What one function of the rule gave in a test: `output` as text, or `error`."""

    name: str
    output: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """How one inline test went; `reason` says why it failed, and is empty when it passed."""

    __test__ = False  # the name is the field's; pytest shall not collect it

    rule_id: str
    name: str
    expected: bool
    reason: str = ""
    functions: tuple[FunctionResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return not self.reason


def failed(rule: Rule, test: RuleTest, reason: str) -> TestResult:
    """The result of a test that did not come to its end."""
    return TestResult(rule_id=rule.id, name=test.name, expected=test.expected, reason=reason)


def run_test(rule: Rule, module: ModuleType, test: RuleTest, line: Line) -> TestResult:
    """Runs a test; never raises, whatever the rule does short of ending the process."""
    try:
        event = PantherEvent(test.event) if test.log_type is None else line(test.event, test.log_type)
    except ValueError as error:
        return failed(rule, test, f"its event is not one: {error}")
    with ExitStack() as stack:
        mocks = {mock.name: MagicMock(return_value=mock.return_value) for mock in test.mocks}
        if mocks:
            try:
                stack.enter_context(patch.multiple(module, **mocks))
            except AttributeError:
                missing = ", ".join(name for name in mocks if not hasattr(module, name))
                return failed(rule, test, f"it mocks {missing}, which the rule's module does not have")
        stack.enter_context(use(InMemoryStore(), lambda: _time_of(event)))
        return _outcome(rule, test, *_call(module, event))


def _call(module: ModuleType, event: PantherEvent) -> tuple[Output, dict[str, Output]]:
    try:
        said = Output(call_matcher(module, event))
    except BaseException as error:  # the rule runner's broad catch: a failure is a result
        said = Output(error=error)
    return said, call_auxiliary(module, event)


def _outcome(rule: Rule, test: RuleTest, said: Output, outputs: dict[str, Output]) -> TestResult:
    reason = ""
    if said.error is not None:
        reason = f"{MATCHER}() failed: {_told(said.error)}"
    elif said.value is not test.expected:
        wanted, got = ("a match", "none") if test.expected else ("no match", "one")
        reason = f"expected {wanted}, got {got}"
    elif test.expected:
        broken = [name for name, output in outputs.items() if output.error is not None]
        if broken:
            reason = f"{', '.join(f'{name}()' for name in broken)} failed"
    shown = [(MATCHER, said)]
    if test.expected:
        shown += [(name, outputs[name]) for name in AUXILIARY if name in outputs]
        if "dedup" not in outputs:
            shown.append(("dedup", _implied_dedup(rule, outputs)))
    return TestResult(
        rule_id=rule.id,
        name=test.name,
        expected=test.expected,
        reason=reason,
        functions=tuple(_shown(name, output, rule) for name, output in shown),
    )


def _implied_dedup(rule: Rule, outputs: dict[str, Output]) -> Output:
    """The dedup string of a rule that defines none: its title, or the default."""
    title = outputs.get("title")
    return Output((title.value if title else "") or f"defaultDedupString:{rule.id}")


def _shown(name: str, output: Output, rule: Rule) -> FunctionResult:
    if output.error is not None:
        return FunctionResult(name=name, error=_told(output.error))
    value = output.value
    if name == "severity":
        value = rule.severity if value is None else value
    if isinstance(value, Severity):
        value = value.name
    elif isinstance(value, tuple):
        value = ", ".join(value) or "nowhere"
    return FunctionResult(name=name, output=str(value))


def _told(error: BaseException) -> str:
    _, shown, message = describe(error)
    place = message.rpartition(": ")[2] if ": " in message else ""
    return f"{shown} at {place}" if '", line ' in place else shown


def _time_of(event: PantherEvent) -> Micros:
    """The time in hand: the event's, so that a test means the same on any day; else the clock's."""
    written = event.get("p_event_time")
    instant = parse(written) if isinstance(written, str) else None
    return Micros(time.time_ns() // 1_000) if instant is None else instant
