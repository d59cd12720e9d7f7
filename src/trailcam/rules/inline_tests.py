"""Runs one inline test of a rule: its mocks in place, every function called, nothing answered by a fallback.

Passing: where a match is expected, the rule must say yes, no function may fail, and the match must have what
the test says of it; where none is expected, the rule must say no, and failures of other functions do not
matter.
"""

import linecache
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from trailcam.model.event import PantherEvent
from trailcam.model.rule import Mock, Rule, RuleTest
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros, parse
from trailcam.rules.functions import (
    AUXILIARY,
    MATCHER,
    FunctionReturnTypeError,
    Output,
    call_auxiliary,
    call_matcher,
    default_dedup,
    describe,
    release,
)
from trailcam.rules.keyvalue import InMemoryStore, use
from trailcam.rules.matched import matched
from trailcam.rules.modules import execute

Line = Callable[[Any, str], PantherEvent]
"""Takes (raw record, log type) through decode and normalise; raises ValueError when it does not come out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionResult:
    """What one function of the rule gave in a test: `output` as text, or `error`.

    `raised_at` is where an exception came from, as `file.py:3 in title`, and `code` the text of that line.
    """

    name: str
    output: str | None = None
    error: str | None = None
    raised_at: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """How one inline test went; `reason` says why it failed, and is empty when it passed."""

    __test__ = False  # the name is the field's; pytest shall not collect it

    rule_id: str
    name: str
    expected: bool
    line: int = 0
    """Where the test stands in the file with the rule's metadata; 0 is unknown."""
    reason: str = ""
    functions: tuple[FunctionResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return not self.reason


def failed(rule: Rule, test: RuleTest, reason: str) -> TestResult:
    """The result of a test that did not come to its end."""
    return _result(rule, test, reason)


def run_test(rule: Rule, module: ModuleType, test: RuleTest, line: Line) -> TestResult:
    """Runs a test; never raises, whatever the rule does short of ending the process."""
    try:
        try:
            event = PantherEvent(test.event) if test.log_type is None else line(test.event, test.log_type)
        except ValueError as error:
            return failed(rule, test, f"its event is not one: {error}")
        if test.enrichment is not None:
            fields = event.to_dict()
            event = PantherEvent({**fields, "p_enrichment": matched(test.enrichment, fields)})
        with ExitStack() as stack:
            if test.settings != rule.configured:
                module = execute(replace(rule, configured=test.settings))
            missing = _replace(module, test.mocks, stack)
            if missing:
                names = ", ".join(missing)
                return failed(rule, test, f"it mocks {names}, which the rule's module does not have")
            stack.enter_context(use(InMemoryStore(), lambda: _time_of(event)))
            return _outcome(rule, test, *_call(module, event))
    except BaseException as error:  # the rule runner's broad catch: of mocks, of state asked for in a thread
        return failed(rule, test, f"it could not be run: {describe(error).shown}")


def _replace(module: ModuleType, mocks: tuple[Mock, ...], stack: ExitStack) -> list[str]:
    """Puts mocks in place until the stack closes; the names among them that there are not."""
    if not mocks:
        return []
    from unittest.mock import MagicMock, patch  # noqa: PLC0415  # 25 ms, and few tests have mocks

    missing = []
    for mock in mocks:
        try:
            stack.enter_context(patch.object(module, mock.name, MagicMock(return_value=mock.return_value)))
        except AttributeError:
            missing.append(mock.name)
    return missing


def _call(module: ModuleType, event: PantherEvent) -> tuple[Output, dict[str, Output]]:
    try:
        said = Output(call_matcher(module, event))
    except BaseException as error:  # the rule runner's broad catch: a failure is a result
        release(error)
        said = Output(error=error)
    return said, call_auxiliary(module, event)


def _outcome(rule: Rule, test: RuleTest, said: Output, outputs: dict[str, Output]) -> TestResult:
    shown = [_shown(MATCHER, said, rule)]
    if test.expected:
        shown += [_shown(name, outputs[name], rule) for name in AUXILIARY if name in outputs]
        if "dedup" not in outputs:
            title = outputs.get("title", Output())
            shown.append(_shown("dedup", Output(title.value or ""), rule))
    broken = [f"{function.name}()" for function in shown if function.error is not None]
    reason = ""
    if said.error is not None:
        reason = f"{MATCHER}() failed: {shown[0].error}"
    elif said.value is not test.expected:
        reason = "expected a match, got none" if test.expected else "expected no match, got one"
    elif broken:
        reason = f"{' and '.join(part for part in (', '.join(broken[:-1]), broken[-1]) if part)} failed"
    else:
        reason = _differing(rule, test, shown)
    return _result(rule, test, reason, tuple(shown))


def _differing(rule: Rule, test: RuleTest, shown: Sequence[FunctionResult]) -> str:
    """In what the match is not as the test says; empty when it is."""
    has = {"severity": rule.severity.name, "title": rule.title or rule.id}
    has |= {function.name: str(function.output) for function in shown}
    return "; ".join(
        f'expected the {name} "{value}", got "{has[name]}"'
        for name, value in test.wanted
        if has[name] != value
    )


def _result(
    rule: Rule, test: RuleTest, reason: str, functions: tuple[FunctionResult, ...] = ()
) -> TestResult:
    return TestResult(
        rule_id=rule.id,
        name=test.name,
        expected=test.expected,
        line=test.line,
        reason=reason,
        functions=functions,
    )


def _shown(name: str, output: Output, rule: Rule) -> FunctionResult:
    if output.error is not None:
        return _failure(name, output.error)
    value = output.value
    if name == "dedup":
        value = value or default_dedup(rule.id)
    elif name == "severity":
        value = (rule.severity if value is None else Severity(value)).name
    elif name == "destinations":
        value = "the default ones" if value is None else ", ".join(value) or "nowhere"
    return FunctionResult(name=name, output=str(value))


def _failure(name: str, error: BaseException) -> FunctionResult:
    failure = describe(error)
    if isinstance(error, FunctionReturnTypeError):
        return FunctionResult(name=name, error=failure.text.removeprefix(f"{name}() "))
    told = f"{failure.class_name}: {failure.text}" if failure.text else failure.class_name
    if failure.place is None:
        return FunctionResult(name=name, error=told)
    path, line, function = failure.place
    near = path.removeprefix(f"{Path.cwd()}{os.sep}")
    code = linecache.getline(path, line).strip()
    return FunctionResult(name=name, error=told, raised_at=f"{near}:{line} in {function}", code=code)


def _time_of(event: PantherEvent) -> Micros:
    """The time in hand: the event's, so that a test means the same on any day; else the clock's."""
    written = event.get("p_event_time")
    instant = parse(written) if isinstance(written, str) else None
    return Micros(time.time_ns() // 1_000) if instant is None else instant
