"""How test results look: lines for a person, rows with fixed keys for a program."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from trailcam.app.test import Report, RuleReport
from trailcam.cli.output import printable
from trailcam.rules.inline_tests import FunctionResult, TestResult
from trailcam.rules.remarks import remarks_on

_MOST_LINES = 4
"""A value is cut after this many lines, unless everything is wanted."""

_LEAST_WIDTH = 40
_INDENT = " " * 8


def rows(report: Report) -> list[dict[str, Any]]:
    """One test a row. What could not be loaded, a rule or a file with a mistake, is one row without a test.
    So is a remark on a rule, which has passed.

    Keys: rule_id, test, passed, expected, reason, path, line, functions: {name: {output, error, raised_at}}.
    """
    if not report.rules:
        return [
            _untested(None, problem.message, printable(problem.path) if problem.path else None, problem.line)
            for problem in report.problems
        ]
    found: list[dict[str, Any]] = []
    for rule in report.rules:
        path = printable(rule.rule.metadata_path)
        if rule.not_loaded:
            found.append(_untested(rule.rule.id, rule.not_loaded, path, None))
        if rule.lacks:
            found.append(_untested(rule.rule.id, rule.lacks, path, None))
        found += [
            _untested(rule.rule.id, it.remark(), path, it.line) | {"passed": True}
            for it in remarks_on([rule.rule])
        ]
        found += [
            {
                "rule_id": result.rule_id,
                "test": result.name,
                "passed": result.passed,
                "expected": result.expected,
                "reason": result.reason or None,
                "path": path,
                "line": result.line or None,
                "functions": {
                    function.name: {
                        "output": function.output,
                        "error": function.error,
                        "raised_at": function.raised_at or None,
                    }
                    for function in result.functions
                },
            }
            for result in rule.results
        ]
    return found


def _untested(rule_id: str | None, reason: str, path: str | None, line: int | None) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "test": None,
        "passed": False,
        "expected": None,
        "reason": reason,
        "path": path,
        "line": line or None,
        "functions": {},
    }


def lines(
    report: RuleReport, *, verbose: bool, again: Callable[[RuleReport, str], str] = lambda _rule, _test: ""
) -> Iterator[str]:
    """A rule and its tests, as wide as the terminal; what functions gave is shown of tests that failed.

    `verbose` shows it of all tests, and in full. `again` gives the command that runs one test again.
    """
    if report.not_loaded:
        yield f"{report.rule.id}: not loaded"
        return
    if report.lacks:
        yield from _folded(f"{report.rule.id}: ", report.lacks)
    elif not report.results:
        yield f"{report.rule.id}: no tests"
        return
    else:
        yield report.rule.id
    for result in report.results:
        yield from _folded(f"  {'PASS' if result.passed else 'FAIL'}  ", result.name)
        if not result.passed:
            yield from _folded(_INDENT, result.reason, most=None if verbose else _MOST_LINES)
            yield f"{_INDENT}--> {place(report, result)}"
        if verbose or not result.passed:
            for function in result.functions:
                yield from _function(function, verbose=verbose)
        if not result.passed:
            if result.event:
                yield from _folded(f"{_INDENT}event: ", result.event, most=None if verbose else _MOST_LINES)
            if command := again(report, result.name):
                yield f"{_INDENT}again: {printable(command)}"


def place(report: RuleReport, result: TestResult) -> str:
    """Where a test stands: `file:line`."""
    path = printable(report.rule.metadata_path)
    return f"{path}:{result.line}" if result.line else path


def _function(function: FunctionResult, *, verbose: bool) -> Iterator[str]:
    most = None if verbose else _MOST_LINES
    if function.error is None:
        yield from _folded(f"{_INDENT}{function.name}: ", function.output or "", most=most)
        return
    yield from _folded(f"{_INDENT}{function.name}: failed: ", function.error, most=most)
    if function.raised_at:
        yield f"{_INDENT}  --> {printable(function.raised_at)}"
        yield from _folded(f"{_INDENT}  |   ", function.code, most=1)


def _folded(label: str, text: str, *, most: int | None = None) -> Iterator[str]:
    """A label and a text that goes on below it, cut after `most` lines with a note of what is missing."""
    width = max(shutil.get_terminal_size().columns, _LEAST_WIDTH)
    clean = printable(text)
    first = max(width - len(label), _LEAST_WIDTH // 2)
    indent = " " * min(len(label), len(_INDENT) + 2)
    pieces = [clean[:first], *_cut(clean[first:], width - len(indent))]
    kept = pieces if most is None else pieces[:most]
    yield f"{label}{kept[0]}".rstrip()
    for piece in kept[1:]:
        yield f"{indent}{piece}"
    missing = sum(map(len, pieces[len(kept) :]))
    if missing:
        yield f"{indent}... {missing:,} more characters; -v shows them"


def _cut(text: str, width: int) -> Iterable[str]:
    return (text[start : start + width] for start in range(0, len(text), width))
