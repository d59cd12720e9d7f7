"""How test results look in a terminal and in JSON."""

from pathlib import Path
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.app.test import Report, RuleReport
from trailcam.cli.test_results import lines, rows
from trailcam.model.rule import Remark
from trailcam.rules.inline_tests import FunctionResult, TestResult


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def report(*results: TestResult, **fields: Any) -> RuleReport:
    return RuleReport(
        rule=make_rule("The.Rule", "", metadata_path=Path("rules/the.yml")), results=results, **fields
    )


def result(name: str = "a test", reason: str = "", *functions: FunctionResult, line: int = 0) -> TestResult:
    return TestResult(
        rule_id="The.Rule", name=name, expected=True, reason=reason, functions=functions, line=line
    )


def shown(*results: TestResult, verbose: bool = False) -> list[str]:
    return list(lines(report(*results), verbose=verbose))


def gave(name: str, output: str) -> FunctionResult:
    return FunctionResult(name=name, output=output)


def test_a_test_that_passed_is_a_line() -> None:
    assert shown(result("one"), result("two")) == ["The.Rule", "  PASS  one", "  PASS  two"]


def test_a_rule_without_tests_and_one_that_was_not_loaded_are_a_line() -> None:
    assert shown() == ["The.Rule: no tests"]
    assert list(lines(report(not_loaded="why"), verbose=True)) == ["The.Rule: not loaded"]


def test_a_test_that_failed_shows_why_where_and_what_functions_gave() -> None:
    functions = (
        gave("rule", "True"),
        FunctionResult(
            name="title", error="KeyError: 'x'", raised_at="rules/the.py:6 in inner", code="event['x']"
        ),
        FunctionResult(name="severity", error="must return a str; it returned int"),
    )
    assert shown(result("one", "title() and severity() failed", *functions, line=12)) == [
        "The.Rule",
        "  FAIL  one",
        "        title() and severity() failed",
        "        --> rules/the.yml:12",
        "        rule: True",
        "        title: failed: KeyError: 'x'",
        "          --> rules/the.py:6 in inner",
        "          |   event['x']",
        "        severity: failed: must return a str; it returned int",
    ]


def test_verbose_shows_what_functions_gave_of_tests_that_passed_too() -> None:
    assert shown(result("one", "", gave("rule", "True")), verbose=True)[-1] == "        rule: True"


def test_a_long_value_is_folded_at_the_width_of_the_terminal_and_cut_with_a_note() -> None:
    value = "".join(chr(ord("a") + n % 26) for n in range(1000))
    told = shown(result("one", "why", gave("rule", "True"), gave("alert_context", value)))
    assert max(map(len, told)) == 80
    at = next(n for n, line in enumerate(told) if "alert_context" in line)
    pieces = [
        told[at].removeprefix("        alert_context: "),
        *(line[10:] for line in told[at + 1 : at + 4]),
    ]
    assert value.startswith("".join(pieces))
    missing = len(value) - sum(map(len, pieces))
    assert told[at + 4 :] == [f"          ... {missing:,} more characters; -v shows them"]


def test_verbose_cuts_nothing() -> None:
    value = "x" * 5000
    told = shown(result("one", "why", gave("title", value)), verbose=True)
    assert "".join(told).count("x") == 5000
    assert not any("more characters" in line for line in told)


def test_a_value_of_exactly_the_width_is_one_line() -> None:
    label = len("        title: ")
    assert len(shown(result("a", "why", gave("title", "x" * (80 - label))))) == 5
    assert len(shown(result("a", "why", gave("title", "x" * (81 - label))))) == 6


def test_a_long_name_and_a_long_reason_are_folded() -> None:
    told = shown(result("q" * 200, "z" * 200))
    assert max(map(len, told)) <= 80
    assert ("".join(told).count("q"), "".join(told).count("z")) == (200, 200)


def test_a_narrow_terminal_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    assert shown(result("one", "why", gave("title", "x" * 100)), verbose=True)


def test_control_characters_do_not_reach_the_terminal() -> None:
    hostile = "\x1b[31mred\x07\r\n\u202e\ud800"
    functions = (
        gave("title", hostile),
        FunctionResult(name="dedup", error=hostile, raised_at=hostile, code=hostile),
    )
    for line in shown(result(hostile, hostile, *functions)):
        assert line.isprintable(), line


def test_a_row_has_its_fixed_keys() -> None:
    functions = (
        gave("rule", "True"),
        FunctionResult(name="title", error="KeyError: 'x'", raised_at="the.py:6 in title", code="x"),
    )
    results = (result("one", "why", *functions, line=3), result("two"))
    assert rows(Report(rules=(report(*results), report()))) == [
        {
            "rule_id": "The.Rule",
            "test": "one",
            "passed": False,
            "expected": True,
            "reason": "why",
            "path": "rules/the.yml",
            "line": 3,
            "functions": {
                "rule": {"output": "True", "error": None, "raised_at": None},
                "title": {"output": None, "error": "KeyError: 'x'", "raised_at": "the.py:6 in title"},
            },
        },
        {
            "rule_id": "The.Rule",
            "test": "two",
            "passed": True,
            "expected": True,
            "reason": None,
            "path": "rules/the.yml",
            "line": None,
            "functions": {},
        },
    ]


def test_a_rule_that_was_not_loaded_is_a_row_with_the_same_keys() -> None:
    (row,) = rows(Report(rules=(report(not_loaded="why"),)))
    (other,) = rows(Report(rules=(report(result()),)))
    assert list(row) == list(other)
    assert (row["rule_id"], row["test"], row["passed"], row["reason"]) == ("The.Rule", None, False, "why")


def test_a_remark_on_a_rule_is_a_row_without_a_test_that_has_passed() -> None:
    remark = Remark(code="TC0223", message="1 is a number", hint="quote it", line=4)
    rule = make_rule("The.Rule", "", metadata_path=Path("rules/the.yml"), remarks=(remark,))
    first, second = rows(Report(rules=(RuleReport(rule=rule, results=(result(),)),)))
    assert first == {
        "rule_id": "The.Rule",
        "test": None,
        "passed": True,
        "expected": None,
        "reason": "remark[TC0223]: rules/the.yml:4: 1 is a number; quote it",
        "path": "rules/the.yml",
        "line": 4,
        "functions": {},
    }
    assert second["test"] == "a test"
