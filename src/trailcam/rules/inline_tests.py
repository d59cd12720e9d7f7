"""Runs one inline test of a rule: its mocks in place, every function called, nothing answered by a fallback.

Passing: where a match is expected, the rule must say yes (a policy no), no function may fail, and the match
must have what the test says of it; where none is expected, the rule must say so, and failures of other
functions do not matter.
"""

import json
import linecache
import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from trailcam.model.event import PantherEvent, UnifiedNames
from trailcam.model.rule import Kind, Mock, Rule, RuleTest
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros, parse
from trailcam.rules.functions import (
    AUXILIARY,
    FunctionReturnTypeError,
    Output,
    call_auxiliary,
    call_matcher,
    default_dedup,
    describe,
    passes,
    release,
)
from trailcam.rules.keyvalue import InMemoryStore, use
from trailcam.rules.matched import matched
from trailcam.rules.modules import execute
from trailcam.rules.run import RuleRunner

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
    event: str = ""
    """What the rule was given, as JSON, where the test failed."""

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return not self.reason


def failed(rule: Rule, test: RuleTest, reason: str) -> TestResult:
    """The result of a test that did not come to its end."""
    return _result(rule, test, reason)


class UnknownDestinationError(Exception):
    """A rule names a destination that is not among those that are said to be available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a test needs beside its rule."""

    line: Line
    models: Mapping[str, UnifiedNames] = field(default_factory=dict)
    """By log type."""
    destinations: Collection[str] = ()
    """The only ones that a rule may name; empty: any."""


def run_test(runner: RuleRunner, test: RuleTest, around: Surroundings) -> TestResult:
    """Runs a test; never raises, whatever the rule does short of ending the process."""
    rule = runner.rule
    try:
        try:
            event = _event(rule, test, around)
        except ValueError as error:
            return failed(rule, test, f"its event is not one: {error}")
        module = runner.module
        assert module is not None
        with ExitStack() as stack:
            if test.settings != rule.configured:
                module = execute(replace(rule, configured=test.settings))
            missing = _replace(module, test.mocks, stack)
            if missing:
                names = ", ".join(missing)
                return failed(rule, test, f"it mocks {names}, which the rule's module does not have")
            stack.enter_context(use(InMemoryStore(), lambda: _time_of(event)))
            held_back, said, outputs = _call(runner, module, event, around)
        result = _outcome(rule, test, said, outputs, held_back=held_back)
        return result if result.passed else replace(result, event=_written(event))
    except BaseException as error:  # the rule runner's broad catch: of mocks, of state asked for in a thread
        return failed(rule, test, f"it could not be run: {describe(error).shown}")


def _event(rule: Rule, test: RuleTest, around: Surroundings) -> PantherEvent | dict[str, Any]:
    """What the rule is given: a policy its plain document, a scheduled rule a row without unified names.

    Raises:
        ValueError: its event does not come out of the line.
    """
    if rule.kind is Kind.POLICY:
        document: dict[str, Any] = deepcopy(test.event)
        return document
    if test.log_type is not None:
        event = around.line(test.event, test.log_type)
        log_type = test.log_type
    else:
        event = PantherEvent(test.event)
        log_type = event.get("p_log_type")
    names = around.models.get(log_type) if rule.kind is Kind.RULE and isinstance(log_type, str) else None
    fields: Mapping[str, Any] = event
    if test.enrichment is not None:
        plain = event.to_dict()
        fields = {**plain, "p_enrichment": matched(test.enrichment, plain)}
    elif names is None:
        return event
    return PantherEvent(fields, names)


def _written(event: PantherEvent | dict[str, Any]) -> str:
    try:
        return json.dumps(event, default=PantherEvent.json_encoder)
    except (TypeError, ValueError):  # a test in Python may hold what JSON cannot
        return repr(event)


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


def _call(
    runner: RuleRunner, module: ModuleType, event: Any, around: Surroundings
) -> tuple[bool, Output, dict[str, Output]]:
    """Whether the filters hold the event back, what is decided, and what the auxiliary functions give."""
    kind = runner.rule.kind
    held_back = False
    try:
        held_back = not passes(runner.filters, event)
        said = Output(not kind.matches_on if held_back else call_matcher(module, event, kind))
    except BaseException as error:  # the rule runner's broad catch: a failure is a result
        release(error)
        said = Output(error=error)
    outputs = call_auxiliary(module, event)
    named = outputs.get("destinations", Output()).value
    unknown = [name for name in named or () if name not in around.destinations]
    if around.destinations and unknown:
        message = f"{', '.join(unknown)}: not among the available destinations"
        outputs["destinations"] = Output(error=UnknownDestinationError(message))
    return held_back, said, outputs


def _outcome(
    rule: Rule, test: RuleTest, said: Output, outputs: dict[str, Output], *, held_back: bool
) -> TestResult:
    matcher = rule.kind.matcher
    shown = [_shown(matcher, said, rule)]
    matching = test.expected is rule.kind.matches_on
    if "dedup" not in outputs:
        title = outputs.get("title", Output())
        outputs = {**outputs, "dedup": Output(title.value or "")}
    if matching:
        shown += [_shown(name, outputs[name], rule) for name in AUXILIARY if name in outputs]
    broken = [name for name, output in outputs.items() if matching and output.error is not None]
    reason = ""
    if said.error is not None:
        reason = f"{matcher}() failed: {shown[0].error}"
    elif said.value is not test.expected:
        reason = "expected a match, got none" if matching else "expected no match, got one"
        reason += f": the inline filters hold the event back from {matcher}()" if held_back else ""
    elif broken:
        calls = [f"{name}()" for name in broken]
        reason = f"{' and '.join(part for part in (', '.join(calls[:-1]), calls[-1]) if part)} failed"
    else:
        reason = _differing(rule, test, outputs)
    return _result(rule, test, reason, tuple(shown))


def _differing(rule: Rule, test: RuleTest, outputs: Mapping[str, Output]) -> str:
    """In what the match is not as the test says; empty when it is."""
    found = []
    for name, value in test.wanted:
        has = _has(rule, name, outputs.get(name, Output()).value)
        if name == "alert_context":
            found += [
                f"expected alert_context.{key} to be {json.dumps(wanted)}, "
                + (f"got {json.dumps(has[key])}" if key in has else "and there is none")
                for key, wanted in value.items()
                if key not in has or has[key] != wanted
            ]
        elif has != value:
            found.append(f"expected the {name} {_quoted(value)}, got {_quoted(has)}")
    return "; ".join(found)


def _has(rule: Rule, name: str, value: Any) -> Any:
    """What a match has by the name of a function, in the form in which tests say it."""
    if name == "severity":
        return (rule.severity if value is None else Severity(value)).name
    if name == "title":
        return (rule.title or rule.id) if value is None else value
    if name == "dedup":
        return value or default_dedup(rule.id)
    if name == "destinations":
        named = rule.destinations or None if value is None else value
        return None if named is None else tuple(sorted(named))
    return {} if value is None else json.loads(value)


def _quoted(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "nowhere"
    return "the default ones" if value is None else f'"{value}"'


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
    if name in ("dedup", "severity"):
        value = _has(rule, name, value)
    elif name == "destinations":
        value = _quoted(value)
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


def _time_of(event: Mapping[str, Any]) -> Micros:
    """The time in hand: the event's, so that a test means the same on any day; else the clock's."""
    written = event.get("p_event_time")
    instant = parse(written) if isinstance(written, str) else None
    return Micros(time.time_ns() // 1_000) if instant is None else instant
